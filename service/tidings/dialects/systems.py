"""The name of a system, and the contract's value for it."""

from __future__ import annotations

from tidings.v1.event_system_pb2 import EventSystem

_NAMES = {
    number: name.removeprefix("EVENT_SYSTEM_").lower()
    for name, number in EventSystem.items()
    if number
}
_NUMBERS = {name: number for number, name in _NAMES.items()}


def system_number(name: str) -> EventSystem.ValueType:
    """Return the contract's value for a system."""
    return _NUMBERS[name]


def system_name(number: EventSystem.ValueType) -> str:
    """Return a system's name: "" for none, and the number of one that only a newer Tidings has."""
    return _NAMES.get(number, str(number or ""))
