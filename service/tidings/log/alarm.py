"""How one reader waits: for the next match of its group, or for a time, whichever comes first."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol

_SLACK_S = 0.005
"""Deadlines that lie so close together share a timer; more than the coarsest loop's clock errs."""


PassOn = Callable[[], bool]
"""Deals with news in place of the task that waits; False = that task has to look itself."""


class Waiter(Protocol):
    """Who can be told of news."""

    def tell(self) -> None:
        """Something came, or may have."""
        ...


class Waking(Protocol):
    """Tells those who wait of everything that comes, until they leave."""

    def wait(self, waiter: Waiter) -> None:
        """Let this be told of what comes."""
        ...

    def leave(self, waiter: Waiter) -> None:
        """Tell it no more."""
        ...


class Alarm:
    """For one task at a time, which waits again and again for the same deadline.

    The timer is set once a deadline, not once a wait: at a steady pace a reader waits thousands of
    times before it rings, and setting and clearing it each time costs as much as all the rest.
    """

    __slots__ = (
        "_due_s",
        "_pass_on",
        "_source",
        "_timer",
        "_waiter",
    )

    def __init__(self, source: Waking) -> None:
        self._source = source
        self._waiter: asyncio.Future[bool] | None = None
        self._pass_on: PassOn | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._due_s = 0.0

    async def moves_within(self, patience_s: float, pass_on: PassOn | None = None) -> bool:
        """Wait for the source; False after that many seconds without. Cancelling is safe.

        `pass_on` is asked at all news, and while it deals with them the wait goes on, until its
        time is over. What it raises, this raises.
        """
        loop = asyncio.get_running_loop()
        due_s = loop.time() + patience_s
        if self._timer is None or abs(due_s - self._due_s) > _SLACK_S:
            self.close()
            self._due_s = due_s
            self._timer = loop.call_at(due_s, self._ring)
        waiter: asyncio.Future[bool] = loop.create_future()
        self._waiter, self._pass_on = waiter, pass_on
        self._source.wait(self)
        try:
            return await waiter
        finally:
            self._waiter = self._pass_on = None
            self._source.leave(self)

    def tell(self) -> None:
        """Deal with news without the task that waits, or wake it; nothing when none waits."""
        if self._waiter is None or self._waiter.done():
            return
        try:
            if self._pass_on is None or not self._pass_on():
                self._waiter.set_result(True)
        except Exception as failure:  # noqa: BLE001 - it is raised where it belongs
            self._waiter.set_exception(failure)

    def close(self) -> None:
        """Clear the timer."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _ring(self) -> None:
        self._timer = None
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(False)
