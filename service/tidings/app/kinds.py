"""Kinds of settings: how a value is written on a command line, in the environment and in TOML."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

_DURATION_UNITS_S = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_SIZE_UNITS_BYTES = {"B": 1, "KiB": 1024, "MiB": 1024**2, "GiB": 1024**3}
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
        """Say whether only this machine can reach it."""
        return self.host in {"localhost", "::1"} or self.host.startswith("127.")


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of value: its placeholder in help texts, and text to value (`ValueError`) and back."""

    placeholder: str
    parse: Callable[[str], object]
    show: Callable[[object], str] = str


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


def _duration(text: str) -> float:
    found = re.fullmatch(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)?", text)
    if found is None:
        raise ValueError("expected a duration such as 500ms, 30s, 5m, 24h or 30d")
    return float(found[1]) * _DURATION_UNITS_S[found[2] or "s"]


def _size(text: str) -> int:
    found = re.fullmatch(r"(\d+)\s*(B|KiB|MiB|GiB)?", text)
    if found is None:
        raise ValueError("expected a size such as 65536, 64KiB or 16MiB")
    return int(found[1]) * _SIZE_UNITS_BYTES[found[2] or "B"]


def _count(text: str) -> int:
    if not text.isascii() or not text.isdigit():
        raise ValueError("expected a whole number from 0 up")
    return int(text)


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
        if size_bytes and size_bytes % _SIZE_UNITS_BYTES[unit] == 0:
            return f"{size_bytes // _SIZE_UNITS_BYTES[unit]}{unit}"
    return str(size_bytes)


def _size_or_older_rule(text: str) -> int | None:
    return None if text == "512" else _size(text)


def _show_size_or_older_rule(value: object) -> str:
    return "512" if value is None else _show_size(value)


_USER_INFO = re.compile(r"(?:(?<=//)|(?<=,))[^/@,]*@")


def without_user_info(text: str) -> str:
    """Return a text whose URLs show no user and password."""
    return _USER_INFO.sub("…@", text)


def _place(text: str) -> str:
    if without_user_info(text) != text:
        raise ValueError("a user and password here would be seen by others; leave them out")
    return text


ADDRESS = Kind("HOST:PORT", parse_address)
OPTIONAL_ADDRESS = Kind("HOST:PORT", _address_or_none, _show_address_or_none)
COUNT = Kind("N", _count)
DURATION = Kind("DURATION", _duration, _show_duration)
PATH = Kind("PATH", Path)
SIZE = Kind("SIZE", _size, _show_size)
SWITCH = Kind("", _switch, lambda value: "true" if value else "false")
SIZE_RULE = Kind("SIZE|512", _size_or_older_rule, _show_size_or_older_rule)
TEXT = Kind("TEXT", str)
PLACE = Kind("TEXT", _place)
