"""One HTTP reader's progress through the log: a stream, and a place in it."""

from __future__ import annotations

import asyncio
from typing import Generic, Protocol

import structlog

from tidings.gateway.http.direct_write import DirectWriter
from tidings.gateway.live.stream import State, Stream
from tidings.gateway.live.stream_key import StreamKey
from tidings.gateway.live.tail import Line, LineTail
from tidings.gateway.live.waiter import Waiter
from tidings.gateway.metrics import Metrics
from tidings.gateway.upstream.client import Opened
from tidings.gateway.upstream.failures import Failure
from tidings.v1 import event_service_pb2 as pb

_log = structlog.get_logger("tidings.gateway")


class Streams(Protocol):
    """Who keeps the streams of a gateway, as a reader sees it."""

    @property
    def metrics(self) -> Metrics:
        """Where readers are counted that fall behind."""
        ...

    @property
    def draining(self) -> bool:
        """Whether every reader is to end."""
        ...

    async def open(
        self, key: StreamKey[Line], request: pb.SubscribeRequest
    ) -> tuple[Stream[Line], Opened]:
        """Return a stream from the request's start on, joined, and what the service said of it.

        Raises:
            grpc.aio.AioRpcError: the service refused, or stayed away; nothing is open.
        """
        ...

    def live(self, stream: Stream[Line]) -> Stream[Line]:
        """Return the live stream of a stream's key: from now on this one, if there was none."""
        ...


