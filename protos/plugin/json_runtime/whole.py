"""Says whether parsing keeps all of a text."""

from __future__ import annotations

import json
from decimal import Decimal, InvalidOperation

import msgspec

from tidings.v1.json_runtime.text import dumps, loads


def parses_whole(text: bytes) -> bool:
    """Say whether a parsed value holds all that a JSON text says.

    It does not when a name is repeated in one object, an integer is written as -0, or a number has
    digits that its double does not keep.

    Raises:
        JsonError: it is not JSON (see `loads`).
    """
    # What prints as it was written was parsed whole: so it is with nearly all that Go writes.
    printed = dumps(loads(text))
    return printed == text or printed == msgspec.json.format(text, indent=-1) or _is_whole(text)


class _Changed(Exception):
    """Parsing changes something."""


def _is_whole(text: bytes) -> bool:
    try:
        json.loads(text, object_pairs_hook=_names, parse_int=_integer, parse_float=_double)
    except (_Changed, InvalidOperation):  # the latter: an exponent of more than 18 digits
        return False
    return True


def _names(members: list[tuple[str, object]]) -> None:
    if len({name for name, _ in members}) != len(members):
        raise _Changed


def _integer(text: str) -> None:
    if text == "-0":
        raise _Changed


def _double(text: str) -> None:
    if Decimal(text) != Decimal(repr(float(text))):
        raise _Changed
