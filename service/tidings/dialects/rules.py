"""Rules that hold for every system: one system a draft, times, numbers of enums, keys, JSON."""

from __future__ import annotations

from collections.abc import Sequence

from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import DecodeError, Message
from google.protobuf.timestamp_pb2 import Timestamp

from tidings.core import record as core
from tidings.core.errors import BadRequest
from tidings.core.limits import MAX_RECORD_EVENTS
from tidings.dialects.density import check_density
from tidings.v1 import event_pb2, json_runtime

MAX_KEY_BYTES = 512
MAX_COPIES = 32
MAX_LOG_ID_BYTES = 64

NANOS_PER_SECOND = 1_000_000_000
_PUBLISHER_TAG = b"\x22"  # EventRecord.publisher, field 4, length-delimited
_EVENT_TAG = b"\x1a"  # EventRecord.events, field 3, length-delimited
_LONGEST_VARINT = 5  # of a length
_LONG_FRAME = 3  # a tag, and a length of two bytes
_FIRST_SECOND, _LAST_SECOND = -62_135_596_800, 253_402_300_799
"""Years 1 to 9999, the range of google.protobuf.Timestamp."""
_MAX_SPAN_S = 315_576_000_000
"""Some 10,000 years, the range of google.protobuf.Duration."""

OWN_SOURCE = "tidings"
"""Of the events that Tidings makes; only management may publish as it."""


def system_field(draft: event_pb2.Draft) -> str:
    """Return the name of the `Event.body` member that all events of the draft share.

    Raises:
        BadRequest: there is no event, or too many, one says nothing, or there are two systems.
    """
    if not draft.events:
        raise BadRequest("events", "a record holds at least one event")
    if len(draft.events) > MAX_RECORD_EVENTS:  # before anything looks at each of them
        raise BadRequest("events", f"a record holds at most {MAX_RECORD_EVENTS} events")
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


def check_duration(span: Duration, path: str) -> None:
    """Refuse a duration that proto3 JSON has no form for.

    Raises:
        BadRequest: it is out of range, or its parts have no common sign.
    """
    if not -_MAX_SPAN_S <= span.seconds <= _MAX_SPAN_S:
        raise BadRequest(path, "lies outside of -315576000000 to 315576000000 seconds")
    if not -NANOS_PER_SECOND < span.nanos < NANOS_PER_SECOND:
        raise BadRequest(path, "nanos must be -999999999 to 999999999")
    if span.seconds * span.nanos < 0:
        raise BadRequest(path, "seconds and nanos must have the same sign")


def check_enums(request: Message) -> None:
    """Refuse a number that no value of its enum has: what was meant by it cannot be done.

    Looks at the request's own fields.

    Raises:
        BadRequest: which field.
    """
    for field, value in request.ListFields():
        if field.enum_type is None:
            continue
        known = field.enum_type.values_by_number
        for place, number in enumerate(value if field.is_repeated else [value]):
            if number not in known:
                path = f"{field.name}[{place}]" if field.is_repeated else field.name
                raise BadRequest(path, f"not a value of {field.enum_type.full_name}")


def timestamp(time_us: int) -> Timestamp:
    """Return microseconds since 1970 as a message."""
    seconds, micros = divmod(time_us, 1_000_000)
    return Timestamp(seconds=seconds, nanos=micros * 1000)


def microseconds(time: Timestamp) -> int:
    """Return microseconds since 1970, the rest of the nanoseconds cut off."""
    return int(time.seconds * 1_000_000 + time.nanos // 1000)


def check_object(text: bytes, path: str) -> None:
    """Refuse what is not the text of a JSON object, or holds too much for its length.

    Raises:
        BadRequest: which of the two.
    """
    check_density(text, path)
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


def check_copied_from(log_ids: Sequence[str], path: str) -> None:
    """Refuse what cannot name the logs that an event was copied from.

    Raises:
        BadRequest: a log's id that is empty or too long, or too many of them.
    """
    if len(log_ids) > MAX_COPIES:
        raise BadRequest(path, f"{len(log_ids)} logs, at most {MAX_COPIES} are allowed")
    for number, log_id in enumerate(log_ids):
        if not 0 < len(log_id.encode()) <= MAX_LOG_ID_BYTES:
            raise BadRequest(f"{path}[{number}]", f"must have 1 to {MAX_LOG_ID_BYTES} bytes")


def split_publisher(body: bytes) -> tuple[bytes, bytes]:
    """Return a stored body in two: who published it, perhaps empty, and the events.

    It stands in front of them, so that it can be taken away without parsing them.
    """
    ends_at = _end_of_publisher(body)
    return body[:ends_at], body[ends_at:]


def holds_one_event(body: bytes) -> bool:
    """Say whether a stored body, which is not parsed, has one event."""
    place = _end_of_publisher(body)
    if body[place : place + 1] != _EVENT_TAG:
        return False
    size_bytes = shift = 0
    for byte in body[place + 1 : place + 1 + _LONGEST_VARINT]:
        size_bytes |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            break
    return place + 1 + shift // 7 + size_bytes == len(body)


def _end_of_publisher(body: bytes) -> int:
    if body[:1] != _PUBLISHER_TAG or len(body) <= _LONG_FRAME:
        return 0
    size_bytes, begins_at = body[1], _LONG_FRAME - 1
    if size_bytes & 0x80:  # of two bytes; nobody's name has 16 KiB
        size_bytes, begins_at = size_bytes & 0x7F | body[2] << 7, _LONG_FRAME
    return begins_at + size_bytes


def events_of(record: core.Record) -> Sequence[event_pb2.Event]:
    """Return the events of a stored record; none when it is damaged."""
    try:
        return event_pb2.EventRecord.FromString(record.body).events
    except DecodeError:
        return ()
