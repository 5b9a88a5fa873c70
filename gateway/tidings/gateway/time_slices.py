"""Work that grows with what a caller sends: a moment at a time, or beside the event loop."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

# Of all such work together, in one round of the event loop.
_MOMENT_S = 0.003
# A thread costs a tenth of a millisecond; reading so much, some milliseconds at the most.
_APART_BYTES = 32 * 1024


class Turns:
    """One event loop's time for work that may be much, shared by all who have some.

    In each round of the loop one of them works, for a moment; then whoever has waited longest. So
    what others wait for the loop does not grow with what is sent, nor with how many send it.
    """

    def __init__(self, moment_s: float = _MOMENT_S) -> None:
        self._moment_s = moment_s
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._until_s = 0.0
        self._has_begun = False  # somebody has worked in this round
        self._bench = asyncio.Semaphore(1)

    def is_over(self) -> bool:
        """Say whether who works is to give way, now. Ask between two pieces of work."""
        now_s = asyncio.get_running_loop().time()
        if not self._has_begun:
            self._begin(now_s)
            return bool(self._waiting)
        return now_s >= self._until_s

    async def give_way(self) -> None:
        """Go on with the next turn, behind those who wait already, if this one is over."""
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
        """Return what work on so many bytes does: small work at once, other work on a thread.

        One at a time, so that the loop has to share the interpreter with one thread at the most.
        Cancelling does not stop what has begun.
        """
        if size_bytes < _APART_BYTES:
            return work()
        async with self._bench:
            return await asyncio.to_thread(work)

    def _begin(self, now_s: float) -> None:
        self._has_begun = True
        self._until_s = now_s + self._moment_s
        asyncio.get_running_loop().call_soon(self._end_round)

    def _end_round(self) -> None:
        self._has_begun = False
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                self._begin(asyncio.get_running_loop().time())
                return
