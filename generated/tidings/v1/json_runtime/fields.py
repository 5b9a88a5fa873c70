"""Values as the systems write them, turned into what a message's constructor takes.

These serve the fast way in (`reader`): what they cannot take without a loss they refuse, and the
slow way (`fit`) says what it is.
"""

from __future__ import annotations

import binascii
import contextlib
import re
from datetime import datetime
from typing import Any

from msgspec import Raw
from msgspec.structs import asdict

from tidings.v1.json_runtime.errors import JsonError
from tidings.v1.json_runtime.printing import (
    MAX_TIME_S,
    MIN_TIME_S,
    NANOS_PER_S,
    base64_text,
)

__all__ = [
    "Fields",
    "Raw",
    "asdict",
    "base64_bytes",
    "duration_fields",
    "duration_or_unset",
    "exact_float",
    "parse_time",
    "raw_bytes",
    "time_fields",
    "time_or_unset",
    "whole_seconds",
]

Fields = dict[str, Any]
"""Field name -> value, as the constructor of a message takes them; None = unset."""

NOT_A_TIME = "expected an RFC 3339 time"
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - the offset is taken off by hand
_RFC_3339 = re.compile(
    r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(?:\.(\d+))?(?:[Zz]|([+-])([01]\d|2[0-3]):([0-5]\d))",
    re.ASCII,
)


def parse_time(text: str) -> tuple[int, int, bool]:
    """Return Unix seconds, nanoseconds, and whether digits after the ninth were cut off.

    Takes RFC 3339 with any offset and any count of digits, in the years 1 to 9999 UTC.

    Raises:
        JsonError: it is no such time.
    """
    found = _RFC_3339.fullmatch(text)
    if found is None:
        raise JsonError("", NOT_A_TIME)
    digits, sign, hours, minutes = found.groups()
    try:
        span = datetime.fromisoformat(text[:19]) - _EPOCH
    except ValueError:
        raise JsonError("", "no such time") from None
    seconds = span.days * 86400 + span.seconds
    if sign is not None:
        offset_s = int(hours) * 3600 + int(minutes) * 60
        seconds += offset_s if sign == "-" else -offset_s
    if not MIN_TIME_S <= seconds <= MAX_TIME_S:
        raise JsonError("", "time out of range")
    if digits is None:
        return seconds, 0, False
    return seconds, int(digits[:9].ljust(9, "0")), bool(digits[9:].strip("0"))


def time_fields(text: str) -> Fields:
    """Return the Timestamp of a time.

    Raises:
        JsonError: it is no time, or too fine.
    """
    seconds, nanos, cut = parse_time(text)
    if cut:
        raise JsonError("", "finer than a nanosecond")
    return {"seconds": seconds, "nanos": nanos}


def time_or_unset(text: str) -> Fields | None:
    """Return the Timestamp of a time; unset for Go's zero time.

    Raises:
        JsonError: it is no time, or too fine.
    """
    fields = time_fields(text)
    return None if fields["seconds"] == MIN_TIME_S and not fields["nanos"] else fields


def whole_seconds(text: str) -> Fields | None:
    """Return the Timestamp of a time that has no part of a second; unset for Go's zero time.

    Raises:
        JsonError: it is no time, or has such a part.
    """
    fields = time_or_unset(text)
    if fields is not None and fields["nanos"]:
        raise JsonError("", "expected whole seconds")
    return fields


def duration_fields(nanoseconds: int) -> Fields:
    """Return the Duration of an int64 count of nanoseconds."""
    seconds, nanos = divmod(abs(nanoseconds), NANOS_PER_S)
    if nanoseconds < 0:
        return {"seconds": -seconds, "nanos": -nanos}
    return {"seconds": seconds, "nanos": nanos}


def duration_or_unset(nanoseconds: int) -> Fields | None:
    """Return the Duration of an int64 count of nanoseconds; unset for 0."""
    return duration_fields(nanoseconds) if nanoseconds else None


def exact_float(number: float) -> float:
    """Return a number as a double.

    Raises:
        JsonError: it is an integer that no double equals.
    """
    if type(number) is float:
        return number
    with contextlib.suppress(OverflowError):
        if int(float(number)) == number:
            return number
    raise JsonError("", "no double equals this integer")


def base64_bytes(text: str) -> bytes:
    """Return the bytes of standard, padded base64.

    Raises:
        ValueError: it is none, or its last letter has bits that belong to no byte.
    """
    value = binascii.a2b_base64(text, strict_mode=True)
    if base64_text(value) != text:
        raise JsonError("", "base64 with bits left over")
    return value


def raw_bytes(text: Raw) -> bytes:
    """Return the exact text of a member, empty for null and for an absent one."""
    exact = bytes(text)
    return b"" if exact == b"null" else exact
