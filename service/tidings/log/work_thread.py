"""Long CPU work without slices: in a thread, beside the loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

LARGE_BYTES = 64 * 1024
"""Larger data goes to a thread: Python takes some 20 ns to 200 ns per byte, so that for less data
the switch to a thread and back is not worth it."""


class WorkThread:
    """A thread for large work, one piece at a time: more threads would only contend for the GIL.

    The loop gets the GIL from the thread within the switch interval.
    """

    def __init__(self) -> None:
        self._turn = asyncio.Lock()

    async def do(self, work: Callable[[], T]) -> T:
        """Return, or raise, what the pure function does. Cancelling does not stop the thread."""
        async with self._turn:
            return await asyncio.to_thread(work)

    async def do_sized(self, size_bytes: int, work: Callable[[], T]) -> T:
        """Run a function on data of this size: in the thread if it is large."""
        return await self.do(work) if size_bytes > LARGE_BYTES else work()
