"""Records for `tidings tail`: the newest ones, and what comes, over restarts of the service."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import TYPE_CHECKING, Any

import grpc

from tidings.core.backoff import Backoff
from tidings.v1 import event_pb2
from tidings.v1 import event_service_pb2 as pb

if TYPE_CHECKING:
    from tidings.v1.event_service_pb2_grpc import EventServiceAsyncStub  # exists in the stubs only

_LOG_ID_KEY = "tidings-log-id"
_POSITION_KEY = "tidings-position"
_FIRST_PAUSE_S = 0.2
_LONGEST_PAUSE_S = 5.0
# A service that goes away ends its streams, and one that is turned away by a crowd may come again.
_PASSING = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED)

_FIRST_LOOK = 256
"""Positions that are looked at for the newest records at first, at least."""
_WIDER = 8
"""How much further back each look goes than the one before."""


class Stream:
    """What a subscription brings, from its start on, each record once.

    `tell` is told of a service that is lost, with the reason, and with None when it is back.
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
        """Yield what comes until cancelled.

        Raises:
            grpc.aio.AioRpcError: the service was never there, or refuses what is asked.
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
        if response.records:
            self._request.after_seq = response.records[-1].seq
        elif response.HasField("heartbeat"):
            self._request.after_seq = max(response.heartbeat.seq, self._request.after_seq)


async def head_of(stub: EventServiceAsyncStub, request: pb.SubscribeRequest) -> tuple[str, int]:
    """Return the log's id and the position that a stream of what is new would begin past.

    Raises:
        grpc.aio.AioRpcError: the service is not there, or refuses what is asked.
    """
    asked = _at(request, None)
    call: Any = stub.Subscribe(asked)
    try:
        metadata = dict(await call.initial_metadata() or ())
        if _POSITION_KEY in metadata:
            return metadata[_LOG_ID_KEY], int(metadata[_POSITION_KEY])
        async for response in call:  # raises why there is none, or an older service tells it here
            if response.HasField("heartbeat"):
                return metadata.get(_LOG_ID_KEY, ""), response.heartbeat.seq
    finally:
        call.cancel()
    return "", 0


async def newest(
    stub: EventServiceAsyncStub, request: pb.SubscribeRequest, count: int, through: int
) -> list[event_pb2.Record]:
    """Return the last `count` records up to a position, oldest first; fewer if there are no more.

    The contract reads forward, so it looks at the end of the log, and then ever further back:
    each part once, and the whole of it only for what is rare.

    Raises:
        grpc.aio.AioRpcError: the service failed.
    """
    found: list[event_pb2.Record] = []
    width = max(_FIRST_LOOK, 2 * count)
    high, low = through, max(through - width, 0)
    while True:
        found = [*await last_of(stub, _at(request, low), count - len(found), high), *found]
        if len(found) >= count or low == 0:
            return found
        width *= _WIDER
        high, low = low, max(low - width, 0)


async def last_of(
    stub: EventServiceAsyncStub, request: pb.SubscribeRequest, count: int, through: int
) -> list[event_pb2.Record]:
    """Return the last `count` records between a request's start and a position, inclusive.

    Raises:
        grpc.aio.AioRpcError: the service failed.
    """
    kept: deque[event_pb2.Record] = deque(maxlen=count)
    call = stub.Subscribe(request)
    try:
        async for response in call:
            for record in response.records:
                if record.seq > through:
                    return list(kept)
                kept.append(record)
            if response.HasField("heartbeat") and response.heartbeat.seq >= through:
                return list(kept)
    finally:
        call.cancel()
    return list(kept)


def _at(request: pb.SubscribeRequest, after_seq: int | None) -> pb.SubscribeRequest:
    """Return the request with another start: past a position, or None = the end of the log."""
    asked = pb.SubscribeRequest()
    asked.CopyFrom(request)
    if after_seq is None:
        asked.latest = True
    else:
        asked.after_seq = after_seq
    return asked
