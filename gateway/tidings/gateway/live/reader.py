"""One HTTP reader's way through the log: a stream of its own, then a feed; see `feeds`."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Generic

import structlog

from tidings.gateway.http.direct_write import Outlet
from tidings.gateway.live.convoy import Behind, Seat, outcome_of
from tidings.gateway.live.feed import Feed, Plan, Waiter
from tidings.gateway.live.tail import Line, LineTail
from tidings.gateway.upstream.failures import Failure
from tidings.v1 import event_service_pb2 as pb

if TYPE_CHECKING:
    from tidings.gateway.live.hub import Feeds, Taken

_log = structlog.get_logger("tidings.gateway")


class Reader(Generic[Line]):
    """One HTTP reader's way through the log. `close` it, whatever happens."""

    def __init__(
        self,
        feeds: Feeds,
        plan: Plan[Line],
        request: pb.SubscribeRequest,
        seat: Seat[Line] | None,
        log_id: str,
        position: int,
    ) -> None:
        self.log_id = log_id
        self.failure: Failure | None = None
        """Why the stream ended, where that was no regular end. Logged already."""
        self._feeds = feeds
        self._plan = plan
        self._request = request
        self._own = seat  # while catching up
        self._coming: asyncio.Task[Taken] | None = None  # its next message
        self._lost_through = 0  # as it told
        self._feed: Feed[Line] | None = None  # from then on
        self._place = 0
        self._ahead_through = 0  # 0 = the feed has come to where this reader was when it joined
        self._position = position  # 0 = what the request names, until a message tells one
        self._waiter = Waiter()

    async def begin(self, until_s: float) -> None:
        """Wait for the first message, at most until `until_s` of the loop's time; take nothing.

        It says that the reader has caught up, or is newer: from then on it misses nothing.
        """
        if self._own is not None and not self._feeds.draining:
            await self._wait_for_own(self._own, until_s)

    async def take(self, until_s: float, outlet: Outlet[Line] | None = None) -> Line | None:
        """Return the next lines; empty = none until `until_s` of the loop's time, None = the end.

        Lines that come to the feed while this waits go straight to the outlet, and the wait goes
        on: that saves every reader a turn of its task for every event. What it does not take, and
        every gap, is returned as ever.

        Cancelling leaves the reader fit only to be closed.
        """
        loop = asyncio.get_running_loop()
        while True:
            if self._feed is not None:
                if self._feed.is_retired or not self._can_read(self._feed.tail):
                    await self._fall_back(self._feed)
                    continue
                chunk = self._take_shared(self._feed.tail)
                self._feed.reach(self._place)
                if chunk is not None:
                    return chunk
                if self._feed.has_ended:
                    self._end(self._feed.failure)
                    return None
                if loop.time() >= until_s:
                    return self._plan.renderer.form.join(())
                await self._wait_shared(self._feed, until_s, outlet)
            else:
                own = await self._take_own(until_s)
                if own is None or own or (self._own is not None and loop.time() >= until_s):
                    return own

    def close(self) -> None:
        """End what is open upstream for this reader alone, and leave the feed."""
        self._waiter.close()
        if self._coming is not None:
            self._coming.cancel()
        if self._own is not None:
            self._own.cancel()
            self._own = None
        if self._feed is not None:
            self._feed.leave()
            self._feed = None

    def _can_read(self, tail: LineTail[Line]) -> bool:
        if self._place < tail.first:
            return False
        return not self._ahead_through or tail.covers_after <= self._ahead_through

    async def _wait_shared(
        self, feed: Feed[Line], until_s: float, outlet: Outlet[Line] | None
    ) -> None:
        """Wait at the end of a feed; follow it while the client can be written to."""
        sink = outlet.open(self.halt) if outlet is not None and not self._ahead_through else None
        if outlet is None or sink is None:
            await feed.wait(self._waiter, until_s)
            return
        feed.lead(self, outlet.framed, sink)
        try:
            await self._waiter.wait(until_s)
        finally:
            outlet.shut()
            self.halt()

    def halt(self) -> None:
        """Follow the feed no more, and go on from its end by ourselves."""
        if self._feed is not None and self._feed.release(self):
            self._stand_at_end(self._feed.tail)
            self._waiter.wake()

    def fail(self, error: Exception) -> None:
        """Have `take` raise what came of writing to the client."""
        self._waiter.fail(error)

    def _take_shared(self, tail: LineTail[Line]) -> Line | None:
        if self._ahead_through:
            # what a stream of one's own has brought comes to the feed once more
            while self._place < tail.end and tail.seq_at(self._place) <= self._ahead_through:
                self._place += 1
            if tail.last_seq >= self._ahead_through:
                self._ahead_through = 0
        if self._place == tail.end:
            self._stand_at_end(tail)
            return None
        chunk, self._place = tail.take(self._place)
        self._position = max(self._position, tail.seq_at(self._place - 1))
        return chunk

    def _stand_at_end(self, tail: LineTail[Line]) -> None:
        self._place = tail.end
        self._position = max(self._position, tail.last_seq)

    async def _take_own(self, until_s: float) -> Line | None:
        if self._own is None or self._feeds.draining:
            return None
        coming = await self._wait_for_own(self._own, until_s)
        if not coming.done():
            return self._plan.renderer.form.join(())
        self._coming = None
        message = coming.result()
        if isinstance(message, Behind):
            await self._go_back()
            return self._plan.renderer.form.join(())
        if isinstance(message, Failure):
            self._end(message)
            return None
        if message is None:
            return None
        if isinstance(message, Exception):
            raise message
        assert isinstance(message, pb.SubscribeResponse)
        seq, lines = self._own.printed()
        self._position = max(self._position, seq)
        if message.HasField("gap"):
            self._lost_through = max(self._lost_through, message.gap.last_seq)
        if message.HasField("heartbeat") and not self._feeds.draining:
            self._join(self._own)
        return lines

    async def _wait_for_own(self, own: Seat[Line], until_s: float) -> asyncio.Task[Taken]:
        if self._coming is None:
            # a task, because a read that is cancelled ends its call
            self._coming = self._feeds.begin(outcome_of(own))
            self._coming.add_done_callback(lambda _: self._waiter.wake())
        if not self._coming.done():
            await self._feeds.wait_alone(self._waiter, until_s)
        return self._coming

    def _join(self, own: Seat[Line]) -> None:
        feed = self._feeds.joinable(self._plan)
        if feed is None:
            if (answers := own.hand_over()) is None:
                return  # until a later heartbeat
            tail = LineTail(self._position, self._plan.renderer.form)
            tail.lack(self._lost_through)
            feed = self._feeds.start(self._plan, answers, tail)
        elif feed.tail.covers_after > self._position:
            return  # the same
        own.cancel()
        feed.join()
        self._feed, self._own = feed, None
        self._place = feed.tail.place_after(self._position)
        self._ahead_through = self._position if self._position > feed.tail.last_seq else 0

    async def _fall_back(self, feed: Feed[Line]) -> None:
        """Leave the feed, which lacks something that comes next here, and catch up alone."""
        feed.leave()
        self._feed = None
        await self._go_back()

    async def _go_back(self) -> None:
        """Catch up from the position on, by another stream."""
        request = pb.SubscribeRequest()
        request.CopyFrom(self._request)
        if self._position:
            request.after_seq = self._position
        request.log_id = self.log_id
        if self._own is not None:
            self._own.cancel()
            self._own = None
        self._lost_through = 0
        self._feeds.metrics.fallen_back.labels(door=self._plan.renderer.name).inc()
        try:
            self._own, _ = await self._feeds.catch_up(self._plan, request)
        except Failure as error:
            self._end(error)

    def _end(self, failure: Failure | None) -> None:
        self.failure = failure
        if failure is not None:
            code, text = failure.code().name, failure.details()
            _log.info("stream ended", door=self._plan.renderer.name, code=code, reason=text)
