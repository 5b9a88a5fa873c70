"""A field's value from the text of a path or a query.

The texts that are taken are those on which Envoy and grpc-gateway agree, or the ones of proto3
JSON; docs/transcoding.md has the table.
"""

import base64
import math
import re
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from google.protobuf.descriptor import EnumDescriptor, FieldDescriptor
from google.protobuf.message import Message

from tidings.gateway.transcode.errors import BadText
from tidings.gateway.transcode.fields import WRAPPERS, wrapped_scalar
from tidings.v1 import json_runtime as rt

Scalar = bool | int | float | str | bytes

_DECIMAL = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_BASE64 = re.compile(r"[A-Za-z0-9+/]*")
_BOOLS = {"true": True, "t": True, "1": True, "false": False, "f": False, "0": False}
_NOT_NUMBERS = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}
_MAX_FLOAT = 3.4028234663852886e38  # IEEE 754 single precision
_DURATION = re.compile(r"(-?)([0-9]{1,12})(?:\.([0-9]{1,9}))?s")
_MAX_DURATION_S = 315_576_000_000  # source: google/protobuf/duration.proto
_MASK_PATH = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*")
_UPPER = re.compile(r"[A-Z]")


def has_text(field: FieldDescriptor) -> bool:
    """Whether a path or a query can hold a value of this field: scalars and one-text messages."""
    if field.message_type is None:
        return True
    name = field.message_type.full_name
    return not field.is_repeated and (name in WRAPPERS or name in _WELL_KNOWN)


def set_text(holder: Message, field: FieldDescriptor, text: str) -> None:
    """Set a singular field of `holder` from a text, or append to a repeated one.

    `has_text(field)` must be true. `holder` is unchanged when this raises.

    Raises:
        BadText: the text is not a value of the field's type.
    """
    if field.message_type is None:
        value = parse_scalar(field, text)
        if field.is_repeated:
            getattr(holder, field.name).append(value)
        else:
            setattr(holder, field.name, value)
    elif scalar := wrapped_scalar(field):
        wrapper = getattr(holder, field.name)
        wrapper.value = parse_scalar(scalar, text)
        wrapper.SetInParent()  # an empty text or a zero is a value here
    else:
        fresh = type(getattr(holder, field.name))()
        _WELL_KNOWN[field.message_type.full_name](fresh, text)
        getattr(holder, field.name).CopyFrom(fresh)


def parse_scalar(field: FieldDescriptor, text: str) -> Scalar:
    """Parse a text as the scalar or enum that `field` holds one of.

    An enum's value may be in its short form: `nomad` for EVENT_SYSTEM_NOMAD.

    Raises:
        BadText: it is none, or out of range.
    """
    if enum := field.enum_type:
        return _short_names(enum).get(text) or parse_enum(enum, text)
    return _SCALARS[field.cpp_type](field, text)


def parse_base64(text: str) -> bytes:
    """Decode base64 in the standard or the URL-safe alphabet, padded or not.

    Python's decoder skips what is not in the alphabet, so that rubbish becomes no bytes at all.

    Raises:
        BadText: it is not base64.
    """
    bare = text.replace("-", "+").replace("_", "/").rstrip("=")
    padded = len(bare) < len(text)
    if not _BASE64.fullmatch(bare) or len(bare) % 4 == 1 or (padded and len(text) % 4):
        raise BadText("not base64")
    return base64.b64decode(bare + "=" * (-len(bare) % 4))


def parse_timestamp(text: str) -> tuple[int, int]:
    """Return seconds and nanoseconds since 1970 of a time as proto3 JSON has it.

    RFC 3339 with "T" and "Z" in upper case, an offset of less than a day, at most nine digits of a
    second.

    Raises:
        BadText: it is none.
    """
    what = "not an RFC 3339 time such as 2025-01-31T09:30:00Z"
    if not text.isupper():
        raise BadText(what)
    try:
        fields = rt.time_fields(text)
    except rt.JsonError as exc:
        raise BadText(what) from exc
    return fields["seconds"], fields["nanos"]


