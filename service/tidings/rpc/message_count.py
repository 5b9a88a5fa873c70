"""Counts the messages inside an encoded message without creating any of them.

How this works: a parser creates an object for every nested message, and the smallest takes
two bytes: so a request of a legal size may need a hundred times as much memory, before
authentication. On the wire a nested message is bytes with a length, so a parser that
reads them as bytes can count them; concatenated, those of one field are parsed as
one, level by level. That parser runs without a pause, and keeps an entry for each: if there may be
very many of them, a thread scans the bytes instead, which is slower and does not block others.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.descriptor import Descriptor
from google.protobuf.message import DecodeError, Message

_Proto = descriptor_pb2.FieldDescriptorProto

_MAX_DEPTH = 100  # protobuf's own limit
_VARINT, _BYTES = 0, 2
_FIXED = {1: 8, 5: 4}  # wire types of a fixed size, which is
_MORE = 0x80  # of a varint's byte: another follows

_TAG_BYTES = bytes(byte for byte in range(256) if byte & 7 == _BYTES)
"""Every field that holds a message begins with one of these."""

_DENSE_BYTES = 4
"""If at most one byte in four is such a byte, a parser takes at most 50 ms for 5 MiB."""


async def holds_more(message: Descriptor, encoded: bytes, most: int) -> bool:
    """Return whether an encoded message holds more than a number of others, or nests too deeply.

    Raises:
        DecodeError: the bytes are not a message.
    """
    tags = len(encoded) - len(encoded.translate(None, _TAG_BYTES))
    if tags <= most:
        return False  # its parser checks whether it is valid
    if tags * _DENSE_BYTES <= len(encoded):
        return parsed_holds_more(message, encoded, most)
    return await asyncio.to_thread(walked_holds_more, message, encoded, most)


def parsed_holds_more(message: Descriptor, encoded: bytes, most: int) -> bool:
    """Return the same, by a parser: fast, without a pause."""
    count = 0
    level: dict[Descriptor, list[bytes]] = {message: [encoded]}
    for _ in range(_MAX_DEPTH):
        below: dict[Descriptor, list[bytes]] = defaultdict(list)
        for kind, parts in level.items():
            shape = _shape_of(kind)
            if shape is None:
                continue
            parsed: Message = shape.FromString(b"".join(parts))
            for field, found in parsed.ListFields():
                count += len(found)
                if count > most:
                    return True
                inner = kind.fields_by_number[field.number].message_type
                assert inner is not None
                below[inner] += found
        if not below:
            return False
        level = below
    return True


def walked_holds_more(message: Descriptor, encoded: bytes, most: int) -> bool:
    """Return the same, by a scan of the fields: it ends at the first message above the limit."""
    count = 0
    levels = [(_byte_fields(encoded, 0, len(encoded)), _inner_of(message))]
    while levels:
        fields, inner = levels[-1]
        for number, start, end in fields:
            below = inner.get(number)
            if below is not None:
                count += 1
                if count > most or len(levels) == _MAX_DEPTH:
                    return True
                levels.append((_byte_fields(encoded, start, end), _inner_of(below)))
                break
        else:
            levels.pop()
    return False


def _byte_fields(encoded: bytes, position: int, end: int) -> Iterator[tuple[int, int, int]]:
    """Yield number, start and end of each field of bytes between two positions."""
    try:
        while position < end:
            tag, position = _varint(encoded, position)
            kind = tag & 7
            if kind == _BYTES:
                size, position = _varint(encoded, position)
                if position + size <= end:
                    yield tag >> 3, position, position + size
                position += size
            elif kind == _VARINT:
                _, position = _varint(encoded, position)
            else:
                position += _FIXED[kind]
    except (IndexError, KeyError):
        raise DecodeError from None
    if position > end:
        raise DecodeError


def _varint(encoded: bytes, position: int) -> tuple[int, int]:
    """Return the number at a position and the position after it."""
    byte = encoded[position]
    if byte < _MORE:
        return byte, position + 1
    value, shift = 0, 0
    while byte >= _MORE:
        value |= (byte - _MORE) << shift
        shift += 7
        position += 1
        byte = encoded[position]
    return value | byte << shift, position + 1


@cache
def _inner_of(message: Descriptor) -> Mapping[int, Descriptor]:
    """Return the fields that hold messages, by number."""
    return {field.number: field.message_type for field in message.fields if field.message_type}


@cache
def _shape_of(message: Descriptor) -> Any:  # noqa: ANN401 - a class that is made here
    """Return a message in which all messages of another are bytes; None = it has none."""
    inner = [field for field in message.fields if field.message_type is not None]
    if not inner:
        return None
    file = descriptor_pb2.FileDescriptorProto(name="shape", syntax="proto3")
    shape = file.message_type.add(name="Shape")
    for field in inner:
        shape.field.add(
            name=field.name,
            number=field.number,
            label=_Proto.LABEL_REPEATED,
            type=_Proto.TYPE_BYTES,
        )
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("Shape"))
