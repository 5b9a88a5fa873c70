"""The thin layer that calls: any RPC through a channel, from nothing but its route.

Errors are grpc's own `AioRpcError`; `status_of` reads them. No retries, no state.
"""

from collections.abc import AsyncIterable, Callable
from dataclasses import dataclass
from typing import Any

import grpc
from google.protobuf.message import Message

from tidings.gateway.transcode.metadata import Metadata
from tidings.gateway.transcode.routes import Route

# One message, or for a stream of requests all of them.
Request = Message | AsyncIterable[Message]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a unary call returned."""

    message: Message
    initial_metadata: Metadata
    trailing_metadata: Metadata


class AnswerStream:
    """The answers of a call in order. One reader; `cancel` when it stops before the end.

    Nothing is read ahead by us: who does not call `take` holds the service back.
    """

    def __init__(self, call: grpc.aio.UnaryStreamCall[Message, Message]) -> None:
        self._call = call

    async def opened(self) -> Metadata:
        """Wait for the service's header; return its initial metadata.

        Cancelling cancels the call.

        Raises:
            grpc.aio.AioRpcError: the call failed before that; the HTTP header has not gone out yet.
        """
        try:
            await self._call.wait_for_connection()
            return _metadata(await self._call.initial_metadata())
        except BaseException:
            self._call.cancel()
            raise

    async def take(self) -> Message | None:
        """Return the next message, None at the regular end.

        Cancelling cancels the call: whoever needs to wait with a time-out keeps this waiting in a
        task of its own.

        Raises:
            grpc.aio.AioRpcError: the call failed, before or after some messages.
        """
        message = await self._call.read()
        return message if isinstance(message, Message) else None

    async def trailing_metadata(self) -> Metadata:
        """Return the metadata that came after the last message. Waits for the end of the call."""
        return _metadata(await self._call.trailing_metadata())

    def cancel(self) -> None:
        """End the call at once; does nothing after its end."""
        self._call.cancel()


async def call_unary(
    route: Route,
    channel: grpc.aio.Channel,
    request: Request,
    *,
    metadata: Metadata = (),
    deadline_s: float | None,
) -> Answer:
    """Call an RPC that answers once. `deadline_s` counts from now, None is for ever.

    Cancelling cancels the call: run it beside a watch for the client's leaving.

    Raises:
        grpc.aio.AioRpcError: the call failed.
    """
    start = channel.stream_unary if route.rpc.client_streaming else channel.unary_unary
    call: grpc.aio.UnaryUnaryCall[Message, Message] = _start(
        start, route, request, metadata, deadline_s
    )
    message = await call
    return Answer(
        message,
        _metadata(await call.initial_metadata()),
        _metadata(await call.trailing_metadata()),
    )


def open_stream(
    route: Route,
    channel: grpc.aio.Channel,
    request: Request,
    *,
    metadata: Metadata = (),
    deadline_s: float | None = None,
) -> AnswerStream:
    """Start an RPC whose answers are streamed. Returns at once; needs a running event loop."""
    start = channel.stream_stream if route.rpc.client_streaming else channel.unary_stream
    return AnswerStream(_start(start, route, request, metadata, deadline_s))


def _start(
    kind: Callable[..., Any],
    route: Route,
    request: Request,
    metadata: Metadata,
    deadline_s: float | None,
) -> Any:  # noqa: ANN401 - four kinds of calls, with as many types in the stubs
    start = kind(
        route.rpc_path,
        request_serializer=route.request_class.SerializeToString,
        response_deserializer=route.response_class.FromString,
    )
    return start(request, timeout=deadline_s, metadata=metadata)


def _metadata(metadata: Any) -> Metadata:  # noqa: ANN401 - grpc.aio.Metadata has no types
    return tuple(metadata)