def parse_duration(text: str) -> tuple[int, int]:
    """Return seconds and nanoseconds of a duration as proto3 JSON has it, both of one sign.

    Raises:
        BadText: it is none.
    """
    found = _DURATION.fullmatch(text)
    if not found or int(found[2]) + (int(found[3] or 0) > 0) > _MAX_DURATION_S:
        raise BadText("not a duration such as 1.5s")
    sign = -1 if found[1] else 1
    return sign * int(found[2]), sign * int((found[3] or "").ljust(9, "0"))


def parse_enum(enum: EnumDescriptor, text: str) -> int:
    """Return the number of an enum's value by its name or its number.

    Unknown numbers are refused although proto3 would keep them: both peers do so.

    Raises:
        BadText: it is neither.
    """
    if by_name := enum.values_by_name.get(text):
        return by_name.number
    what = f"not a value of {enum.full_name}"
    try:
        number: int = rt.parse_integer(text, -(2**31), 2**31 - 1)
    except rt.JsonError as exc:
        raise BadText(what) from exc
    if number not in enum.values_by_number:
        raise BadText(what)
    return number


@cache
def _short_names(enum: EnumDescriptor) -> Mapping[str, int]:
    """Return an enum's values but 0 by what sets their names apart, in lower case."""
    prefix, _, rest = enum.values[0].name.partition("UNSPECIFIED")
    if not prefix or rest:
        return {}
    return {value.name.removeprefix(prefix).lower(): value.number for value in enum.values[1:]}


def _parse_integer(low: int, high: int) -> Callable[[FieldDescriptor, str], int]:
    def parse(_: FieldDescriptor, text: str) -> int:
        try:
            return rt.parse_integer(text, low, high)
        except rt.JsonError as exc:
            raise BadText(exc.reason) from exc

    return parse


def _parse_bool(_: FieldDescriptor, text: str) -> bool:
    value = _BOOLS.get(text.lower())
    if value is None:
        raise BadText("neither true nor false")
    return value


def _parse_float(field: FieldDescriptor, text: str) -> float:
    if text in _NOT_NUMBERS:
        return _NOT_NUMBERS[text]
    if not _DECIMAL.fullmatch(text):
        raise BadText("not a number")
    value = float(text)
    single = field.cpp_type == FieldDescriptor.CPPTYPE_FLOAT
    if math.isinf(value) or (single and abs(value) > _MAX_FLOAT):
        raise BadText("number out of range")
    return value


def _parse_string(field: FieldDescriptor, text: str) -> str | bytes:
    return parse_base64(text) if field.type == FieldDescriptor.TYPE_BYTES else text


_SCALARS: dict[int, Callable[[FieldDescriptor, str], Scalar]] = {
    FieldDescriptor.CPPTYPE_INT32: _parse_integer(-(2**31), 2**31 - 1),
    FieldDescriptor.CPPTYPE_INT64: _parse_integer(-(2**63), 2**63 - 1),
    FieldDescriptor.CPPTYPE_UINT32: _parse_integer(0, 2**32 - 1),
    FieldDescriptor.CPPTYPE_UINT64: _parse_integer(0, 2**64 - 1),
    FieldDescriptor.CPPTYPE_BOOL: _parse_bool,
    FieldDescriptor.CPPTYPE_DOUBLE: _parse_float,
    FieldDescriptor.CPPTYPE_FLOAT: _parse_float,
    FieldDescriptor.CPPTYPE_STRING: _parse_string,
}


def _fill(parse: Callable[[str], tuple[int, int]]) -> Callable[[Any, str], None]:
    def fill(message: Any, text: str) -> None:  # noqa: ANN401 - Timestamp or Duration of any pool
        message.seconds, message.nanos = parse(text)

    return fill


def _fill_mask(message: Any, text: str) -> None:  # noqa: ANN401 - a FieldMask of any pool
    paths = text.split(",") if text else []
    if not all(_MASK_PATH.fullmatch(path) for path in paths):
        raise BadText("not a comma-separated list of field paths")
    message.paths.extend(_UPPER.sub(lambda match: "_" + match[0].lower(), path) for path in paths)


_WELL_KNOWN: dict[str, Callable[[Any, str], None]] = {
    "google.protobuf.Timestamp": _fill(parse_timestamp),
    "google.protobuf.Duration": _fill(parse_duration),
    "google.protobuf.FieldMask": _fill_mask,
}
