"""The slow way in: says exactly what does not fit a message, and leaves out what may be left out.

The rules are read from the message's descriptor, not from what was generated of it.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Mapping
from typing import Any, Protocol

import msgspec
from google.protobuf.descriptor import Descriptor, FieldDescriptor

from tidings.v1 import json_options_pb2 as options
from tidings.v1.json_runtime.errors import JsonError
from tidings.v1.json_runtime.fields import NOT_A_TIME, parse_time
from tidings.v1.json_runtime.printing import NANOS_PER_S
from tidings.v1.json_runtime.text import Json

_NULL = b"null"
_parse_object = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_parse_list = msgspec.json.Decoder(list[msgspec.Raw]).decode
_INT64 = (-(2**63), 2**63 - 1)
_UINT64 = (0, 2**64 - 1)
_GO_DURATION = re.compile(r"([+-]?)((?:\d+(?:\.\d*)?(?:ns|us|µs|μs|ms|s|m|h))+)", re.ASCII)
_GO_PART = re.compile(r"(\d+)(?:\.(\d*))?(ns|us|µs|μs|ms|s|m|h)", re.ASCII)
_GO_UNITS = {
    "ns": 1,
    "us": 1000,
    "µs": 1000,
    "μs": 1000,
    "ms": 1_000_000,
    "s": NANOS_PER_S,
    "m": 60 * NANOS_PER_S,
    "h": 3600 * NANOS_PER_S,
}


class Lost(Protocol):
    """Where a parser writes down what the types cannot hold; a list of paths will do."""

    def append(self, path: str, /) -> None:
        """Write down one path."""


def fit(text: bytes, message: Descriptor, lost: Lost, path: str = "") -> dict[str, Json]:
    """Return what of a valid JSON object a message can hold, each value in its exact text.

    Left out and written to `lost`: unknown members that are not null, null values of maps, all but
    the first of a oneof's members, digits of a time after the ninth. Changed and written to `lost`:
    integers that no double equals, and Go's spelling of a duration ("8h0m0s").

    Raises:
        JsonError: it is no object, or a member has the wrong type; with the path.
    """
    known = _known(message)
    kept: dict[str, Json] = {}
    chosen: set[str] = set()
    for name, raw in _object(text, path).items():
        inside = f"{path}.{name}" if path else name
        value = bytes(raw)
        if value == _NULL:
            continue
        field = known.get(name)
        if field is None:
            lost.append(inside)
            continue
        if (oneof := field.containing_oneof) is not None:
            if oneof.name in chosen:
                lost.append(inside)
                continue
            chosen.add(oneof.name)
        kept[name] = _member(value, field, lost, inside)
    return kept


@functools.cache
def _known(message: Descriptor) -> dict[str, FieldDescriptor]:
    return {
        field.json_name: field
        for field in message.fields
        if not _says(field, options.absent) and not _says(field, options.exact_json_of)
    }


def _says(field: FieldDescriptor, option: Any) -> bool:  # noqa: ANN401 - an extension has no type of its own
    return bool(field.GetOptions().Extensions[option])


def _member(text: bytes, field: FieldDescriptor, lost: Lost, path: str) -> Json:
    if _says(field, options.raw_json):
        return msgspec.Raw(text)
    kind = field.message_type
    if kind is not None and kind.GetOptions().map_entry:
        return _map(text, field, lost, path)
    if field.is_repeated:
        if not text.startswith(b"["):
            raise JsonError(path, "expected a list")
        return [
            _one(bytes(item), field, lost, f"{path}[{place}]")
            for place, item in enumerate(_parse_list(text))
        ]
    return _one(text, field, lost, path)


def _map(text: bytes, field: FieldDescriptor, lost: Lost, path: str) -> dict[str, Json]:
    assert field.message_type is not None
    of = field.message_type.fields_by_name["value"]
    kept: dict[str, Json] = {}
    for name, raw in _object(text, path).items():
        value, inside = bytes(raw), f"{path}.{name}"
        if value == _NULL and _says(field, options.null_values):
            kept[name] = None
        elif value == _NULL:
            lost.append(inside)
        else:
            kept[name] = _one(value, of, lost, inside)
    return kept


def _object(text: bytes, path: str) -> Mapping[str, msgspec.Raw]:
    if not text.lstrip().startswith(b"{"):
        raise JsonError(path, "expected an object")
    return _parse_object(text)


def _one(text: bytes, field: FieldDescriptor, lost: Lost, path: str) -> Json:
    if field.message_type is not None:
        special = _WELL_KNOWN.get(field.message_type.full_name)
        if special is None:
            return fit(text, field.message_type, lost, path)
        return special(text, field, lost, path)
    value = msgspec.json.decode(text)
    match field.cpp_type:
        case FieldDescriptor.CPPTYPE_STRING if field.type == FieldDescriptor.TYPE_BYTES:
            _check_base64(text, path)
        case FieldDescriptor.CPPTYPE_STRING:
            _check_type(value, str, "expected a string", path)
        case FieldDescriptor.CPPTYPE_BOOL:
            _check_type(value, bool, "expected true or false", path)
        case FieldDescriptor.CPPTYPE_INT64:
            _check_integer(value, _INT64, path)
        case FieldDescriptor.CPPTYPE_UINT64:
            _check_integer(value, _UINT64, path)
        case _:
            return _number(value, lost, path)
    return msgspec.Raw(text)


def _check_type(value: Json, kind: type, reason: str, path: str) -> None:
    if type(value) is not kind:
        raise JsonError(path, reason)


def _check_integer(value: Json, bounds: tuple[int, int], path: str) -> None:
    _check_type(value, int, "expected an integer", path)
    if not bounds[0] <= value <= bounds[1]:
        raise JsonError(path, f"integer out of range {bounds[0]} to {bounds[1]}")


def _check_base64(text: bytes, path: str) -> None:
    try:
        msgspec.json.decode(text, type=bytes)
    except msgspec.ValidationError:
        raise JsonError(path, "expected base64") from None


def _number(value: Json, lost: Lost, path: str) -> float:
    if type(value) is float:
        return value
    _check_type(value, int, "expected a number", path)
    try:
        nearest = float(value)
    except OverflowError:
        raise JsonError(path, "number out of range") from None
    if int(nearest) != value:
        lost.append(path)
    return nearest


def _time(text: bytes, field: FieldDescriptor, lost: Lost, path: str) -> str:
    value = msgspec.json.decode(text)
    _check_type(value, str, NOT_A_TIME, path)
    try:
        _, nanos, cut = parse_time(value)
    except JsonError as error:
        raise JsonError(path, error.reason) from None
    if _says(field, options.whole_seconds) and (nanos or cut):
        raise JsonError(path, "expected whole seconds")
    if not cut:
        return str(value)
    lost.append(path)
    return re.sub(r"(\.\d{9})\d+", r"\1", value, count=1)


def _duration(text: bytes, field: FieldDescriptor, lost: Lost, path: str) -> int:
    del field
    value = msgspec.json.decode(text)
    if type(value) is str:
        value = _go_duration_ns(value, path)
        lost.append(path)
    _check_type(value, int, "expected an integer of nanoseconds", path)
    _check_integer(value, _INT64, path)
    return int(value)


def _go_duration_ns(text: str, path: str) -> int:
    """Return the nanoseconds of Go's spelling of a span.

    Source: Go time.ParseDuration.
    """
    found = _GO_DURATION.fullmatch(text)
    if found is None and text != "0":
        raise JsonError(path, "expected an integer of nanoseconds")
    sign, parts = found.groups() if found is not None else ("", "")
    total = 0
    for whole, fraction, unit in _GO_PART.findall(parts):
        total += int(whole + fraction) * _GO_UNITS[unit] // 10 ** len(fraction)
    return -total if sign == "-" else total


_Special = Callable[[bytes, FieldDescriptor, Lost, str], Json]
_WELL_KNOWN: dict[str, _Special] = {
    "google.protobuf.Timestamp": _time,
    "google.protobuf.Duration": _duration,
}
