"""Long CPU work in slices that yield to the loop; `work_thread` is for work that has none."""

from __future__ import annotations

import asyncio

from tidings.core.clock import Clock

SLICE_S = 0.005
"""Of CPU time; an ordinary call takes about a millisecond."""


class TimeSlice:
    """The time since its task yielded to the event loop. For one task."""

    __slots__ = ("_began_s", "_clock")

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._began_s = clock.monotonic_s()

    @property
    def is_over(self) -> bool:
        """Whether its task should yield: for loops whose steps are shorter than an `await`."""
        return self._clock.monotonic_s() - self._began_s >= SLICE_S

    async def step(self) -> None:
        """Yield to the event loop if the slice is over."""
        if self.is_over:
            await asyncio.sleep(0)
            self._began_s = self._clock.monotonic_s()
