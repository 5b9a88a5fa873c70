"""What is kept of single systems, as a setting: `nomad.size=10GiB,consul.age=7d`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from tidings.app.spelling import did_you_mean
from tidings.core.setting_kinds import DURATION, SIZE, Kind, count_from, or_unlimited
from tidings.v1.systems import SYSTEMS

AGE = or_unlimited(DURATION)
RECORDS = or_unlimited(count_from(1))
TOTAL_SIZE = or_unlimited(SIZE)
_KINDS: Mapping[str, Kind] = {"age": AGE, "records": RECORDS, "size": TOTAL_SIZE}


class Own(NamedTuple):
    """A bound that a system has of its own; None = it is unlimited."""

    system: str
    name: str
    value: object


Owns = tuple[Own, ...]


def entries_of(system: str, bounds: Mapping[str, object]) -> Iterable[str]:
    """Yield the entries that a table of a TOML file stands for, `[retention.SYSTEM]`."""
    for name, value in bounds.items():
        yield f"{system}.{name}={value}"


def _parse(text: str) -> Owns:
    found: dict[tuple[str, str], Own] = {}
    for entry in filter(None, (part.strip() for part in text.split(","))):
        place, equals, value = entry.partition("=")
        system, dot, name = place.strip().replace("-", "_").partition(".")
        if not equals or not dot:
            raise ValueError("expected entries such as nomad.size=10GiB with commas between them")
        if system not in SYSTEMS:
            raise ValueError(f"{system}: no such system{did_you_mean(system, SYSTEMS)}")
        if name not in _KINDS:
            raise ValueError(f"{system}.{name}: expected one of {', '.join(_KINDS)} of a system")
        if (system, name) in found:
            raise ValueError(f"{system}.{name}: is given twice")
        try:
            found[system, name] = Own(system, name, _KINDS[name].parse(value.strip()))
        except ValueError as error:
            raise ValueError(f"{system}.{name}: {error}") from None
    return tuple(found[place] for place in sorted(found))


def _show(value: object) -> str:
    assert isinstance(value, tuple)
    return ",".join(f"{own.system}.{own.name}={_KINDS[own.name].show(own.value)}" for own in value)


SYSTEMS_OWN = Kind("LIST", _parse, _show)
