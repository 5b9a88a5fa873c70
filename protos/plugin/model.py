"""What the protos say of each system's JSON, as plain data."""

from __future__ import annotations

import enum
import keyword
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from google.protobuf import message_factory
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.descriptor_pb2 import FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool

ENVELOPE = "tidings.v1.Event"


class Kind(enum.Enum):
    """How one value is written."""

    TEXT = "text"
    FLAG = "flag"
    SIGNED = "signed"
    UNSIGNED = "unsigned"
    NUMBER = "number"
    BASE64 = "base64"
    RAW = "raw"
    TIME = "time"
    DURATION = "duration"
    MESSAGE = "message"


class Amount(enum.Enum):
    """How many values a member has."""

    ONE = "one"
    LIST = "list"
    MAP = "map"


AS_THEY_ARE = frozenset((Kind.TEXT, Kind.FLAG, Kind.SIGNED, Kind.UNSIGNED))
"""Kinds whose parsed value is what the message's constructor takes."""

ALONE = frozenset((Kind.RAW, Kind.TIME, Kind.DURATION, Kind.BASE64))
"""Kinds that no system has lists or maps of."""


@dataclass(frozen=True)
class Member:
    """One member of a JSON object, and the field that holds it."""

    name: str
    field: str
    kind: Kind
    amount: Amount
    has_presence: bool
    left_out_when_empty: bool
    null_when_empty: bool
    null_values: bool
    full_form_only: bool
    always_in: tuple[str, ...]  # kinds of the object
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
    alternatives: list[str] = field(default_factory=list)  # fields of its oneof

    @property
    def kinds(self) -> list[str]:
        """The kinds that it may be of, in the order in which its members name them."""
        return list(dict.fromkeys(kind for each in self.members for kind in each.always_in))

    @property
    def is_plain(self) -> bool:
        """Whether every parsed member is what the message's constructor takes."""
        plain = all(each.kind in AS_THEY_ARE for each in self.members)
        return plain and not self.alternatives


@dataclass
class System:
    """All objects of one system, the event first; none = no JSON is generated for it."""

    name: str
    objects: list[Object]

    def object(self, name: str | None) -> Object:
        """Return one object by its message's name."""
        return next(each for each in self.objects if each.name == name)


_KINDS = {
    FieldDescriptor.TYPE_STRING: Kind.TEXT,
    FieldDescriptor.TYPE_BOOL: Kind.FLAG,
    FieldDescriptor.TYPE_INT64: Kind.SIGNED,
    FieldDescriptor.TYPE_UINT64: Kind.UNSIGNED,
    FieldDescriptor.TYPE_DOUBLE: Kind.NUMBER,
    FieldDescriptor.TYPE_BYTES: Kind.BASE64,
    FieldDescriptor.TYPE_MESSAGE: Kind.MESSAGE,
}
_WELL_KNOWN = {"google.protobuf.Timestamp": Kind.TIME, "google.protobuf.Duration": Kind.DURATION}


def read_systems(files: Iterable[FileDescriptorProto]) -> Iterator[System]:
    """Yield every system: one for each body that an event can have, in the order of the contract.

    One whose JSON does not follow the rules of json_options.proto has no objects.

    Raises:
        ValueError: a field has a type that no rule is known for.
    """
    pool = DescriptorPool()
    for file in files:
        pool.Add(file)
    options = _OptionReader(pool)
    for body in pool.FindMessageTypeByName(ENVELOPE).oneofs_by_name["body"].fields:
        root = _message_of(body)
        objects = [] if options.of_message(root)["other_json"] else _reachable(root)
        yield System(body.name, [_object(each, options) for each in objects])


def _message_of(each: FieldDescriptor) -> Descriptor:
    assert each.message_type is not None, f"{each.full_name} is no message"
    return each.message_type


def _reachable(root: Descriptor) -> list[Descriptor]:
    found: dict[str, Descriptor] = {}
    waiting = [root]
    while waiting:
        message = waiting.pop(0)
        if message.full_name in found:
            continue
        found[message.full_name] = message
        for each in message.fields:
            inner = _value_of(each).message_type
            if inner is not None and inner.full_name not in _WELL_KNOWN:
                waiting.append(inner)
    return list(found.values())


def _value_of(each: FieldDescriptor) -> FieldDescriptor:
    """Return the field that holds one value: of a map, its entry's."""
    if each.message_type is not None and each.message_type.GetOptions().map_entry:
        return each.message_type.fields_by_name["value"]
    return each


