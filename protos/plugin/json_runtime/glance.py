"""A quick look at encoded messages: whether any holds a field of some, without decoding one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cached_property
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message

_Proto = descriptor_pb2.FieldDescriptorProto
_DELIMITED = {_Proto.TYPE_MESSAGE, _Proto.TYPE_STRING, _Proto.TYPE_BYTES}


class Glance:
    """Looks for fields anywhere inside of a message: `is_wanted` is asked of each of its contract.

    How this works: a parser merges what comes twice of a field that is not repeated, and skips
    what it does not know. So bytes are parsed as messages that have the wanted fields and those on
    the way to them, and in which nothing is repeated: C code goes over the whole once, and Python
    asks a few questions of what is left, where a look at each event took most of the time. Joined
    encodings are one message, so that many can be looked at together.
    """

    def __init__(self, message: Descriptor, is_wanted: Callable[[FieldDescriptor], bool]) -> None:
        self._message = message
        self._is_wanted = is_wanted

    def holds(self, encoded: bytes) -> bool:
        """Say whether a message, or any of several joined, has a wanted field: be it empty."""
        return self._shape is not None and _has_leaf(self._shape.FromString(encoded))

    @cached_property
    def _shape(self) -> Any:  # noqa: ANN401 - a class that is made here, of the contract
        leading = self._leading()
        if self._message not in leading:
            return None
        file = descriptor_pb2.FileDescriptorProto(name="shape")  # proto2 knows presence
        for message in leading:
            shape = file.message_type.add(name=_name(message))
            for field in message.fields:
                if self._is_wanted(field):
                    shape.field.append(_leaf(field))
                elif field.message_type in leading:
                    shape.field.add(
                        name=field.name,
                        number=field.number,
                        label=_Proto.LABEL_OPTIONAL,
                        type=_Proto.TYPE_MESSAGE,
                        type_name=f".{_name(field.message_type)}",
                    )
        pool = descriptor_pool.DescriptorPool()
        pool.Add(file)
        return message_factory.GetMessageClass(pool.FindMessageTypeByName(_name(self._message)))

    def _leading(self) -> set[Descriptor]:
        """Return the messages that have a wanted field, or one that leads to such a message."""
        messages = set(_messages(self._message, set()))
        leading = {each for each in messages if any(map(self._is_wanted, each.fields))}
        while more := {
            each
            for each in messages - leading
            if any(field.message_type in leading for field in each.fields)
        }:
            leading |= more
        return leading


def _messages(message: Descriptor, seen: set[Descriptor]) -> Iterator[Descriptor]:
    if message not in seen:
        seen.add(message)
        yield message
        for field in message.fields:
            if field.message_type is not None:
                yield from _messages(field.message_type, seen)


def _name(message: Descriptor) -> str:
    return message.full_name.replace(".", "_")


def _leaf(field: FieldDescriptor) -> _Proto:
    """Return the field; one that has a length as its bytes, for what is in it does not matter."""
    kind = _Proto.Type.ValueType(field.type)
    is_delimited = kind in _DELIMITED
    if is_delimited:
        kind = _Proto.TYPE_BYTES
    elif kind == _Proto.TYPE_ENUM:
        kind = _Proto.TYPE_INT32  # its values are not in the shape
    is_packable = field.is_repeated and not is_delimited
    label = _Proto.LABEL_REPEATED if is_packable else _Proto.LABEL_OPTIONAL
    return _Proto(name=field.name, number=field.number, label=label, type=kind)


def _has_leaf(message: Message) -> bool:
    for field, value in message.ListFields():  # `any` takes twice the time
        if field.message_type is None or _has_leaf(value):
            return True
    return False
