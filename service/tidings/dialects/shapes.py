"""Messages that know a part of the contract, so that C code can deal with events as bytes.

`FieldScan` sees whether any event has a field of some; `record_of` makes a record of a draft.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cached_property
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message

from tidings.v1 import event_pb2

_Proto = descriptor_pb2.FieldDescriptorProto
_DELIMITED = {_Proto.TYPE_MESSAGE, _Proto.TYPE_STRING, _Proto.TYPE_BYTES}


class FieldScan:
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
        """Return whether a message, or one of several, has a wanted field, even an empty one."""
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
        return _class_of(file, _name(self._message))

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


def record_of(draft: bytes) -> bytes:
    """Return the encoded record that holds the events of an encoded draft, each byte for byte.

    How this works: on the wire a message inside of another is bytes with a length. So a parser that
    takes events for bytes cuts a draft into them and puts them together again, where a copy of the
    messages and its encoding took a fifth of the time in which ten small events are published.
    """
    encoded: bytes = _RECORD(events=_DRAFT.FromString(draft).events).SerializeToString()
    return encoded


def _with_bytes_for_events(message: Descriptor) -> Any:  # noqa: ANN401 - a class that is made here
    file = descriptor_pb2.FileDescriptorProto(name=f"{message.name}.bytes")
    file.message_type.add(name=message.name).field.add(
        name="events",
        number=message.fields_by_name["events"].number,
        label=_Proto.LABEL_REPEATED,
        type=_Proto.TYPE_BYTES,
    )
    return _class_of(file, message.name)


def _class_of(file: descriptor_pb2.FileDescriptorProto, name: str) -> Any:  # noqa: ANN401 - as above
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(name))


_DRAFT = _with_bytes_for_events(event_pb2.Draft.DESCRIPTOR)
_RECORD = _with_bytes_for_events(event_pb2.EventRecord.DESCRIPTOR)