class Reader(Generic[Line]):
    """One HTTP reader's progress through the log. `close` it in any case."""

    def __init__(
        self, streams: Streams, key: StreamKey[Line], request: pb.SubscribeRequest
    ) -> None:
        self.log_id = ""
        self.failure: Failure | None = None
        """Why the stream failed; None after a regular end. Already logged."""
        self._streams = streams
        self._key = key
        self._request = request
        self._stream: Stream[Line] | None = None  # None = the end
        self._place = 0
        self._position = 0  # 0 = the request's start, until the service returns a position
        self._ahead_through = 0  # 0 = the stream has reached this reader's position at joining
        self._waiter = Waiter()
        self._writer: DirectWriter[Line] | None = None  # last written to by the stream
        self._written_from_bytes = 0  # in the stream, where it began to

    @property
    def door(self) -> str:
        """The door that this reads by."""
        return self._key.renderer.name

    @property
    def lag(self) -> int:
        """How many positions this is behind its stream; 0 = it has everything."""
        stream = self._stream
        if stream is None or stream.is_attached(self) or self._place >= stream.tail.end:
            return 0
        return max(0, stream.tail.last_seq - self._position)

    async def open(self) -> None:
        """Begin at the request's start.

        Raises:
            grpc.aio.AioRpcError: the service refused, or stayed away; nothing is open.
        """
        self._stream, opened = await self._streams.open(self._key, self._request)
        self._place = self._ahead_through = 0
        self._position = opened.position or self._position
        self.log_id = opened.log_id
        self._streams.metrics.readers.add(self)

    async def begin(self, until_s: float) -> None:
        """Wait for the first message, at most until `until_s` of the loop's time; take nothing.

        After it the reader has caught up, or further: from then on it misses nothing.
        """
        if self._stream is not None and not self._stream.has_begun:
            await self._stream.wait(self._waiter, until_s)

    async def take(self, until_s: float, writer: DirectWriter[Line] | None = None) -> Line | None:
        """Return the next lines; empty = none until `until_s` of the loop's time, None = the end.

        Lines that arrive at a live stream while this waits are written directly, and the wait
        continues: that saves every reader a task switch for every event. What the writer does not
        take, and every gap, is returned.

        After cancelling, the reader can only be closed.
        """
        loop = asyncio.get_running_loop()
        while (stream := self._stream) is not None:
            if stream.state is State.RETIRED or not self._can_read(stream.tail):
                await self._go_back()
                continue
            chunk = self._take_from(stream)
            if chunk is not None:
                return chunk
            if stream is not self._stream:
                continue
            if stream.state is State.ENDED:
                self._end(stream.failure)
                return None
            if loop.time() >= until_s:
                return self._key.renderer.form.join(())
            await self._wait(stream, until_s, writer)
        return None

    def close(self) -> None:
        """Leave the stream, which ends with its last reader."""
        self._streams.metrics.readers.remove(self)
        self._waiter.close()
        if self._stream is not None:
            self._stream.leave()
            self._stream = None

    def detach(self) -> None:
        """Detach from the stream, and continue from its end."""
        if self._stream is not None and self._stream.detach(self):
            if self._writer is not None:
                end_bytes = self._stream.tail.end_bytes
                self._writer.streamed_bytes += end_bytes - self._written_from_bytes
            self._stand_at_end(self._stream.tail)
            self._waiter.wake()

    def fail(self, error: Exception) -> None:
        """Have `take` raise the error of writing to the client."""
        self._waiter.fail(error)

    def _can_read(self, tail: LineTail[Line]) -> bool:
        if self._place < tail.first:
            return False
        return not self._ahead_through or tail.covers_after <= self._ahead_through

    def _take_from(self, stream: Stream[Line]) -> Line | None:
        """Return what is there from our place on; at the head, continue with the live stream."""
        tail = stream.tail
        if self._ahead_through:
            # delivered by another stream before
            while self._place < tail.end and tail.seq_at(self._place) <= self._ahead_through:
                self._place += 1
            if tail.last_seq >= self._ahead_through:
                self._ahead_through = 0
        chunk = None
        if self._place < tail.end:
            chunk, self._place = tail.take(self._place)
            self._position = max(self._position, tail.seq_at(self._place - 1))
        stream.advance(self._place)
        if self._place == tail.end:
            self._stand_at_end(tail)
            if stream.is_at_head and stream.state is State.PACED:
                self._go_live(stream)
        return chunk

    def _stand_at_end(self, tail: LineTail[Line]) -> None:
        self._place = tail.end
        self._position = max(self._position, tail.last_seq)

    def _go_live(self, stream: Stream[Line]) -> None:
        """Continue with the live stream, unless it lacks something that comes next here."""
        live = self._streams.live(stream)
        if live is stream or live.tail.covers_after > self._position:
            return  # the latter until a later heartbeat
        live.join()
        self._stream = live
        self._place = live.tail.place_after(self._position)
        self._ahead_through = self._position if self._position > live.tail.last_seq else 0
        stream.leave()

    async def _wait(
        self, stream: Stream[Line], until_s: float, writer: DirectWriter[Line] | None
    ) -> None:
        """Wait at the end of a stream, attached to it while the client can be written to."""
        may_attach = stream.state is State.LIVE and not self._ahead_through
        sink = writer.open(self.detach) if writer is not None and may_attach else None
        if writer is None or sink is None:
            await stream.wait(self._waiter, until_s)
            return
        stream.attach(self, writer.framed, sink)
        self._writer, self._written_from_bytes = writer, stream.tail.end_bytes
        try:
            await self._waiter.wait(until_s)
        finally:
            writer.shut()
            self.detach()

    async def _go_back(self) -> None:
        """Change to another stream from our position on, since this one lacks what comes next."""
        self.close()
        if self._streams.draining:
            return
        request = pb.SubscribeRequest()
        request.CopyFrom(self._request)
        if self._position:
            request.after_seq = self._position
        request.log_id = self.log_id
        self._request = request
        self._streams.metrics.fallen_back.labels(door=self._key.renderer.name).inc()
        try:
            await self.open()
        except Failure as error:
            self._end(error)

    def _end(self, failure: Failure | None) -> None:
        self.failure = failure
        if failure is not None:
            code, text = failure.code().name, failure.details()
            _log.info("stream ended", door=self._key.renderer.name, code=code, reason=text)
