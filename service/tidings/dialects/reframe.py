"""A draft's bytes as a record's, without making a message of any event."""

from __future__ import annotations

from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.descriptor import Descriptor

from tidings.v1 import event_pb2


def record_of(draft: bytes) -> bytes:
    """Return the encoded record that holds the events of an encoded draft, each byte for byte.

    How this works: on the wire a message inside of another is bytes with a length. So a parser that
    takes events for bytes cuts a draft into them and puts them together again, where a copy of the
    messages and its encoding took a fifth of the time in which ten small events are published.
    """
    encoded: bytes = _RECORD(events=_DRAFT.FromString(draft).events).SerializeToString()
    return encoded


def _with_bytes_for_events(message: Descriptor) -> Any:  # noqa: ANN401 - a class that is made here
    kind = descriptor_pb2.FieldDescriptorProto
    file = descriptor_pb2.FileDescriptorProto(name=f"{message.name}.bytes")
    file.message_type.add(name=message.name).field.add(
        name="events",
        number=message.fields_by_name["events"].number,
        label=kind.LABEL_REPEATED,
        type=kind.TYPE_BYTES,
    )
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(message.name))


_DRAFT = _with_bytes_for_events(event_pb2.Draft.DESCRIPTOR)
_RECORD = _with_bytes_for_events(event_pb2.Record.DESCRIPTOR)
