"""Records for `tidings tail`: a stream that survives restarts of the service."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import TYPE_CHECKING, Any

import grpc

from tidings.core.backoff import Backoff
from tidings.v1 import event_service_pb2 as pb

if TYPE_CHECKING:
    from tidings.v1.event_service_pb2_grpc import EventServiceAsyncStub  # exists in the stubs only

_LOG_ID_KEY = "tidings-log-id"
_POSITION_KEY = "tidings-position"
_FIRST_PAUSE_S = 0.2
_LONGEST_PAUSE_S = 5.0
# A service that stops ends its streams; after a refusal under load a retry may succeed.
_PASSING = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED)


class Stream:
    """The records of a subscription, from its start on, each once.

    `tell` is called with the reason when the service is lost, and with None when it is back.
    """

    def __init__(
        self,
        stub: EventServiceAsyncStub,
        request: pb.SubscribeRequest,
        tell: Callable[[str | None], None],
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._stub = stub
        self._request = pb.SubscribeRequest()
        self._request.CopyFrom(request)
        self._tell = tell
        self._pause = pause
        self._backoff = Backoff(_FIRST_PAUSE_S, _LONGEST_PAUSE_S)
        self._is_lost = False

    async def responses(self) -> AsyncGenerator[pb.SubscribeResponse, None]:
        """Yield responses until cancelled.

        Raises:
            grpc.aio.AioRpcError: the service was never reached, or refuses the request.
        """
        while True:
            reason = "it ended the stream"
            call = self._stub.Subscribe(self._request)
            try:
                self._begin(dict(await call.initial_metadata() or ()))
                async for response in call:
                    self._advance(response)
                    yield response
            except grpc.aio.AioRpcError as error:
                if not self._request.log_id or error.code() not in _PASSING:
                    raise
                reason = error.details() or error.code().name
            finally:
                call.cancel()
            if not self._is_lost:
                self._is_lost = True
                self._tell(reason)
            await self._pause(self._backoff.next_s())

    def _begin(self, metadata: dict[str, Any]) -> None:
        """Note where a stream begins; without checks that were passed there is nothing to note."""
        if _LOG_ID_KEY not in metadata:
            return
        self._request.log_id = metadata[_LOG_ID_KEY]
        if _POSITION_KEY in metadata:
            self._request.after_seq = int(metadata[_POSITION_KEY])
        if self._is_lost:
            self._is_lost = False
            self._tell(None)

    def _advance(self, response: pb.SubscribeResponse) -> None:
        self._backoff.reset()
        match response.WhichOneof("part"):
            case "batch":
                self._request.after_seq = response.batch.records[-1].seq
            case "heartbeat":
                self._request.after_seq = response.heartbeat.seq
            case "gap":
                self._request.after_seq = response.gap.resume_seq