def _object(message: Descriptor, options: _OptionReader) -> Object:
    omits_all = options.of_message(message)["omit_empty_fields"]
    rules = {each.name: options.of_field(each) for each in message.fields}
    exact = {said["exact_json_of"]: name for name, said in rules.items() if said["exact_json_of"]}
    result = Object(message.name, message.file.name.removesuffix(".proto").replace("/", "."))
    result.alternatives = [
        each.name for oneof in message.oneofs if len(oneof.fields) > 1 for each in oneof.fields
    ]
    for each in message.fields:
        said = rules[each.name]
        if said["absent"] or said["exact_json_of"]:
            continue
        kind, amount = _kind(each, is_raw=said["raw_json"]), _amount(each)
        _refuse_unknown(each, kind, amount)
        _refuse_unknown_holds(each, said["holds"], is_raw=said["raw_json"])
        result.members.append(
            Member(
                name=each.json_name,
                field=each.name,
                kind=kind,
                amount=amount,
                has_presence=each.has_presence,
                left_out_when_empty=said["omit_empty"]
                or omits_all
                or each.name in result.alternatives,
                null_when_empty=said["null_when_empty"],
                null_values=said["null_values"],
                full_form_only=said["full_form_only"],
                always_in=tuple(said["always_in"].split()),
                whole_seconds=said["whole_seconds"],
                micros=said["micros"],
                message=_message_of(_value_of(each)).name if kind is Kind.MESSAGE else None,
                exact_field=exact.get(each.name),
            )
        )
    if len(result.kinds) not in (0, 2):
        raise ValueError(f"{message.full_name}: is of one of two kinds, or of none")
    return result


def _kind(each: FieldDescriptor, *, is_raw: bool) -> Kind:
    value = _value_of(each)
    if is_raw:
        return Kind.RAW
    if value.message_type is not None:
        return _WELL_KNOWN.get(value.message_type.full_name, Kind.MESSAGE)
    if value.type not in _KINDS:
        raise ValueError(f"{each.full_name}: no rule for this type; use int64, uint64 or string")
    return _KINDS[value.type]


def _amount(each: FieldDescriptor) -> Amount:
    if _value_of(each) is not each:
        return Amount.MAP
    return Amount.LIST if each.is_repeated else Amount.ONE


def _refuse_unknown(each: FieldDescriptor, kind: Kind, amount: Amount) -> None:
    if amount is not Amount.ONE and kind in ALONE:
        raise ValueError(f"{each.full_name}: no rule for lists and maps of {kind.value}")
    if keyword.iskeyword(each.name):
        raise ValueError(f"{each.full_name}: a keyword of Python cannot be its name")


def _refuse_unknown_holds(each: FieldDescriptor, held: str, *, is_raw: bool) -> None:
    if not held:
        return
    if not is_raw:
        raise ValueError(f"{each.full_name}: holds is for raw_json")
    assert each.containing_type is not None
    file = each.containing_type.file
    try:
        file.pool.FindMessageTypeByName(f"{file.package}.{held}")
    except KeyError:
        raise ValueError(f"{each.full_name}: no message {held}") from None


class _OptionReader:
    """Reads our options, which protoc hands over as fields that only the pool knows."""

    def __init__(self, pool: DescriptorPool) -> None:
        self._classes = {
            name: message_factory.GetMessageClass(pool.FindMessageTypeByName(name))
            for name in ("google.protobuf.FieldOptions", "google.protobuf.MessageOptions")
        }
        declared = pool.FindFileByName("tidings/v1/json_options.proto").extensions_by_name
        self._extensions = list(declared.values())

    def of_field(self, each: FieldDescriptor) -> dict[str, Any]:
        """Return the value of every field option."""
        return self._read("google.protobuf.FieldOptions", each.GetOptions().SerializeToString())

    def of_message(self, message: Descriptor) -> dict[str, Any]:
        """Return the value of every message option."""
        said = message.GetOptions().SerializeToString()
        return self._read("google.protobuf.MessageOptions", said)

    def _read(self, kind: str, said: bytes) -> dict[str, Any]:
        options: Any = self._classes[kind].FromString(said)
        return {
            each.name: options.Extensions[each]
            for each in self._extensions
            if each.containing_type is not None and each.containing_type.full_name == kind
        }
