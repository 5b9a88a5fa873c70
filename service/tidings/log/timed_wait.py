"""One reader's wait: for the next match of its group, or a deadline, whichever comes first."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol

_SLACK_S = 0.005
"""Deadlines this close together share a timer; more than the resolution of any loop's clock."""


PassOn = Callable[[], bool]
"""Handles a notification in place of the waiting task; False = wake the task."""


class Observer(Protocol):
    """An observer of a source."""

    def tell(self) -> None:
        """Something arrived, or may have."""
        ...


class Observable(Protocol):
    """Notifies its observers of everything that arrives, until they leave."""

    def wait(self, observer: Observer) -> None:
        """Call its `tell` at each notification from now on."""
        ...

    def leave(self, observer: Observer) -> None:
        """Stop calling it."""
        ...


class TimedWait:
    """A wait for a notification or a deadline, whichever comes first. For one task at a time.

    The timer is set once per deadline, not per wait: at a steady pace a reader waits thousands of
    times before it expires, and setting and clearing it each time costs as much as everything else.
    """

    __slots__ = (
        "_due_s",
        "_pass_on",
        "_source",
        "_timer",
        "_waiter",
    )

    def __init__(self, source: Observable) -> None:
        self._source = source
        self._waiter: asyncio.Future[bool] | None = None
        self._pass_on: PassOn | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._due_s = 0.0

    async def moves_within(self, patience_s: float, pass_on: PassOn | None = None) -> bool:
        """Wait for the source; False after that many seconds. Cancelling is safe.

        `pass_on` is called at each notification, and while it handles them the wait continues,
        until its deadline. This raises what it raises.
        """
        loop = asyncio.get_running_loop()
        due_s = loop.time() + patience_s
        if self._timer is None or abs(due_s - self._due_s) > _SLACK_S:
            self.close()
            self._due_s = due_s
            self._timer = loop.call_at(due_s, self._expire)
        waiter: asyncio.Future[bool] = loop.create_future()
        self._waiter, self._pass_on = waiter, pass_on
        self._source.wait(self)
        try:
            return await waiter
        finally:
            self._waiter = self._pass_on = None
            self._source.leave(self)

    def tell(self) -> None:
        """Handle a notification without the waiting task, or wake it; do nothing if none waits."""
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

    def _expire(self) -> None:
        self._timer = None
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(False)
