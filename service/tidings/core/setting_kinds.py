"""Settings as rows of a table, and their kinds: how a value is written, wherever it comes from.

Flag, environment variable, TOML key and help text of a setting are made from its row.
"""

from __future__ import annotations

import dataclasses
import ipaddress
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_DURATION_UNITS_S = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_SIZE_UNITS_BYTES = {"B": 1, "KiB": 1024, "MiB": 1024**2, "GiB": 1024**3}
# An age from which the arithmetic on times in microseconds, 64 bits, is still far.
_LONGEST_S = 100 * 365 * 86_400.0
_LARGEST_COUNT = 10**12
_UNLIMITED = "unlimited"
_TRUE, _FALSE = frozenset({"true", "yes", "on", "1"}), frozenset({"false", "no", "off", "0"})


@dataclass(frozen=True, slots=True)
class Address:
    """Where to listen: a host and a port; port 0 = any free one."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def is_loopback(self) -> bool:
        """Return whether only this machine can reach it; of host names only localhost is known."""
        if self.host.lower() == "localhost":
            return True
        try:
            address = ipaddress.ip_address(self.host)
        except ValueError:
            return False
        return (getattr(address, "ipv4_mapped", None) or address).is_loopback


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of value: its placeholder in help texts, and text to value (`ValueError`) and back.

    No kind accepts a number without its unit, and none accepts 0 where 0 would mean "nothing
    at all": a typing error must not delete data, use all CPU or lock anybody out.
    """

    placeholder: str
    parse: Callable[[str], object]
    show: Callable[[object], str] = str
    bare: bool = False  # numbers and booleans of TOML, which stand there without quotes


def setting(kind: Kind, default: Any, about: str, section: str = "") -> Any:  # noqa: ANN401 - as field()
    """Return the field of a dataclass that operators set.

    `about` is its help text, `section` its table in a TOML file; "" = the top level.
    """
    return dataclasses.field(
        default=default, metadata={"kind": kind, "about": about, "section": section}
    )


def parse_address(text: str) -> Address:
    """Return the address that a text means; without a host it is this machine's.

    Raises:
        ValueError: it is none.
    """
    host, colon, port = text.rpartition(":")
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    elif ":" in host:
        raise ValueError("expected an IPv6 host in brackets, [::1]:4650")
    if not colon or not port.isascii() or not port.isdigit() or int(port) > 65535:
        raise ValueError("expected HOST:PORT with a port from 0 to 65535")
    return Address(host or "127.0.0.1", int(port))


def _address_or_none(text: str) -> Address | None:
    return parse_address(text) if text else None


def _show_address_or_none(value: object) -> str:
    return "" if value is None else str(value)


def _duration(text: str, least_s: float = 0.001) -> float:
    found = re.fullmatch(r"(\d{1,12}(?:\.\d{1,12})?)(ms|s|m|h|d)?", text, re.ASCII)
    if found is None:
        raise ValueError("expected a duration such as 500ms, 30s, 5m, 24h or 30d")
    if found[2] is None:
        raise ValueError("expected a unit after the number: ms, s, m, h or d")
    seconds = float(found[1]) * _DURATION_UNITS_S[found[2]]
    if not least_s <= seconds <= _LONGEST_S:
        raise ValueError(f"expected at least {_show_duration(least_s)} and at most 36500d")
    return seconds


def _size(text: str) -> int:
    found = re.fullmatch(r"(\d{1,15})\s*(B|KiB|MiB|GiB)?", text, re.ASCII)
    if found is None:
        raise ValueError("expected a size such as 65536B, 64KiB or 16MiB")
    if found[2] is None:
        raise ValueError("expected a unit after the number: B, KiB, MiB or GiB")
    if not int(found[1]):
        raise ValueError("expected a size of at least 1B")
    return int(found[1]) * _SIZE_UNITS_BYTES[found[2]]


def _count(text: str, least: int, most: int) -> int:
    if not text.isascii() or not text.isdigit():
        raise ValueError(f"expected a whole number from {least} up")
    if len(text) > len(str(_LARGEST_COUNT)) or not least <= int(text) <= most:
        raise ValueError(f"expected a whole number from {least} to {most}")
    return int(text)


def duration_from(least_s: float) -> Kind:
    """Return the kind of durations that are no shorter than this."""
    return Kind("DURATION", lambda text: _duration(text, least_s), _show_duration)


