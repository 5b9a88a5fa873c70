"""What the protos say of each system's JSON, as plain data: descriptors and options in, rules out."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from google.protobuf import message_factory
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.descriptor_pb2 import FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool

ENVELOPE = "tidings.v1.Event"
OWN_EVENT = "tidings.v1.TidingsEvent"
OPTIONS = (
    "null_when_empty",
    "omit_empty",
    "raw_json",
    "exact_json_of",
    "secret",
    "absent",
    "whole_seconds",
    "micros",
)


class Kind(enum.Enum):
    """How one value is written."""

    TEXT = "text"
    FLAG = "flag"
    INTEGER = "integer"
    NUMBER = "number"
    BASE64 = "base64"
    RAW = "raw"
    TIME = "time"
    DURATION = "duration"
    MESSAGE = "message"


class Shape(enum.Enum):
    """How many values a member has."""

    ONE = "one"
    LIST = "list"
    MAP = "map"


@dataclass(frozen=True)
class Member:
    """One member of a JSON object, and the field that holds it."""

    name: str
    field: str
    kind: Kind
    shape: Shape
    has_presence: bool
    null_when_empty: bool
    left_out_when_empty: bool
    secret: bool
    dropped: bool
    whole_seconds: bool
    micros: bool
    message: str | None  # name of the message class, of MESSAGE kind
    exact_field: str | None  # the bytes field that holds this member's exact text


@dataclass
class Object:
    """One JSON object, and the message that holds it."""

    name: str
    module: str
    members: list[Member] = field(default_factory=list)
    alternatives: list[str] = field(default_factory=list)  # member names of its oneof


@dataclass
class System:
    """All objects of one system, the event first."""

    name: str
    objects: list[Object]

    def object(self, name: str) -> Object:
        """Return one object by its message's name."""
        return next(each for each in self.objects if each.name == name)


_KINDS = {
    FieldDescriptor.TYPE_STRING: Kind.TEXT,
    FieldDescriptor.TYPE_BOOL: Kind.FLAG,
    FieldDescriptor.TYPE_INT64: Kind.INTEGER,
    FieldDescriptor.TYPE_UINT64: Kind.INTEGER,
    FieldDescriptor.TYPE_DOUBLE: Kind.NUMBER,
    FieldDescriptor.TYPE_BYTES: Kind.BASE64,
    FieldDescriptor.TYPE_MESSAGE: Kind.MESSAGE,
}
_WELL_KNOWN = {"google.protobuf.Timestamp": Kind.TIME, "google.protobuf.Duration": Kind.DURATION}


def read_systems(files: Iterable[FileDescriptorProto]) -> Iterator[System]:
    """Yield every system: one for each body that an event can have, but for Tidings' own."""
    pool = DescriptorPool()
    for file in files:
        pool.Add(file)
    options = _OptionReader(pool)
    for body in pool.FindMessageTypeByName(ENVELOPE).oneofs_by_name["body"].fields:
        root = body.message_type
        if root.full_name != OWN_EVENT:
            yield System(body.name, [_object(each, options) for each in _reachable(root)])


def _reachable(root: Descriptor) -> list[Descriptor]:
    found: dict[str, Descriptor] = {}
    waiting = [root]
    while waiting:
        message = waiting.pop(0)
        if message.full_name in found:
            continue
        found[message.full_name] = message
        for each in message.fields:
            inner = _value_type(each).message_type
            if inner is not None and inner.full_name not in _WELL_KNOWN:
                waiting.append(inner)
    return list(found.values())


def _value_type(each: FieldDescriptor) -> FieldDescriptor:
    if each.message_type is not None and each.message_type.GetOptions().map_entry:
        return each.message_type.fields_by_name["value"]
    return each


def _object(message: Descriptor, options: _OptionReader) -> Object:
    omits_all = options.message(message)
    said = {each.name: options.field(each) for each in message.fields}
    exact = {rules["exact_json_of"]: name for name, rules in said.items() if rules["exact_json_of"]}
    result = Object(message.name, message.file.name.removesuffix(".proto").replace("/", "."))
    alternatives = {each.name for oneof in message.oneofs for each in oneof.fields if len(oneof.fields) > 1}
    for each in message.fields:
        rules = said[each.name]
        if rules["absent"] or rules["exact_json_of"]:
            continue
        value = _value_type(each)
        is_map = value is not each
        kind = _KINDS[value.type]
        if value.message_type is not None:
            kind = _WELL_KNOWN.get(value.message_type.full_name, Kind.MESSAGE)
        if rules["raw_json"]:
            kind = Kind.RAW
        result.members.append(
            Member(
                name=each.json_name,
                field=each.name,
                kind=kind,
                shape=Shape.MAP if is_map else Shape.LIST if each.is_repeated else Shape.ONE,
                has_presence=each.has_presence,
                null_when_empty=rules["null_when_empty"],
                left_out_when_empty=rules["omit_empty"] or omits_all or each.name in alternatives,
                secret=rules["secret"],
                dropped=rules["secret"] and is_map and rules["omit_empty"],
                whole_seconds=rules["whole_seconds"],
                micros=rules["micros"],
                message=value.message_type.name if kind is Kind.MESSAGE else None,
                exact_field=exact.get(each.name),
            )
        )
        if each.name in alternatives:
            result.alternatives.append(each.json_name)
    return result


class _OptionReader:
    """Reads our options, which protoc hands over as fields that only the pool knows."""

    def __init__(self, pool: DescriptorPool) -> None:
        self._pool = pool
        self._of_field = self._class("google.protobuf.FieldOptions")
        self._of_message = self._class("google.protobuf.MessageOptions")
        self._extensions = {name: pool.FindExtensionByName(f"tidings.v1.{name}") for name in OPTIONS}
        self._omits_all = pool.FindExtensionByName("tidings.v1.omit_empty_fields")

    def field(self, each: FieldDescriptor) -> dict[str, Any]:
        """Return the value of every field option."""
        said = self._of_field.FromString(each.GetOptions().SerializeToString())
        return {name: said.Extensions[extension] for name, extension in self._extensions.items()}

    def message(self, message: Descriptor) -> bool:
        """Say whether every field of the message is left out when it is empty."""
        said = self._of_message.FromString(message.GetOptions().SerializeToString())
        return bool(said.Extensions[self._omits_all])

    def _class(self, name: str) -> Any:  # noqa: ANN401 - a class made at run time
        return message_factory.GetMessageClass(self._pool.FindMessageTypeByName(name))
