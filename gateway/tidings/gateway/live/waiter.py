"""A wait for a wake-up or a time, without a new timer for each wait."""

from __future__ import annotations

import asyncio


class Waiter:
    """One reader's wait: the timer is set once per deadline, not for every wait until then."""

    __slots__ = ("_future", "_timer", "_until_s")

    def __init__(self) -> None:
        self._future: asyncio.Future[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._until_s = 0.0

    async def wait(self, until_s: float) -> None:
        """Return when woken, or at `until_s` of the loop's time. One at a time."""
        loop = asyncio.get_running_loop()
        if self._timer is None or self._until_s != until_s:
            self.close()
            self._timer = loop.call_at(until_s, self.wake)
            self._until_s = until_s
        self._future = loop.create_future()
        try:
            await self._future
        finally:
            self._future = None

    def wake(self) -> None:
        """End the wait, if there is one."""
        if self._future is not None and not self._future.done():
            self._future.set_result(None)

    def fail(self, error: Exception) -> None:
        """End the wait, if there is one, with an error."""
        if self._future is not None and not self._future.done():
            self._future.set_exception(error)

    def close(self) -> None:
        """Cancel the timer."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
