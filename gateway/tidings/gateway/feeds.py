"""Shared live streams: many HTTP readers on one upstream stream and one rendering.

How this works: a reader begins with an upstream stream of its own, from where it asked to start.
The service says which position that is; if others with an equal plan are on their way from there,
it has a seat in their convoy instead. A heartbeat says that it has caught up. If readers with an
equal plan are there already, it joins their feed and ends its own stream; else its stream becomes
that feed. A feed keeps the newest lines, bounded; a reader holds a place in it, never a queue.

One rule decides who may read from a feed: it must hold everything past the reader's position
(`LineTail.covers_after`). Lines that were let go, and a gap that the feed was told of, end at a
position that a reader has to pass on its own. So one whose lines are gone goes back to a stream of
its own, from its position, and so does one that joined ahead of the feed when the feed hears of a
gap that reaches beyond it; both join again when they have caught up.

The last reader that leaves ends the feed's upstream call; the end of that call ends its readers.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Hashable
from typing import Any, Generic

import structlog
from google.protobuf.message import Message

from tidings.gateway.convoy import Behind, Convoy, Seat, outcome_of
from tidings.gateway.feed import Feed, Plan, Waiter
from tidings.gateway.line_tail import Line, LineTail
from tidings.gateway.metrics import Metrics
from tidings.gateway.outlet import Outlet
from tidings.gateway.transcode.call import AnswerStream
from tidings.gateway.upstream import Failure, Opened, Upstream
from tidings.v1 import event_service_pb2 as pb

_log = structlog.get_logger("tidings.gateway")

# Of one feed. Between them readers who fall behind for a moment find their lines in memory.
_MAX_FEED_BYTES = 4 * 1024**2
_MIN_FEED_BYTES = 16 * 1024

Taken = Message | Exception | None
"""What came of waiting for a message: it, why there is none, or the regular end."""


class Feeds:
    """All feeds of one gateway. `tasks` is the group that their pumps live in."""

    def __init__(
        self, upstream: Upstream, tasks: asyncio.TaskGroup, *, tail_bytes: int, metrics: Metrics
    ) -> None:
        self.upstream = upstream
        self.metrics = metrics
        self.draining = False
        self._tasks = tasks
        self._tail_bytes = tail_bytes
        self._feeds: dict[Plan[Any], Feed[Any]] = {}
        self._convoys: set[Convoy[Any]] = set()
        self._open_convoys: dict[Hashable, Convoy[Any]] = {}
        self._alone: set[Waiter] = set()

    async def read(self, plan: Plan[Line], request: pb.SubscribeRequest) -> Reader[Line]:
        """Return a reader from the request's start on; the rest of the request is the plan's.

        While draining it is a reader at its end, which a client takes as a call to come again.

        Raises:
            grpc.aio.AioRpcError: the service refused, or stayed away; nothing is open.
        """
        if self.draining:
            return Reader(self, plan, request, None, "", 0)
        seat, opened = await self.catch_up(plan, request)
        return Reader(self, plan, request, seat, opened.log_id, opened.position or 0)

    async def catch_up(
        self, plan: Plan[Line], request: pb.SubscribeRequest
    ) -> tuple[Seat[Line], Opened]:
        """Return a seat on a stream from the request's start on, and what the service said of it.

        Every reader opens a call, since that is what checks who asks and for what, and says where
        he begins. Where others are on their way from there, it is ended again and they go together.
        So a crowd that comes at once, be it for whatever is newest, is sent what it has missed a
        few times and not once for each: what all their messages took at the same time would stay
        with the process.

        Raises:
            grpc.aio.AioRpcError: as `read`.
        """
        opened = await self.upstream.subscribe(request, plan.credential)
        key: Hashable = object()
        if opened.position is not None:
            # of what is gone already the earliest start alone is not told
            key = (plan, opened.log_id, opened.position, request.earliest)
        convoy = self._open_convoys.get(key)
        if convoy is None:
            convoy = self._open_convoys[key] = Convoy(self, plan, opened.answers, key)
            self._convoys.add(convoy)
        else:
            opened.answers.cancel()
        return convoy.board(), opened

    def depart(self, convoy: Convoy[Any]) -> None:
        """Have nobody board a convoy any more."""
        if self._open_convoys.get(convoy.key) is convoy:
            del self._open_convoys[convoy.key]

    def disband(self, convoy: Convoy[Any]) -> None:
        """Forget a convoy that keeps nothing any more."""
        self._convoys.discard(convoy)

    def drain(self) -> None:
        """Let every reader have what is there, and then its end; new ones get the end at once."""
        self.draining = True
        for feed in list(self._feeds.values()):
            feed.stop()
        for waiter in self._alone:
            waiter.wake()

    async def wait_alone(self, waiter: Waiter, until_s: float) -> None:
        """Return when woken, at `until_s` of the loop's time, or when draining begins."""
        self._alone.add(waiter)
        try:
            await waiter.wait(until_s)
        finally:
            self._alone.discard(waiter)

    def joinable(self, plan: Plan[Line]) -> Feed[Line] | None:
        """Return the feed of a plan, if one is running."""
        return self._feeds.get(plan)

    def start(self, plan: Plan[Line], answers: AnswerStream, tail: LineTail[Line]) -> Feed[Line]:
        """Make a feed of a stream that has caught up with a tail's end, and own it from now on."""
        feed = Feed(self, plan, answers, tail)
        self._feeds[plan] = feed
        self.metrics.feeds.set(len(self._feeds))
        feed.task = self._tasks.create_task(feed.run())
        return feed

    def forget(self, feed: Feed[Line]) -> None:
        """Take a feed out, so that nobody joins it any more."""
        if self._feeds.get(feed.plan) is feed:
            del self._feeds[feed.plan]
            self.metrics.feeds.set(len(self._feeds))

    def begin(self, work: Coroutine[Any, Any, Taken]) -> asyncio.Task[Taken]:
        """Start work that raises nothing, among the tasks of all feeds."""
        return self._tasks.create_task(work)

    @property
    def feed_bytes(self) -> int:
        """How much each feed may keep: an equal share within bounds."""
        share = self._tail_bytes // max(1, len(self._feeds) + len(self._convoys))
        return max(_MIN_FEED_BYTES, min(_MAX_FEED_BYTES, share))


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
                if not self._can_read(self._feed.tail):
                    await self._fall_back(self._feed)
                    continue
                chunk = self._take_shared(self._feed.tail)
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
        write = outlet.open(self.halt) if outlet is not None and not self._ahead_through else None
        if outlet is None or write is None:
            await feed.wait(self._waiter, until_s)
            return
        feed.lead(self, outlet.framed, write)
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
