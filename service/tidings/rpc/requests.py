"""Unparsed requests: bytes that are checked before they are parsed, and errors of bad ones."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Callable
from typing import Any

import grpc
from google.protobuf import message_factory
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.message import DecodeError

from tidings.core.errors import BadRequest, PayloadTooLarge
from tidings.core.limits import MAX_QUESTION_BYTES, MAX_REQUEST_BYTES
from tidings.rpc.leaving import is_of_leaving
from tidings.rpc.message_count import holds_more
from tidings.rpc.status import abort, status_of

MAX_DRAFTS = 10_000
"""Of one request of a stream; a commit holds 1000."""

FREE_COUNT = 3 * MAX_DRAFTS
"""Messages that any request may hold, however short they are: a draft of one event has three."""

BYTES_A_MESSAGE = 24
"""The least average size of the others, so that parsing takes no more than several times the
request. Dense Nomad events have 40."""

_LARGE = frozenset(("Publish", "PublishStream", "Fire"))

_WITH_METADATA = frozenset(("PublishStream", "Subscribe"))

_READS = ("Count", "Get", "List", "Read")

Context = grpc.aio.ServicerContext[Any, Any]


class Decoder:
    """Parses the requests of one method."""

    def __init__(self, method: MethodDescriptor) -> None:
        self.sends_metadata = (
            method.name in _WITH_METADATA
        )  # by itself, once its checks have passed
        self.is_bounded_read = not method.server_streaming and method.name.startswith(_READS)
        self.is_of_stream = method.client_streaming
        self._type = method.input_type
        self._parse = message_factory.GetMessageClass(method.input_type).FromString
        self._max_bytes = MAX_REQUEST_BYTES if method.name in _LARGE else MAX_QUESTION_BYTES

    async def __call__(self, encoded: bytes) -> Any:  # noqa: ANN401 - any method's request
        """Return the request.

        Raises:
            BadRequest: the bytes are not valid, or hold more messages than the limit.
            PayloadTooLarge: there are too many of them.
        """
        if len(encoded) > self._max_bytes:
            raise PayloadTooLarge("", len(encoded), self._max_bytes)
        try:
            most = FREE_COUNT + len(encoded) // BYTES_A_MESSAGE
            if len(encoded) > 2 * FREE_COUNT and await holds_more(self._type, encoded, most):
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
            BadRequest, PayloadTooLarge: as for a single one.
        """
        async for encoded in requests:
            yield await self(encoded)


def decoding(behavior: Callable[[Any, Context], Any], decoder: Decoder) -> Callable[..., Any]:
    """Return a method of a foreign servicer for unparsed requests."""

    async def lone(encoded: bytes, context: Context) -> Any:  # noqa: ANN401 - any method's
        try:
            request = await decoder(encoded)
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
