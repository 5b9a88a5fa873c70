"""How one reader waits: for the next match of its group, or for a time, whichever comes first."""

from __future__ import annotations

import asyncio
from typing import Protocol

_SLACK_S = 0.005
"""Deadlines that lie so close together share a timer; more than the coarsest loop's clock errs."""


class Waking(Protocol):
    """Sets what waits to True when something comes, and forgets it."""

    def wait(self, waiter: asyncio.Future[bool]) -> None:
        """Let this be told of what comes next."""
        ...

    def leave(self, waiter: asyncio.Future[bool]) -> None:
        """Tell it no more; nothing happens when it was told."""
        ...


class Alarm:
    """For one task at a time, which waits again and again for the same deadline.

    The timer is set once a deadline, not once a wait: at a steady pace a reader waits thousands of
    times before it rings, and setting and clearing it each time costs as much as all the rest.
    """

    def __init__(self, source: Waking) -> None:
        self._source = source
        self._waiter: asyncio.Future[bool] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._due_s = 0.0

    async def moves_within(self, patience_s: float) -> bool:
        """Wait for the source; False after that many seconds without. Cancelling is safe."""
        loop = asyncio.get_running_loop()
        due_s = loop.time() + patience_s
        if self._timer is None or abs(due_s - self._due_s) > _SLACK_S:
            self.close()
            self._due_s = due_s
            self._timer = loop.call_at(due_s, self._ring)
        waiter: asyncio.Future[bool] = loop.create_future()
        self._waiter = waiter
        self._source.wait(waiter)
        try:
            return await waiter
        finally:
            self._waiter = None
            self._source.leave(waiter)

    def close(self) -> None:
        """Clear the timer."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _ring(self) -> None:
        self._timer = None
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(False)
