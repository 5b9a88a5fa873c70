"""Readers that catch up from the same start, together on one upstream stream.

The foremost draws the next message when it has taken the last one, so the slowness of all of them
is the service's to see; the others find it printed already. The newest messages are kept, bounded.
One that falls behind them all is told so, and goes on by a stream of its own. Where nobody draws
for long the stream ends, and they are all behind: each goes on when it reads again.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Coroutine, Hashable
from typing import Any, Generic, Protocol

from google.protobuf.message import Message

from tidings.gateway.live import feed
from tidings.gateway.live.feed import Plan, lines_of
from tidings.gateway.live.tail import Line
from tidings.gateway.metrics import Metrics
from tidings.gateway.transcode.call import AnswerStream
from tidings.v1 import event_service_pb2 as pb


class Behind(Exception):
    """What a reader has not taken yet is not kept any more."""


class Keeper(Protocol):
    """Who keeps the convoys of a gateway, as a convoy sees it."""

    @property
    def metrics(self) -> Metrics:
        """Where gaps are counted."""
        ...

    @property
    def feed_bytes(self) -> int:
        """How much a convoy may keep at this moment."""
        ...

    def begin(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Start work among the tasks of all streams."""
        ...

    def depart(self, convoy: Convoy[Any]) -> None:
        """Have nobody board a convoy any more."""
        ...

    def disband(self, convoy: Convoy[Any]) -> None:
        """Forget a convoy that keeps nothing any more."""
        ...


class Page(Generic[Line]):
    """What came of waiting for one message: it, or why there is none (None = the regular end)."""

    def __init__(self, outcome: Message | Exception | None) -> None:
        self.outcome = outcome
        # as it came, and its text once it is printed
        self.size_bytes = 2 * outcome.ByteSize() if isinstance(outcome, Message) else 0
        self._printed: tuple[int, Line] | None = None

    def printed(self, plan: Plan[Line], metrics: Metrics) -> tuple[int, Line]:
        """Return the last position of the message and its lines; 0 = without one."""
        if self._printed is None:
            assert isinstance(self.outcome, pb.SubscribeResponse)
            found = lines_of(metrics, plan, self.outcome)
            lines = plan.renderer.form.join(line for _, line in found)
            self._printed = max((seq for seq, _ in found), default=0), lines
        return self._printed


class Convoy(Generic[Line]):
    """One upstream stream and the seats on it. It ends with the last seat that is left.

    `key` says who may board: all with an equal one.
    """

    def __init__(
        self, keeper: Keeper, plan: Plan[Line], answers: AnswerStream, key: Hashable
    ) -> None:
        self.plan = plan
        self.key = key
        self._keeper = keeper
        self._answers = answers
        self._pages: deque[Page[Line]] = deque()
        self._first = 0
        self._size_bytes = 0
        self._seats = 0
        self._drawing: asyncio.Task[None] | None = None
        self._has_ended = False
        self._is_handed_over = False
        self._takes_on = True
        self._is_retired = False
        self._retiring: asyncio.TimerHandle | None = None

    def board(self) -> Seat[Line]:
        """Return a seat at the beginning; only while nothing has been let go."""
        assert self._takes_on
        self._seats += 1
        return Seat(self)

    def leave(self) -> None:
        """Count one seat less; without any the upstream call is of no more use."""
        self._seats -= 1
        if not self._seats:
            self._stay_awake()
            self._depart()
            self._keeper.disband(self)
            if not self._is_handed_over:
                self._answers.cancel()
            if self._drawing is not None:
                self._drawing.cancel()

    async def page(self, number: int) -> Page[Line]:
        """Return a page by its number, counted from 0; the one after the last is waited for.

        Raises:
            Behind: it is not kept any more.
        """
        while True:
            if number < self._first or self._is_retired:
                raise Behind
            if number < self._first + len(self._pages):
                return self._pages[number - self._first]
            if self._has_ended:
                return self._pages[-1]
            if self._is_handed_over:
                raise Behind
            if self._drawing is None:
                self._stay_awake()
                self._drawing = self._keeper.begin(self._draw())
            await asyncio.wait([drawing := self._drawing])
            if drawing.cancelled():
                raise asyncio.CancelledError

    def printed(self, page: Page[Line]) -> tuple[int, Line]:
        """Return the last position and the lines of a page that is a message."""
        return page.printed(self.plan, self._keeper.metrics)

    def hand_over(self, number: int) -> AnswerStream | None:
        """Give the stream away as it stands before a page; None = it is past it, or given away.

        Those who come to that page are behind.
        """
        is_past = number < self._first + len(self._pages) or self._drawing is not None
        if is_past or self._is_handed_over or self._is_retired:
            return None
        self._is_handed_over = True
        self._stay_awake()
        self._depart()
        return self._answers

    async def _draw(self) -> None:
        page: Page[Line] = Page(await outcome_of(self._answers))
        self._drawing = None
        self._pages.append(page)
        self._size_bytes += page.size_bytes
        self._stay_awake()
        self._retiring = asyncio.get_running_loop().call_later(feed.ASLEEP_S, self._retire)
        if not isinstance(page.outcome, pb.SubscribeResponse):
            self._stay_awake()
            self._has_ended = True
            self._depart()
        elif page.outcome.HasField("heartbeat"):
            self._depart()  # whoever comes now begins nearer to the head
        # nobody comes to a convoy that has departed, so a last seat needs nothing of what it had
        limit_bytes = self._keeper.feed_bytes if self._takes_on or self._seats > 1 else 0
        while self._size_bytes > limit_bytes and len(self._pages) > 1:
            self._size_bytes -= self._pages.popleft().size_bytes
            self._first += 1
            self._depart()

    def _stay_awake(self) -> None:
        if self._retiring is not None:
            self._retiring.cancel()
            self._retiring = None

    def _retire(self) -> None:
        """End a stream that nobody has drawn from for long, and keep nothing of it."""
        self._is_retired = True
        self._depart()
        self._answers.cancel()
        self._pages.clear()
        self._size_bytes = 0

    def _depart(self) -> None:
        self._takes_on = False
        self._keeper.depart(self)


class Seat(Generic[Line]):
    """One reader's place in a convoy; a stream of answers like one of its own."""

    def __init__(self, convoy: Convoy[Line]) -> None:
        self._convoy: Convoy[Line] | None = convoy
        self._number = 0
        self._page: Page[Line] | None = None

    async def take(self) -> Message | None:
        """Return the next message, None at the regular end. Cancelling takes nothing.

        Raises:
            Behind: it is not kept any more.
            grpc.aio.AioRpcError: the call failed, before or after some messages.
        """
        assert self._convoy is not None
        page = self._page = await self._convoy.page(self._number)
        self._number += 1
        if isinstance(page.outcome, Exception):
            raise page.outcome
        return page.outcome

    def printed(self) -> tuple[int, Line]:
        """Return the last position and the lines of the message that was taken last."""
        assert self._convoy is not None
        assert self._page is not None
        return self._convoy.printed(self._page)

    def hand_over(self) -> AnswerStream | None:
        """Return the stream past what was taken; None = it is others' by now, or further."""
        return self._convoy.hand_over(self._number) if self._convoy is not None else None

    def cancel(self) -> None:
        """Leave the convoy; does nothing the second time."""
        if self._convoy is not None:
            self._convoy.leave()
            self._convoy = self._page = None


async def outcome_of(answers: AnswerStream | Seat[Any]) -> Message | Exception | None:
    """Return the next message, None at the regular end, or what went wrong."""
    try:
        return await answers.take()
    except Exception as error:  # noqa: BLE001 - whose reader it is has to deal with it
        return error
