"""Says what is wrong with one value's text. Each takes valid JSON without white space around it."""

from __future__ import annotations

import binascii
import re

import msgspec

from tidings.v1.json_runtime.errors import JsonError
from tidings.v1.json_runtime.fields import NOT_A_TIME, parse_time
from tidings.v1.json_runtime.printing import NANOS_PER_S, base64_text

_INTEGER = re.compile(rb"-?\d+")
_DIGITS_AFTER_NINTH = re.compile(r"(\.\d{9})\d+")
_GO_UNITS = {
    "ns": 1,
    "us": 1000,
    "\u00b5s": 1000,
    "\u03bcs": 1000,
    "ms": 1_000_000,
    "s": NANOS_PER_S,
    "m": 60 * NANOS_PER_S,
    "h": 3600 * NANOS_PER_S,
}
_GO_PART = rf"(\d{{1,19}})(?:\.(\d{{0,19}}))?({'|'.join(_GO_UNITS)})"
_GO_PARTS = re.compile(_GO_PART, re.ASCII)
_GO_DURATION = re.compile(rf"([+-]?)((?:{_GO_PART})+)", re.ASCII)


def check_string(text: bytes) -> str:
    """Return what is wrong with a string, or nothing."""
    return "" if text.startswith(b'"') else "expected a string"


def check_bool(text: bytes) -> str:
    """Return what is wrong with a truth value, or nothing."""
    return "" if text in (b"true", b"false") else "expected true or false"


def check_int64(text: bytes) -> str:
    """Return what is wrong with a signed integer, or nothing."""
    return _check_integer(text, -(2**63), 2**63 - 1)


def check_uint64(text: bytes) -> str:
    """Return what is wrong with an unsigned integer, or nothing."""
    return _check_integer(text, 0, 2**64 - 1)


def _check_integer(text: bytes, lowest: int, highest: int) -> str:
    if _INTEGER.fullmatch(text) is None:
        return "expected an integer"
    if not lowest <= int(text) <= highest:
        return f"integer out of range {lowest} to {highest}"
    return ""


def take_number(text: bytes) -> tuple[float, bool]:
    """Return the double that is nearest to a number, and whether it equals it.

    Raises:
        JsonError: it is no number, or beyond all doubles.
    """
    value = msgspec.json.decode(text)
    if type(value) is float:
        return value, True
    if type(value) is not int:
        raise JsonError("", "expected a number")
    try:
        nearest = float(value)
    except OverflowError:
        raise JsonError("", "number out of range") from None
    return nearest, int(nearest) == value


def take_base64(text: bytes) -> tuple[str, bool]:
    """Return standard base64 without bits that belong to no byte, and whether it had none of them.

    Raises:
        JsonError: it is none.
    """
    value = msgspec.json.decode(text)
    try:
        clean = base64_text(binascii.a2b_base64(value, strict_mode=True))
    except (TypeError, ValueError):
        raise JsonError("", "expected base64") from None
    if len(clean) != len(value):
        raise JsonError("", "expected base64")
    return clean, clean == value


def take_time(text: bytes) -> tuple[str, bool]:
    """Return a time of at most nine digits, and whether it had no more of them.

    Raises:
        JsonError: it is no RFC 3339 text.
    """
    value = msgspec.json.decode(text)
    if type(value) is not str:
        raise JsonError("", NOT_A_TIME)
    _, _, is_cut = parse_time(value)
    return _DIGITS_AFTER_NINTH.sub(r"\1", value), not is_cut


def take_whole_seconds(text: bytes) -> tuple[str, bool]:
    """Return a time without parts of a second.

    Raises:
        JsonError: it is no RFC 3339 text, or has such parts.
    """
    value, is_exact = take_time(text)
    if not is_exact or parse_time(value)[1]:
        raise JsonError("", "expected whole seconds")
    return value, True


def take_duration(text: bytes) -> tuple[int, bool]:
    """Return the nanoseconds of a span, and whether they were written as an integer.

    Raises:
        JsonError: it is neither an integer nor Go's spelling of a span, or out of range.
    """
    value = msgspec.json.decode(text)
    is_text = type(value) is str
    nanoseconds = _go_duration_ns(value) if is_text else value
    if type(nanoseconds) is not int:
        raise JsonError("", "expected an integer of nanoseconds")
    if reason := check_int64(b"%d" % nanoseconds):
        raise JsonError("", reason)
    return nanoseconds, not is_text


def _go_duration_ns(text: str) -> int | None:
    """Return the nanoseconds of Go's spelling of a span, None for other text.

    Source: Go time.ParseDuration.
    """
    if text == "0":
        return 0
    found = _GO_DURATION.fullmatch(text)
    if found is None:
        return None
    total = 0
    for whole, fraction, unit in _GO_PARTS.findall(found[2]):
        total += int(whole + fraction) * _GO_UNITS[unit] // 10 ** len(fraction)
    return -total if found[1] == "-" else total
