"""A limit on concurrent calls, under which a slow call does not hold up others."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class ConcurrencyLimit:
    """At most `places` calls at a time; others wait in the order of arrival (FIFO).

    A call that takes longer than `held_s` goes on, but no longer counts. So slow calls do not block
    the queue: the limit bounds bursts, not slow calls.
    """

    def __init__(self, places: int, held_s: float) -> None:
        self._places = asyncio.Semaphore(places)
        self._held_s = held_s

    @asynccontextmanager
    async def passing(self) -> AsyncIterator[None]:
        """Wait for a place, and hold it during the block."""
        await self._places.acquire()
        held = Held(self._places)
        timer = asyncio.get_running_loop().call_later(self._held_s, held.give_back)
        try:
            yield
        finally:
            timer.cancel()
            held.give_back()


class Held:
    """A place that is released once."""

    __slots__ = ("_places",)

    def __init__(self, places: asyncio.Semaphore) -> None:
        self._places: asyncio.Semaphore | None = places

    def give_back(self) -> None:
        """Release the place; does nothing the second time."""
        if self._places is not None:
            self._places.release()
            self._places = None
