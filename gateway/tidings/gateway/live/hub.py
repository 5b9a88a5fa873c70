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
from typing import Any

from google.protobuf.message import Message

from tidings.gateway.live.convoy import Convoy, Seat
from tidings.gateway.live.feed import Feed, Plan, Waiter
from tidings.gateway.live.reader import Reader
from tidings.gateway.live.tail import Line, LineTail
from tidings.gateway.metrics import Metrics
from tidings.gateway.transcode.call import AnswerStream
from tidings.gateway.upstream.client import Opened, Upstream
from tidings.v1 import event_service_pb2 as pb

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
            # The rights, which may have changed since the others' stream brought what they share;
            # and of what is gone already the earliest start alone is not told.
            key = (plan, opened.rights, opened.log_id, opened.position, request.earliest)
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
