"""Requests as they come: bytes, looked at before they are parsed, and what becomes of bad ones.

How this works: a parser makes an object of every message inside of another, and the smallest takes
two bytes: a request of a legal size may so become some hundred times as much memory, before anybody
has asked who is calling. So what is long is counted first. On the wire a message inside of another
is bytes with a length, so a parser that takes them for bytes finds out how many there are without
making any of them; put together, those of one field are parsed like one, level by level.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterable, AsyncIterator, Callable
from functools import cache
from typing import Any

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.descriptor import Descriptor, MethodDescriptor
from google.protobuf.message import DecodeError, Message

from tidings.core.errors import BadRequest, PayloadTooLarge
from tidings.core.limits import MAX_QUESTION_BYTES, MAX_REQUEST_BYTES
from tidings.rpc.leaving import is_of_leaving
from tidings.rpc.status import abort, status_of

MAX_DRAFTS = 10_000
"""Of one request of a stream; a commit holds 1000."""

FREE_COUNT = 3 * MAX_DRAFTS
"""Messages that any request may hold, however short they are: a draft of one event has three."""

BYTES_A_MESSAGE = 24
"""What the others have on average at least, so that parsing takes no more than some times the
request. Dense events of Nomad's have 40."""

_MAX_DEPTH = 100  # protobuf's own
_LARGE = frozenset(("Publish", "PublishStream", "Fire"))

Context = grpc.aio.ServicerContext[Any, Any]
_Proto = descriptor_pb2.FieldDescriptorProto


class Decoder:
    """Makes messages of what one method is sent."""

    def __init__(self, method: MethodDescriptor) -> None:
        self.is_of_stream = method.client_streaming
        self._type = method.input_type
        self._parse = message_factory.GetMessageClass(method.input_type).FromString
        self._max_bytes = MAX_REQUEST_BYTES if method.name in _LARGE else MAX_QUESTION_BYTES

    def __call__(self, encoded: bytes) -> Any:  # noqa: ANN401 - any method's request
        """Return the request.

        Raises:
            BadRequest: the bytes are none, or hold more messages than would be parsed for anybody.
            PayloadTooLarge: there are too many of them.
        """
        if len(encoded) > self._max_bytes:
            raise PayloadTooLarge("", len(encoded), self._max_bytes)
        try:
            most = FREE_COUNT + len(encoded) // BYTES_A_MESSAGE
            if len(encoded) > 2 * FREE_COUNT and holds_more(self._type, encoded, most):
                raise BadRequest("", f"the request holds more than {most} messages")
            request: Any = self._parse(encoded)
        except DecodeError:
            raise BadRequest("", f"the request is no {self._type.full_name}") from None
        if self._type.name == "PublishStreamRequest" and len(request.drafts) > MAX_DRAFTS:
            raise BadRequest("drafts", f"a request holds at most {MAX_DRAFTS}")
        return request

    async def each(self, requests: AsyncIterable[bytes]) -> AsyncIterator[Any]:
        """Yield the requests of a stream.

        Raises:
            BadRequest, PayloadTooLarge: as for a lone one.
        """
        async for encoded in requests:
            yield self(encoded)


def decoding(behavior: Callable[[Any, Context], Any], decoder: Decoder) -> Callable[..., Any]:
    """Return a method of somebody else's servicer for requests as they come."""

    async def lone(encoded: bytes, context: Context) -> Any:  # noqa: ANN401 - any method's
        try:
            request = decoder(encoded)
        except BadRequest as error:
            await abort(context, status_of(error))
        try:
            return await behavior(request, context)
        except grpc.aio.BaseError as error:
            if is_of_leaving(error):
                raise asyncio.CancelledError from None
            raise

    async def several(requests: AsyncIterable[bytes], context: Context) -> AsyncIterator[Any]:
        try:
            async for response in behavior(decoder.each(requests), context):
                yield response
        except BadRequest as error:
            await abort(context, status_of(error))

    return several if decoder.is_of_stream else lone


def holds_more(message: Descriptor, encoded: bytes, most: int) -> bool:
    """Say whether an encoded message holds more than so many others, or too deep ones.

    Raises:
        DecodeError: the bytes are no message.
    """
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
