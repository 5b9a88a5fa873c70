"""A few at a time, when many come at once, and never behind somebody who is held up."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Turnstile:
    """Lets so many do something at once; who waits comes in the order of arrival.

    Who takes longer than `held_s` goes on, but does not count any more. So what keeps some of them
    does not keep those behind them, and the number is a bound of crowds and not of the slow.
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
    """A place, which is given back once."""

    __slots__ = ("_places",)

    def __init__(self, places: asyncio.Semaphore) -> None:
        self._places: asyncio.Semaphore | None = places

    def give_back(self) -> None:
        """Let somebody else have it; does nothing the second time."""
        if self._places is not None:
            self._places.release()
            self._places = None
