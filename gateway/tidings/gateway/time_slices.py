"""Fair scheduling of work that grows with input: in time slices, or on a thread."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

# A slice: all such work together in one round of the event loop.
_SLICE_S = 0.003
# A thread costs 0.1 ms; parsing this much, a few milliseconds at most.
_APART_BYTES = 32 * 1024


class TimeSlices:
    """Time slices of one event loop, shared round-robin by all tasks with long work.

    In each round of the loop one task works for one slice; then the one that has waited longest. So
    the latency of the loop grows neither with the size of inputs nor with their number.
    """

    def __init__(self, slice_s: float = _SLICE_S) -> None:
        self._slice_s = slice_s
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._until_s = 0.0
        self._has_begun = False  # a task has worked in this round
        self._thread = asyncio.Semaphore(1)

    def is_over(self) -> bool:
        """Return whether the slice is over. Call between two pieces of work."""
        now_s = asyncio.get_running_loop().time()
        if not self._has_begun:
            self._begin(now_s)
            return bool(self._waiting)
        return now_s >= self._until_s

    async def step(self) -> None:
        """Yield, if the slice is over, until it is this task's turn again."""
        if self.is_over():
            await self._next_turn()

    async def _next_turn(self) -> None:
        loop = asyncio.get_running_loop()
        turn = loop.create_future()
        self._waiting.append(turn)
        if not self._has_begun:
            self._begin(loop.time())
        await turn

    async def apart(self, size_bytes: int, work: Callable[[], T]) -> T:
        """Return the result of work on so many bytes: small work inline, other work on a thread.

        One thread at a time, so that the loop shares the GIL with at most one. Cancelling does not
        stop work that has begun.
        """
        if size_bytes < _APART_BYTES:
            return work()
        async with self._thread:
            return await asyncio.to_thread(work)

    def _begin(self, now_s: float) -> None:
        self._has_begun = True
        self._until_s = now_s + self._slice_s
        asyncio.get_running_loop().call_soon(self._end_round)

    def _end_round(self) -> None:
        self._has_begun = False
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                self._begin(asyncio.get_running_loop().time())
                return
