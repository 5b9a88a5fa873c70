"""How Go reads queries, numbers, durations and paths, for the doors of systems written in Go.

Values of queries are `str` that may hold surrogate escapes: Go's strings are bytes, so a value need
not be UTF-8. `as_text` makes one fit for a message.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import unquote_to_bytes

_BAD_ESCAPE = re.compile(rb"%(?![0-9A-Fa-f]{2})")
_INTEGER = re.compile(r"[+-]?[0-9]+", re.ASCII)
_DIGITS = re.compile(r"[0-9]+", re.ASCII)
_DURATION = re.compile(r"([0-9]*)(?:\.([0-9]*))?(ns|us|µs|μs|ms|s|m|h)", re.ASCII)
_UNIT_NS = {
    "ns": 1,
    "us": 1_000,
    "µs": 1_000,
    "μs": 1_000,
    "ms": 1_000_000,
    "s": 1_000_000_000,
    "m": 60_000_000_000,
    "h": 3_600_000_000_000,
}
_MAX_INT64 = 2**63 - 1
_MAX_UINT64 = 2**64 - 1
# More than 2**64 has, and fewer than int() refuses to read (4300); leading zeros are allowed.
_MAX_DIGITS = 4000
_TRUE = frozenset({"1", "t", "T", "TRUE", "true", "True"})
_FALSE = frozenset({"0", "f", "F", "FALSE", "false", "False"})
_QUOTED = {
    "\a": r"\a",
    "\b": r"\b",
    "\f": r"\f",
    "\n": r"\n",
    "\r": r"\r",
    "\t": r"\t",
    "\v": r"\v",
    "\\": r"\\",
    '"': r"\"",
}


class BadQuery(ValueError):
    """A query that Go's `url.ParseQuery` refuses: a bad escape or a semicolon."""


class Query:
    """The parameters of a query: the first value of a name counts, as in Go's `url.Values.Get`."""

    def __init__(self, pairs: list[tuple[str, str]]) -> None:
        self._values: dict[str, list[str]] = {}
        for name, value in pairs:
            self._values.setdefault(name, []).append(value)

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def first(self, name: str) -> str:
        """Return the first value of a parameter, "" when it is absent."""
        return self._values[name][0] if name in self._values else ""

    def all(self, name: str) -> list[str]:
        """Return every value of a parameter, in order."""
        return self._values.get(name, [])


def parse_query_leniently(raw: bytes) -> Query:
    """Return the parameters of a raw query; a pair that cannot be read is dropped silently.

    Source: Go 1.22 net/url, `URL.Query`, which drops the error of `ParseQuery`.
    """
    return Query([pair for pair in _pairs(raw) if pair is not None])


def parse_query_strictly(raw: bytes) -> Query:
    """Return the parameters of a raw query.

    Raises:
        BadQuery: a bad percent escape, or a semicolon anywhere.

    Source: Go 1.22 net/url, `ParseQuery`.
    """
    pairs = list(_pairs(raw))
    if None in pairs:
        raise BadQuery
    return Query([pair for pair in pairs if pair is not None])


def _pairs(raw: bytes) -> Iterator[tuple[str, str] | None]:
    for part in raw.split(b"&"):
        if not part:
            continue
        name, _, value = part.partition(b"=")
        if b";" in part or _BAD_ESCAPE.search(part):
            yield None
        else:
            yield _unescape(name), _unescape(value)


def _unescape(raw: bytes) -> str:
    return unquote_to_bytes(raw.replace(b"+", b" ")).decode("utf-8", "surrogateescape")


def as_text(value: str) -> str:
    """Return a value with every byte that is no UTF-8 replaced, as Go's JSON encoder would."""
    return value.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def is_utf8(value: str) -> bool:
    """Say whether a value is text."""
    return not any("\udc80" <= char <= "\udcff" for char in value)


def quote(value: str) -> str:
    """Return a value in Go's double quotes.

    Source: Go 1.22 strconv, `Quote`.
    """
    return '"' + "".join(_quoted(char) for char in value) + '"'


def _quoted(char: str) -> str:
    code = ord(char)
    if char in _QUOTED:
        return _QUOTED[char]
    if 0xDC80 <= code <= 0xDCFF:
        return f"\\x{code - 0xDC00:02x}"  # a byte that is no UTF-8
    if char.isprintable():
        return char
    if code < 0x80:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def parse_int(text: str) -> int | str:
    """Return a signed 64-bit integer, or why it is none: the end of `strconv.Atoi`'s error.

    Source: Go 1.22 strconv, `Atoi`: a sign, decimal digits, nothing else.
    """
    if not _INTEGER.fullmatch(text):
        return "invalid syntax"
    digits = text.lstrip("+-").lstrip("0") or "0"
    value = int(digits) if len(digits) <= _MAX_DIGITS else _MAX_UINT64
    if text.startswith("-"):
        value = -value
    return value if -_MAX_INT64 - 1 <= value <= _MAX_INT64 else "value out of range"


def parse_uint(text: str) -> int | None:
    """Return an unsigned 64-bit integer, None when it is none: digits only, no sign.

    Source: Go 1.22 strconv, `ParseUint(s, 10, 64)`.
    """
    if not _DIGITS.fullmatch(text):
        return None
    digits = text.lstrip("0") or "0"
    value = int(digits) if len(digits) <= _MAX_DIGITS else _MAX_UINT64 + 1
    return value if value <= _MAX_UINT64 else None


def parse_bool(text: str) -> bool | None:
    """Return a truth value, None when it is none.

    Source: Go 1.22 strconv, `ParseBool`.
    """
    if text in _TRUE:
        return True
    return False if text in _FALSE else None


def parse_duration(text: str) -> int | None:
    """Return nanoseconds, None when the text is no duration or does not fit into 64 bits.

    Source: Go 1.22 time, `ParseDuration`: "1h30m", "-1.5s", ".5s", "0"; no days, no bare numbers.
    """
    sign = -1 if text.startswith("-") else 1
    rest = text[1:] if text[:1] in ("+", "-") else text
    if rest == "0":
        return 0
    if not rest:
        return None
    total = 0
    while rest:
        part = _DURATION.match(rest)
        if part is None or not (part[1] or part[2]):
            return None
        unit_ns = _UNIT_NS[part[3]]
        fraction = part[2] or ""
        if len(part[1]) + len(fraction) > _MAX_DIGITS:
            return None
        total += int(part[1] or "0") * unit_ns
        total += int(fraction or "0") * unit_ns // 10 ** len(fraction)
        if total > _MAX_INT64 + (sign < 0):
            return None
        rest = rest[part.end() :]
    return sign * total


def clean_path(path: bytes) -> bytes:
    """Return a decoded path without "//", "/./" and "/../"; a final slash stays.

    Source: Go 1.22 net/http, `cleanPath` of ServeMux.
    """
    parts: list[bytes] = []
    for part in path.split(b"/"):
        if part == b"..":
            del parts[-1:]
        elif part not in (b"", b"."):
            parts.append(part)
    cleaned = b"/" + b"/".join(parts)
    return cleaned + b"/" if path.endswith(b"/") and cleaned != b"/" else cleaned


def is_printable(path: bytes) -> bool:
    """Say whether Go calls every character of a decoded path printable.

    Source: Go 1.22 unicode, `IsPrint`: letters, marks, numbers, punctuation, symbols and the ASCII
    space; what is no UTF-8 reads as U+FFFD, a symbol.
    """
    return path.decode("utf-8", "replace").isprintable()
