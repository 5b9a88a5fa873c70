"""The slow way in: says exactly what does not fit a message, and leaves out what may be left out.

The rules are read from the message's descriptor, not from what was generated of it.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, Protocol

import msgspec
from google.protobuf.descriptor import Descriptor, FieldDescriptor

from tidings.v1 import json_options_pb2 as options
from tidings.v1.json_runtime import scalars
from tidings.v1.json_runtime.errors import JsonError
from tidings.v1.json_runtime.text import Json

_NULL = b"null"
_parse_object = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_parse_list = msgspec.json.Decoder(list[msgspec.Raw]).decode


class Lost(Protocol):
    """Where a parser writes down what the types cannot hold; a list of paths will do."""

    def append(self, path: str, /) -> None:
        """Write down one path."""


class _Rule(NamedTuple):
    """How one member is taken: checked and kept as it is, or changed into something that fits."""

    check: Callable[[bytes], str] | None  # returns what is wrong, or nothing
    change: Callable[[bytes, Lost, str], Json] | None
    oneof: str


def fit(text: bytes, message: Descriptor, lost: Lost, path: str = "") -> dict[str, Json]:
    """Return what of a valid JSON object a message can hold, each value in its exact text.

    Left out and written to `lost`: unknown members that are not null, null values of maps, all but
    the first of a oneof's members, digits of a time after the ninth. Changed and written to `lost`:
    integers that no double equals, base64 with bits left over, and Go's spelling of a duration
    ("8h0m0s").

    Raises:
        JsonError: it is no object, or a member has the wrong type; with the path.
    """
    rules = _rules(message)
    kept: dict[str, Json] = {}
    chosen: set[str] = set()
    for name, raw in _object(text, path).items():
        value = bytes(raw)
        if value == _NULL:
            continue
        rule = rules.get(name)
        if rule is None or rule.oneof in chosen:
            lost.append(inside(path, name))
            continue
        if rule.oneof:
            chosen.add(rule.oneof)
        kept[name] = _take(rule, raw, value, lost, path, name)
    return kept


def _take(rule: _Rule, raw: msgspec.Raw, value: bytes, lost: Lost, path: str, name: str) -> Json:
    if rule.check is not None and (reason := rule.check(value)):
        raise JsonError(inside(path, name), reason)
    return raw if rule.change is None else rule.change(value, lost, inside(path, name))


def inside(path: str, name: str) -> str:
    """Return the path of a member; an item of a list has no name."""
    return f"{path}.{name}" if path and name else path or name


def _object(text: bytes, path: str) -> Mapping[str, msgspec.Raw]:
    if not text.lstrip().startswith(b"{"):
        raise JsonError(path, "expected an object")
    return _parse_object(text)


@functools.cache
def _rules(message: Descriptor) -> dict[str, _Rule]:
    return {field.json_name: _rule(field) for field in known_fields(message)}


def known_fields(message: Descriptor) -> list[FieldDescriptor]:
    """Return the fields that have a member of their own."""
    return [
        field
        for field in message.fields
        if not _says(field, options.absent) and not _says(field, options.exact_json_of)
    ]


def _says(field: FieldDescriptor, option: Any) -> bool:  # noqa: ANN401 - an extension has no type
    return bool(field.GetOptions().Extensions[option])


def _rule(field: FieldDescriptor) -> _Rule:
    oneof = field.containing_oneof.name if field.containing_oneof is not None else ""
    if _says(field, options.raw_json):
        return _Rule(None, None, oneof)
    kind = field.message_type
    if kind is not None and kind.GetOptions().map_entry:
        one = _one(field, kind.fields_by_name["value"])
        nulls = _says(field, options.null_values)
        return _Rule(None, functools.partial(_map, one, keeps_nulls=nulls), oneof)
    one = _one(field, field)
    if field.is_repeated:
        return _Rule(None, functools.partial(_list, one), oneof)
    return one._replace(oneof=oneof)


def _one(field: FieldDescriptor, value: FieldDescriptor) -> _Rule:
    """Return the rule of one value; of a map, `field` has the options and `value` the type."""
    if value.type in _CHECKS:
        return _Rule(_CHECKS[value.type], None, "")
    take: Callable[[bytes], tuple[Json, bool]] = scalars.take_number
    if value.type == FieldDescriptor.TYPE_BYTES:
        take = scalars.take_base64
    if value.message_type is not None:
        match value.message_type.full_name:
            case "google.protobuf.Timestamp":
                whole = _says(field, options.whole_seconds)
                take = scalars.take_whole_seconds if whole else scalars.take_time
            case "google.protobuf.Duration":
                take = scalars.take_duration
            case _:
                return _Rule(None, functools.partial(_message, value.message_type), "")
    return _Rule(None, functools.partial(_scalar, take), "")


def _message(message: Descriptor, text: bytes, lost: Lost, path: str) -> dict[str, Json]:
    return fit(text, message, lost, path)


def _list(one: _Rule, text: bytes, lost: Lost, path: str) -> list[Json]:
    if not text.startswith(b"["):
        raise JsonError(path, "expected a list")
    items = enumerate(_parse_list(text))
    return [_take(one, raw, bytes(raw), lost, f"{path}[{place}]", "") for place, raw in items]


def _map(one: _Rule, text: bytes, lost: Lost, path: str, *, keeps_nulls: bool) -> dict[str, Json]:
    kept: dict[str, Json] = {}
    for name, raw in _object(text, path).items():
        value = bytes(raw)
        if value != _NULL:
            kept[name] = _take(one, raw, value, lost, path, name)
        elif keeps_nulls:
            kept[name] = None
        else:
            lost.append(inside(path, name))
    return kept


def _scalar(take: Callable[[bytes], tuple[Json, bool]], text: bytes, lost: Lost, path: str) -> Json:
    try:
        value, is_exact = take(text)
    except JsonError as error:
        raise error.inside(path) from None
    if not is_exact:
        lost.append(path)
    return value


_CHECKS: dict[int, Callable[[bytes], str]] = {
    FieldDescriptor.TYPE_STRING: scalars.check_string,
    FieldDescriptor.TYPE_BOOL: scalars.check_bool,
    FieldDescriptor.TYPE_INT64: scalars.check_int64,
    FieldDescriptor.TYPE_UINT64: scalars.check_uint64,
}
