"""The thin layer that calls: an RPC through a channel, from nothing but its route.

Errors are grpc's own `AioRpcError`; `status_of` reads them. No retries, no state.
"""

from collections.abc import Callable
from typing import Any

import grpc
from google.protobuf.message import Message

from tidings.gateway.transcode.metadata import Metadata
from tidings.gateway.transcode.routes import Route


class AnswerStream:
    """The answers of a call in order. One reader; `cancel` when it stops before the end.

    Nothing is read ahead: without `take`, backpressure reaches the service.
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
            return tuple(await self._call.initial_metadata())
        except BaseException:
            self._call.cancel()
            raise

    async def take(self) -> Message | None:
        """Return the next message, None at the regular end.

        Cancelling cancels the call: to wait with a time-out, keep this waiting in a task of its
        own.

        Raises:
            grpc.aio.AioRpcError: the call failed, before or after some messages.
        """
        message = await self._call.read()
        return message if isinstance(message, Message) else None

    def cancel(self) -> None:
        """End the call at once; does nothing after its end."""
        self._call.cancel()


async def call_unary(
    route: Route,
    channel: grpc.aio.Channel,
    request: Message,
    *,
    metadata: Metadata = (),
    deadline_s: float | None,
    hear: Callable[[Any], None] | None = None,
) -> Message:
    """Call an RPC that answers once. `deadline_s` counts from now, None is for ever.

    `hear` is called with the trailing metadata of the answer.

    Cancelling cancels the call: run it beside a watch for the client's leaving.

    Raises:
        grpc.aio.AioRpcError: the call failed.
    """
    call = channel.unary_unary(
        route.rpc_path,
        request_serializer=route.request_class.SerializeToString,
        response_deserializer=route.response_class.FromString,
    )
    called = call(request, timeout=deadline_s, metadata=metadata)
    answer = await called
    if hear is not None:
        hear(await called.trailing_metadata())
    return answer
