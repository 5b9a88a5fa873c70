"""A message from the JSON of a body, stricter than `json_format` where that lets things slip.

`json_format.ParseDict` (protobuf 7.36) takes a list or a text for an empty message, turns bad
base64 into no bytes, and drops unknown names of enum values when told to ignore unknown fields. All
three lose what a caller sent; `_check` looks for them first.
"""

import json
import math
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Never, cast

from google.protobuf import json_format
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message

from tidings.gateway.transcode.errors import BadText, MalformedRequest, shorten
from tidings.gateway.transcode.fields import (
    WRAPPERS,
    descriptor_of,
    field_named,
    map_value,
    wrapped_scalar,
)
from tidings.gateway.transcode.json_scalars import check_value
from tidings.gateway.transcode.text import parse_duration, parse_timestamp

_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")

# Their JSON is not an object of their fields; json_format checks these well.
_OWN_JSON = frozenset(
    f"google.protobuf.{name}"
    for name in ("Timestamp", "Duration", "FieldMask", "Struct", "Value", "ListValue")
)
_ANY = "google.protobuf.Any"
_IN_TEXT = {
    "google.protobuf.Timestamp": parse_timestamp,
    "google.protobuf.Duration": parse_duration,
}
# Inside an Any these stand in its member "value".
_IN_VALUE = _OWN_JSON | WRAPPERS | {_ANY}

# Objects and lists inside each other. A Struct takes three messages for each, and receivers stop
# reading at 100 messages inside each other (protobuf's own limit).
_MAX_DEPTH = 32


@dataclass(frozen=True, slots=True)
class _Place:
    """Where in the body something stands. Printed only for an error: a body has many places."""

    outer: "_Place | None" = None
    text: str = ""
    depth: int = 0

    def step(self, text: str) -> "_Place":
        """Go inside: ".member" or "[position]"."""
        if self.depth == _MAX_DEPTH:
            raise MalformedRequest("", "the body is nested too deeply")
        return _Place(self, text, self.depth + 1)

    def __str__(self) -> str:
        texts: list[str] = []
        place: _Place | None = self
        while place:
            texts.append(place.text)
            place = place.outer
        return "".join(reversed(texts)).removeprefix(".")


_Pending = tuple[_Place, Descriptor, Any]


def parse_json(body: bytes) -> Any:  # noqa: ANN401 - any JSON value
    """Parse a whole body as one JSON value, by the letter: no NaN, no member twice, UTF-8.

    Nor half of a surrogate pair, wherever it stands: it is no character, and no message holds it.

    Raises:
        MalformedRequest: it is none.
    """
    try:
        value = json.loads(
            _without_mark(body.decode()),
            object_pairs_hook=_members_once,
            parse_constant=_refuse_constant,
            parse_float=_finite,
        )
        if _SURROGATE.search(body):  # most are pairs
            json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError as exc:
        raise MalformedRequest("", "the body holds half of a surrogate pair") from exc
    except UnicodeDecodeError as exc:
        raise MalformedRequest("", "the body is not UTF-8") from exc
    except RecursionError as exc:
        raise MalformedRequest("", "the body is nested too deeply") from exc
    except ValueError as exc:
        raise MalformedRequest("", f"the body is not JSON: {shorten(str(exc))}") from exc
    else:
        return value


def merge_json(message: Message, value: object) -> None:
    """Set the fields of `message` from a JSON value in proto3 JSON form.

    Raises:
        MalformedRequest: the value does not fit. `message` may then hold a part of it.
    """
    descriptor = descriptor_of(message)
    _check(descriptor, value)
    try:
        json_format.ParseDict(
            cast("dict[str, Any]", value),
            message,
            descriptor_pool=descriptor.file.pool,
        )
    # Beside its own error it lets those of Python through. What they say repeats what was sent.
    except (json_format.Error, ValueError, TypeError, OverflowError):
        raise MalformedRequest("", "a value does not fit its type") from None


def _check(root: Descriptor, value: object) -> None:
    """Refuse what json_format would lose. A loop: the depth of the value is the caller's choice."""
    pending: list[_Pending] = [(_Place(), root, value)]
    while pending:
        place, descriptor, current = pending.pop()
        if descriptor.full_name in _OWN_JSON:
            _check_own(place, descriptor, current)
            continue
        if not isinstance(current, dict):
            raise MalformedRequest(str(place), "must be a JSON object")
        members = dict(current)
        if descriptor.full_name == _ANY:
            if not current:
                continue  # an Any that holds nothing
            descriptor = _type_in_any(descriptor, place, members)
            if descriptor.full_name in _IN_VALUE:
                pending += _value_in_any(place, descriptor, members)
                continue
        for inside, field, member in _fields_of(place, descriptor, members):
            pending += _messages_in(inside, field, member)


