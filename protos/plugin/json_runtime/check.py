"""Says whether a message that somebody else made can be printed, and what it prints be read."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any, NamedTuple

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from tidings.v1 import json_options_pb2 as options
from tidings.v1.json_runtime.errors import JsonError
from tidings.v1.json_runtime.printing import MAX_TIME_S, MIN_TIME_S, NANOS_PER_S, nanoseconds
from tidings.v1.json_runtime.text import loads

_MAX_NANOSECONDS = 2**63  # Go's durations are int64, which is less than proto3 JSON allows


class _Risk(NamedTuple):
    """A field that may hold what has no JSON."""

    field: str
    check: Callable[[Any], None]
    is_map: bool
    is_list: bool


def check_printable(message: Message) -> None:
    """Refuse a message of a system that its `<message>_to_json` could not print, or not readably.

    That is: text that is no JSON in a field of such text, a time outside of the years 1 to 9999 or
    with a fraction of a second that is none, a duration beyond Go's or whose seconds and nanos have
    no common sign, a double that is not finite.

    Raises:
        JsonError: it is so; `path` leads there by names of fields ("node.events[0].timestamp").
    """
    risks = _risks(message.DESCRIPTOR)
    # what is set, not what could be: a payload has a dozen kinds of objects and holds one
    for field, value in message.ListFields():
        risk = risks.get(field.number)
        if risk is None:
            continue
        try:
            if risk.is_map:
                for name in value:
                    _check_item(risk, value[name], f".{name}")
            elif risk.is_list:
                for place, item in enumerate(value):
                    _check_item(risk, item, f"[{place}]")
            else:
                risk.check(value)
        except JsonError as error:
            raise error.inside(risk.field) from None


def may_lack_json(field: FieldDescriptor) -> bool:
    """Say whether a field may by itself hold what `check_printable` refuses."""
    return _check_of(field, field) not in (None, check_printable)


def _check_item(risk: _Risk, item: object, name: str) -> None:
    try:
        risk.check(item)
    except JsonError as error:
        raise error.inside(name) from None


@functools.cache
def _risks(message: Descriptor) -> dict[int, _Risk]:
    return {field.number: risk for field in message.fields if (risk := _risk(field)) is not None}


def _risk(field: FieldDescriptor) -> _Risk | None:
    kind = field.message_type
    is_map = kind is not None and kind.GetOptions().map_entry
    value = kind.fields_by_name["value"] if kind is not None and is_map else field
    check = _check_of(field, value)
    if check is None:
        return None
    return _Risk(field.name, check, is_map, field.is_repeated and not is_map)


def _check_of(field: FieldDescriptor, value: FieldDescriptor) -> Callable[[Any], None] | None:
    if field.GetOptions().Extensions[options.raw_json]:
        return _check_raw
    if value.type == FieldDescriptor.TYPE_DOUBLE:
        return _check_double
    if value.message_type is None:
        return None
    match value.message_type.full_name:
        case "google.protobuf.Timestamp":
            return _check_time
        case "google.protobuf.Duration":
            return _check_duration
        case _:
            return check_printable if _risks(value.message_type) else None


def _check_raw(text: bytes) -> None:
    if text:
        loads(text)


def _check_double(value: float) -> None:
    if not math.isfinite(value):
        raise JsonError("", "JSON has no such number")


def _check_time(value: Timestamp) -> None:
    if not MIN_TIME_S <= value.seconds <= MAX_TIME_S:
        raise JsonError("", "time out of range")
    if not 0 <= value.nanos < NANOS_PER_S:
        raise JsonError("", "nanos must be 0 to 999999999")


def _check_duration(value: Duration) -> None:
    # The rules of proto3 JSON. Source: google/protobuf/duration.proto.
    if not -NANOS_PER_S < value.nanos < NANOS_PER_S:
        raise JsonError("", "nanos must be -999999999 to 999999999")
    if value.seconds * value.nanos < 0:
        raise JsonError("", "seconds and nanos must have the same sign")
    if not -_MAX_NANOSECONDS <= nanoseconds(value) < _MAX_NANOSECONDS:
        raise JsonError("", "duration out of range")
