"""Values as the systems print them.

Each takes any message whatsoever, for what is stored must be printable by every way out. What is
no time has no text: it prints as null. `check_printable` keeps such values from being stored, so
only a log of an older version may hold one.
"""

from __future__ import annotations

import base64
import functools
from datetime import datetime, timedelta

from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp

ZERO_TIME = "0001-01-01T00:00:00Z"
"""How Go prints a time that was never set."""

NANOS_PER_S = 1_000_000_000
MIN_TIME_S = -62135596800  # 0001-01-01T00:00:00Z, Go's zero time
MAX_TIME_S = 253402300799  # 9999-12-31T23:59:59Z
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - without a zone, isoformat prints none


def is_time(value: Timestamp) -> bool:
    """Say whether a message is a time of the years 1 to 9999, as proto3 JSON has it."""
    return MIN_TIME_S <= value.seconds <= MAX_TIME_S and 0 <= value.nanos < NANOS_PER_S


def base64_text(value: bytes) -> str:
    """Return standard, padded base64."""
    return base64.b64encode(value).decode("ascii")


def nanoseconds(value: Duration) -> int:
    """Return a span as Go counts it, in nanoseconds."""
    return value.seconds * NANOS_PER_S + value.nanos


def time_text(value: Timestamp) -> str | None:
    """Return RFC 3339 in UTC with 0 to 9 digits of a second, as Go's RFC3339Nano prints it.

    None for what is no time.
    """
    if not is_time(value):
        return None
    nanos = value.nanos
    if not nanos:
        return _seconds(value) + "Z"
    return f"{_seconds(value)}.{nanos:09d}".rstrip("0") + "Z"


def time_text_seconds(value: Timestamp) -> str | None:
    """Return RFC 3339 in UTC with whole seconds, None for what is no time."""
    if not is_time(value):
        return None
    return _seconds(value) + "Z"


def time_text_micros(value: Timestamp) -> str | None:
    """Return RFC 3339 in UTC with the shortest of 0, 3 or 6 digits that loses no microsecond.

    None for what is no time.
    """
    if not is_time(value):
        return None
    micros = value.nanos // 1000
    if not micros:
        return _seconds(value) + "Z"
    digits = f"{micros:06d}" if micros % 1000 else f"{micros // 1000:03d}"
    return f"{_seconds(value)}.{digits}Z"


def _seconds(value: Timestamp) -> str:
    minutes, seconds = divmod(value.seconds, 60)
    return f"{_minute(minutes)}{seconds:02d}"


@functools.lru_cache(1024)  # the times of a cluster's events lie close together
def _minute(minutes: int) -> str:
    # Sums, not datetime.fromtimestamp, which refuses early years on some platforms.
    return (_EPOCH + timedelta(minutes=minutes)).isoformat()[:-2]
