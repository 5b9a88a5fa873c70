"""Rules that hold for every system: one system a draft, times, keys, JSON."""

from __future__ import annotations

from google.protobuf.timestamp_pb2 import Timestamp

from tidings.core.errors import BadRequest
from tidings.v1 import event_pb2, json_runtime

MAX_KEY_BYTES = 512

NANOS_PER_SECOND = 1_000_000_000
_FIRST_SECOND, _LAST_SECOND = -62_135_596_800, 253_402_300_799
"""Years 1 to 9999, the range of google.protobuf.Timestamp."""


def system_field(draft: event_pb2.Draft) -> str:
    """Return the name of the `Event.body` member that all events of the draft share.

    Raises:
        BadRequest: there is no event, one says nothing, or there are two systems.
    """
    if not draft.events:
        raise BadRequest("events", "a record holds at least one event")
    fields = [event.WhichOneof("body") for event in draft.events]
    first = fields[0]
    for place, field in enumerate(fields):
        if field is None:
            raise BadRequest(
                f"events[{place}]", "no body, or one of a system that is not known here"
            )
        if field != first:
            raise BadRequest(
                f"events[{place}]", f"a record holds events of one system: {first} or {field}"
            )
    assert first is not None
    return first


def check_time(time: Timestamp, path: str) -> None:
    """Refuse a time outside of the years 1 to 9999, or with a fraction of a second that is none.

    Raises:
        BadRequest: which of the two.
    """
    if not _FIRST_SECOND <= time.seconds <= _LAST_SECOND:
        raise BadRequest(path, "lies outside of the years 1 to 9999")
    if not 0 <= time.nanos < NANOS_PER_SECOND:
        raise BadRequest(path, "nanos must be 0 to 999999999")


def timestamp(time_us: int) -> Timestamp:
    """Return microseconds since 1970 as a message."""
    seconds, micros = divmod(time_us, 1_000_000)
    return Timestamp(seconds=seconds, nanos=micros * 1000)


def check_object(text: bytes, path: str) -> None:
    """Refuse what is not the text of a JSON object.

    Raises:
        BadRequest: it is not.
    """
    try:
        value = json_runtime.loads(text)
    except json_runtime.JsonError as error:
        raise BadRequest(path, str(error)) from error
    if type(value) is not dict:
        raise BadRequest(path, "must be a JSON object")


def check_key(key: str) -> None:
    """Refuse a key that is too long.

    Raises:
        BadRequest: it is.
    """
    size_bytes = len(key.encode())
    if size_bytes > MAX_KEY_BYTES:
        raise BadRequest("key", f"{size_bytes} bytes, at most {MAX_KEY_BYTES} are allowed")
