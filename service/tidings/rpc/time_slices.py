"""Long work beside others: in slices that give way, or on a thread where it is one piece."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

from tidings.core.clock import Clock

T = TypeVar("T")

SLICE_S = 0.005
"""How long one goes on before the others have their turn; a call takes about a millisecond."""

LARGE_BYTES = 64 * 1024
"""What is larger is worked on by a thread: Python takes some 20 ns to 200 ns for a byte, so that
less of it keeps nobody waiting for longer than a hop to a thread and back would be worth."""


class Pace:
    """Counts the time since others had their turn. For one task."""

    __slots__ = ("_began_s", "_clock")

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._began_s = clock.monotonic_s()

    async def step(self) -> None:
        """Let the others have their turn when it is time."""
        if self._clock.monotonic_s() - self._began_s >= SLICE_S:
            await asyncio.sleep(0)
            self._began_s = self._clock.monotonic_s()


class Bench:
    """Where large pieces are worked on, one at a time: more would only divide the same processor.

    The interpreter's lock goes from the thread to the loop within its switch interval.
    """

    def __init__(self) -> None:
        self._turn = asyncio.Lock()

    async def do(self, work: Callable[[], T]) -> T:
        """Return, or raise, what pure work does. Cancelling leaves it to its thread."""
        async with self._turn:
            return await asyncio.to_thread(work)
