"""The queue before the writer; when it is full, publishers get backpressure."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from tidings.core.errors import Busy, KeyReused, LogClosed, SeqConflict, StoreUnavailable
from tidings.core.record import Draft, Stored
from tidings.core.tracing import current
from tidings.log.limits import LogLimits

Outcome = Stored | KeyReused | SeqConflict | Busy | LogClosed | StoreUnavailable
"""The result of a draft: its position, or why it is not stored (`StoreUnavailable`: it may be)."""


@dataclass(slots=True, eq=False)
class Part:
    """Drafts of one publisher that are committed together, and their answer.

    Each publisher has its own answer: cancelling one publisher cancels no other's answer.
    """

    drafts: Sequence[Draft]
    answer: asyncio.Future[list[Outcome]] = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )

    trace: str = field(default_factory=current.get)
    """The span of its publish."""

    size_bytes: int = field(init=False)
    """The size of all bodies."""

    def __post_init__(self) -> None:
        self.size_bytes = sum(len(draft.body) for draft in self.drafts)

    def tell(self, outcomes: list[Outcome]) -> None:
        """Answer the publisher, if it is still waiting."""
        if not self.answer.done():
            self.answer.set_result(outcomes)

    def fail(self, failure: LogClosed | StoreUnavailable) -> None:
        """Answer every draft with a copy of this failure: raised ones collect frames."""
        own: LogClosed | StoreUnavailable = LogClosed()
        if isinstance(failure, StoreUnavailable):
            own = StoreUnavailable(failure.doing, failure.cause)
            own.__cause__ = failure
        self.tell([own] * len(self.drafts))


class Inbox:
    """Bounded by count and bytes; publishers wait for room in FIFO order.

    Many publishers put; one writer takes.
    """

    def __init__(self, limits: LogLimits) -> None:
        self._limits = limits
        self._parts: deque[Part] = deque()
        self._count = 0
        self._size_bytes = 0
        self._closed = False
        self._filled = asyncio.Event()
        self._emptied = asyncio.Event()

    def __len__(self) -> int:
        return self._count

    async def put(self, part: Part, patience_s: float | None) -> None:
        """Queue a part, as soon as there is room. Cancelled before it returned, nothing was queued.

        Raises:
            Busy: there was no room for `patience_s` seconds (None = for ever).
            LogClosed: the queue is closed.
        """
        if self._is_full():
            await self._room(patience_s)
        if self._closed:
            raise LogClosed
        self._parts.append(part)
        self._count += len(part.drafts)
        self._size_bytes += part.size_bytes
        self._filled.set()

    async def take(self) -> list[Part]:
        """Wait for parts, return the oldest that fit into one commit; none once closed and empty.

        Parts of cancelled publishers are left out. Cancelling is safe.
        """
        group: list[Part] = []
        while not group:
            while not self._parts:
                if self._closed:
                    return []
                self._filled.clear()
                await self._filled.wait()
            group = self._next_group()
        return group

    def close(self) -> None:
        """Accept nothing more; what is queued stays."""
        self._closed = True
        self._filled.set()
        self._announce_room()

    def abandon(self) -> None:
        """Close, and fail the parts that are still queued."""
        self.close()
        while self._parts:
            self._pop().fail(LogClosed())

    def _next_group(self) -> list[Part]:
        group: list[Part] = []
        count = size_bytes = 0
        while self._parts:
            first = self._parts[0]
            if first.answer.done():
                self._pop()  # cancelled in the queue: its drafts need not be stored
                continue
            count += len(first.drafts)
            size_bytes += first.size_bytes
            if group and (
                count > self._limits.commit_count or size_bytes > self._limits.commit_bytes
            ):
                break
            group.append(self._pop())
        self._announce_room()
        return group

    async def _room(self, patience_s: float | None) -> None:
        try:
            async with asyncio.timeout(patience_s):
                while self._is_full() and not self._closed:
                    await self._emptied.wait()
        except TimeoutError:
            raise Busy("the queue before the store") from None

    def _is_full(self) -> bool:
        return (
            self._count >= self._limits.queue_count or self._size_bytes >= self._limits.queue_bytes
        )

    def _pop(self) -> Part:
        part = self._parts.popleft()
        self._count -= len(part.drafts)
        self._size_bytes -= part.size_bytes
        return part

    def _announce_room(self) -> None:
        emptied, self._emptied = self._emptied, asyncio.Event()
        emptied.set()
