"""Every vendor message with its generated functions, and messages made at random of descriptors."""

from __future__ import annotations

import random
import typing
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any, NamedTuple

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

from tidings.v1 import (
    consul_json,
    docker_cloud_json,
    event_pb2,
    feldera_json,
    nomad_json,
    puppet_json,
)
from tidings.v1 import json_options_pb2 as options
from tidings.v1 import json_runtime as rt

MODULES = (consul_json, docker_cloud_json, feldera_json, nomad_json, puppet_json)

ZERO_TIME_S = -62135596800
MAX_TIME_S = 253402300799
TEXTS = (
    "",
    "a",
    "web",
    "ä ☃ \U0001f600",
    '"\\/\b\f\n\r\t\x00\x7f',
    "<&>\u2028\u2029",
    "null",
    "-0",
)
NUMBERS = (0.0, 1.0, -1.5, 0.1, 1e-7, 1e22, 5e-324, 1.7976931348623157e308, 2.0**53)
RAWS = (b"", b"{}", b"[]", b'{"b":[1,2.50,1e+3],"a":null}', b'"x"', b"0", b"false")


class Codec(NamedTuple):
    """One message class and its two directions."""

    message: type[Any]
    to_json: Callable[[Any], dict[str, Any]]
    from_json: Callable[[Any, rt.Lost], Any]

    def __str__(self) -> str:
        return str(self.message.DESCRIPTOR.name)


def _codecs(module: ModuleType) -> Iterator[Codec]:
    for name, function in vars(module).items():
        if name.endswith("_to_json") and function.__module__ == module.__name__:
            kind = typing.get_type_hints(function)["message"]
            yield Codec(kind, function, getattr(module, name.replace("_to_", "_from_")))


CODECS = [codec for module in MODULES for codec in _codecs(module)]


def value_of(field: FieldDescriptor) -> FieldDescriptor:
    """Return the field that holds one value: of a map, its entry's."""
    kind = field.message_type
    return kind.fields_by_name["value"] if kind is not None and is_map(field) else field


def is_map(field: FieldDescriptor) -> bool:
    return field.message_type is not None and field.message_type.GetOptions().map_entry


def says(field: FieldDescriptor, option: Any) -> Any:
    return field.GetOptions().Extensions[option]


def is_member(field: FieldDescriptor) -> bool:
    return not says(field, options.absent) and not says(field, options.exact_json_of)


def reachable(root: Descriptor) -> set[str]:
    """Return the names of a message and of all that are inside of it, but for Google's own."""
    found: set[str] = set()
    waiting = [root]
    while waiting:
        message = waiting.pop()
        if message.name in found or message.file.package == "google.protobuf":
            continue
        found.add(message.name)
        kinds = [value_of(field).message_type for field in message.fields]
        waiting += [kind for kind in kinds if kind is not None]
    return found


def bodies() -> list[Descriptor]:
    """Return the events of all systems, Tidings' own included."""
    fields = event_pb2.Event.DESCRIPTOR.oneofs_by_name["body"].fields
    kinds = [field.message_type for field in fields]
    assert None not in kinds
    return [kind for kind in kinds if kind is not None]


def has_other_json(body: Descriptor) -> bool:
    """Tell whether a system's JSON is printed and parsed by other code than the generated."""
    return bool(body.GetOptions().Extensions[options.other_json])


def some(kind: type[Any], rng: random.Random) -> Any:
    """Return a message with about half of its fields set to anything that they may hold."""
    message = kind()
    for field in kind.DESCRIPTOR.fields:
        if is_member(field) and rng.random() < 0.5:  # of a oneof the last one stays
            _put(message, field, rng)
    return message


def _put(message: Message, field: FieldDescriptor, rng: random.Random) -> None:
    value = value_of(field)
    place = getattr(message, field.name)
    if is_map(field):
        for name in rng.sample(TEXTS, rng.randrange(3)):
            if value.message_type is not None:
                place[name].CopyFrom(_value(field, value, rng))
            else:
                place[name] = _value(field, value, rng)
    elif field.is_repeated:
        place.extend([_value(field, value, rng) for _ in range(rng.randrange(3))])
    elif field.message_type is not None:
        if (inner := _value(field, value, rng)) is not None:
            place.CopyFrom(inner)
    else:
        setattr(message, field.name, _value(field, value, rng))


def _value(field: FieldDescriptor, value: FieldDescriptor, rng: random.Random) -> Any:
    if says(field, options.raw_json):
        return rng.choice(RAWS)
    if value.message_type is not None:
        return _message(field, value.message_type, rng)
    match value.type:
        case FieldDescriptor.TYPE_STRING:
            return rng.choice(TEXTS)
        case FieldDescriptor.TYPE_BYTES:
            return rng.randbytes(rng.randrange(5))
        case FieldDescriptor.TYPE_BOOL:
            return rng.random() < 0.5
        case FieldDescriptor.TYPE_INT64:
            return rng.choice((0, 1, -1, 2**53 + 1, 2**63 - 1, -(2**63)))
        case FieldDescriptor.TYPE_UINT64:
            return rng.choice((0, 1, 2**53 + 1, 2**63, 2**64 - 1))
        case _:
            assert value.type == FieldDescriptor.TYPE_DOUBLE, value.full_name
            return rng.choice(NUMBERS)


def _message(field: FieldDescriptor, kind: Descriptor, rng: random.Random) -> Any:
    made: Any = GetMessageClass(kind)
    if kind.full_name == "google.protobuf.Timestamp":
        seconds = rng.choice((ZERO_TIME_S, -1, 0, 1_700_000_000, MAX_TIME_S))
        nanos = rng.choice((0, 1, 500_000_000, 655_736_000, 999_999_999))
        if says(field, options.micros):
            nanos -= nanos % 1000
        if says(field, options.whole_seconds):
            nanos = 0
        is_zero = seconds == ZERO_TIME_S and not nanos
        keeps_zero = says(field, options.null_when_empty)
        return None if is_zero and not keeps_zero else made(seconds=seconds, nanos=nanos)
    if kind.full_name == "google.protobuf.Duration":
        count = rng.choice((0, 1, -1, 1_500_000_000, -1_500_000_000, 2**63 - 1, -(2**63)))
        if not count and not says(field, options.null_when_empty):
            return None
        seconds, nanos = divmod(abs(count), 10**9)
        sign = -1 if count < 0 else 1
        return made(seconds=sign * seconds, nanos=sign * nanos)
    return some(made, rng)