def _fields_of(
    place: _Place,
    descriptor: Descriptor,
    members: dict[str, Any],
) -> Iterator[tuple[_Place, FieldDescriptor, Any]]:
    """Find the field of each member of an object."""
    seen: set[str] = set()
    chosen: dict[str, str] = {}  # of each oneof
    for name, member in members.items():
        inside = place.step(f".{shorten(name)}")
        field = field_named(descriptor, name)
        if field is None:
            raise MalformedRequest(str(inside), "unknown field")
        if field.name in seen:
            raise MalformedRequest(str(inside), "given under both of its names")
        seen.add(field.name)
        if field.containing_oneof is not None and member is not None:
            other = chosen.setdefault(field.containing_oneof.name, name)
            if other != name:
                raise MalformedRequest(
                    str(inside), f"excludes {shorten(other)}: both are of one oneof"
                )
        yield inside, field, member


def _messages_in(place: _Place, field: FieldDescriptor, value: object) -> Iterator[_Pending]:
    """Check the scalars of one field's JSON; return the messages in it."""
    if value is None:
        return
    values: Iterable[tuple[_Place, object]] = [(place, value)]
    if of_map := map_value(field):
        if not isinstance(value, dict):
            raise MalformedRequest(str(place), "must be a JSON object")
        field = of_map
        values = ((place.step(f"[{shorten(key)!r}]"), item) for key, item in value.items())
    elif field.is_repeated:
        if not isinstance(value, list):
            raise MalformedRequest(str(place), "must be a JSON array")
        values = ((place.step(f"[{position}]"), item) for position, item in enumerate(value))
    scalar = wrapped_scalar(field)
    for where, item in values:
        if field.message_type and not scalar:
            yield where, field.message_type, item
        elif item is not None:
            _check_scalar(where, scalar or field, item)
        elif where is not place:
            raise MalformedRequest(str(where), "must not be null")


def _check_own(place: _Place, descriptor: Descriptor, value: object) -> None:
    parse = _IN_TEXT.get(descriptor.full_name)
    if parse is None:
        _check_depth(place, value)
        return
    if not isinstance(value, str):
        raise MalformedRequest(str(place), "must be a text")
    try:
        parse(value)
    except BadText as exc:
        raise MalformedRequest(str(place), str(exc)) from exc


def _check_depth(place: _Place, value: object) -> None:
    """Refuse a value of no fixed form that is nested deeper than any message may be."""
    pending = [(place, value)]
    while pending:
        where, current = pending.pop()
        if isinstance(current, dict | list):
            items = current.values() if isinstance(current, dict) else current
            pending += ((where.step(""), item) for item in items)


def _check_scalar(place: _Place, field: FieldDescriptor, value: object) -> None:
    try:
        check_value(field, value)
    except BadText as exc:
        raise MalformedRequest(str(place), str(exc)) from exc


def _type_in_any(descriptor: Descriptor, place: _Place, members: dict[str, Any]) -> Descriptor:
    """Take "@type" out of an Any's members and return the type it names."""
    url = members.pop("@type", None)
    if not isinstance(url, str):
        raise MalformedRequest(str(place.step(".@type")), "must be the text of a type's URL")
    name = url.rpartition("/")[2]
    try:
        return descriptor.file.pool.FindMessageTypeByName(name)
    except KeyError as exc:
        raise MalformedRequest(str(place.step(".@type")), "a type that is not known here") from exc


def _value_in_any(
    place: _Place, descriptor: Descriptor, members: dict[str, Any]
) -> Iterator[_Pending]:
    """Check an Any of a type whose JSON is no object of its fields; return the message in it."""
    if members.keys() != {"value"}:
        raise MalformedRequest(
            str(place), f"{descriptor.full_name} stands in the one member 'value'"
        )
    if descriptor.full_name in WRAPPERS:
        scalar = descriptor.fields_by_name["value"]
        _check_scalar(place.step(".value"), scalar, members["value"])
    else:
        yield place.step(".value"), descriptor, members["value"]


def _members_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise ValueError("a member is given twice")
    return members


def _without_mark(text: str) -> str:
    if text.startswith("\ufeff"):
        raise ValueError("it begins with a byte order mark")
    return text


def _refuse_constant(name: str) -> Never:
    raise ValueError(f"{name} is not a JSON number")


def _finite(text: str) -> float:
    value = float(text)
    if math.isinf(value):
        raise ValueError("a number is out of range")
    return value