def count_from(least: int, most: int = _LARGEST_COUNT) -> Kind:
    """Return the kind of whole numbers in these bounds, both inclusive."""
    return Kind("N", lambda text: _count(text, least, most), bare=True)


def not_empty(kind: Kind) -> Kind:
    """Return a kind without the empty text, which a variable of a script leaves that is not set."""

    def parse(text: str) -> object:
        if not text:
            raise ValueError("expected a value, and it is empty")
        return kind.parse(text)

    return dataclasses.replace(kind, parse=parse)


def or_unlimited(kind: Kind) -> Kind:
    """Return a kind that has one more value, None, written "unlimited"."""

    def parse(text: str) -> object:
        if text == _UNLIMITED:
            return None
        try:
            return kind.parse(text)
        except ValueError as error:
            raise ValueError(f"{error}, or the word {_UNLIMITED}") from None

    def show(value: object) -> str:
        return _UNLIMITED if value is None else kind.show(value)

    return Kind(f"{kind.placeholder}|{_UNLIMITED}", parse, show, bare=kind.bare)


def list_of(entry: str, expected: str) -> Kind:
    """Return the kind of lists, written with commas, whose entries match a regular expression."""

    def parse(text: str) -> tuple[str, ...]:
        entries = _entries(text)
        if not all(re.fullmatch(entry, each) for each in entries):
            raise ValueError(f"expected {expected}, several with commas between them")
        return entries

    return Kind("LIST", parse, _show_list)


def _networks(text: str) -> tuple[str, ...]:
    entries = _entries(text)
    try:
        for each in entries:
            ipaddress.ip_network(each, strict=False)
    except ValueError:
        raise ValueError(
            "expected an address or network such as 10.0.0.0/8, several with commas between them"
        ) from None
    return entries


def _entries(text: str) -> tuple[str, ...]:
    return tuple(filter(None, (entry.strip() for entry in text.split(","))))


def _show_list(value: object) -> str:
    assert isinstance(value, tuple)
    return ",".join(value)


def _switch(text: str) -> bool:
    if text.lower() in _TRUE:
        return True
    if text.lower() in _FALSE:
        return False
    raise ValueError("expected true or false")


def choice(*values: str) -> Kind:
    """Return the kind whose values are these words."""

    def parse(text: str) -> str:
        if text not in values:
            raise ValueError(f"expected one of {', '.join(values)}")
        return text

    return Kind("|".join(values), parse)


def _show_duration(value: object) -> str:
    seconds = float(str(value))
    for unit in ("d", "h", "m", "s"):
        if seconds and seconds % _DURATION_UNITS_S[unit] == 0:
            return f"{seconds / _DURATION_UNITS_S[unit]:.0f}{unit}"
    return f"{seconds:f}".rstrip("0").rstrip(".") + "s"


def _show_size(value: object) -> str:
    size_bytes = int(str(value))
    for unit in ("GiB", "MiB", "KiB"):
        if size_bytes % _SIZE_UNITS_BYTES[unit] == 0:
            return f"{size_bytes // _SIZE_UNITS_BYTES[unit]}{unit}"
    return f"{size_bytes}B"


def _size_or_older_rule(text: str) -> int | None:
    return None if text == "512" else _size(text)


def _show_size_or_older_rule(value: object) -> str:
    return "512" if value is None else _show_size(value)


_USER_INFO = re.compile(r"(?:(?<=//)|(?<=,))[^/@,]*@")


def _place(text: str) -> str:
    if _USER_INFO.search(text):
        raise ValueError("a user and password here would be seen by others; leave them out")
    return text


ADDRESS = Kind("HOST:PORT", parse_address)
OPTIONAL_ADDRESS = Kind("HOST:PORT", _address_or_none, _show_address_or_none)
COUNT = count_from(0)
DURATION = duration_from(0.001)
PATH = not_empty(Kind("PATH", Path))
SIZE = Kind("SIZE", _size, _show_size)
SWITCH = Kind("", _switch, lambda value: "true" if value else "false", bare=True)
SIZE_RULE = Kind("SIZE|512", _size_or_older_rule, _show_size_or_older_rule)
TEXT = Kind("TEXT", str)
PLACE = Kind("TEXT", _place)
ORIGINS = list_of(r"(https?://[^/\s?#@]+|null)", "an origin such as https://HOST:8080")
NETWORKS = Kind("LIST", _networks, _show_list)
HOSTS = list_of(r"(\*|\[?[^/\s?#@\]]+\]?)", "a name or address without a port")
