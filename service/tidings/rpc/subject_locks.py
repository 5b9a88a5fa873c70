"""Turns: those who append to one subject do it one after another, in the order they came."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Turns:
    """Who waits for whom, by subject.

    No lock: what keeps the order is the store, which refuses a draft whose subject has gone on.
    Turns only save the callers of one process from refusing one another, which of some hundred at
    once would leave all but a few without an answer after every try that they have.
    """

    def __init__(self) -> None:
        self._newest: dict[str, asyncio.Event] = {}

    @asynccontextmanager
    async def turn(self, subject: str) -> AsyncIterator[None]:
        """Wait until those who came earlier are through.

        One who is cancelled while he waits lets the next one go on early, which costs that one a
        try.
        """
        before = self._newest.get(subject)
        mine = self._newest[subject] = asyncio.Event()
        try:
            if before is not None:
                await before.wait()
            yield
        finally:
            mine.set()
            if self._newest.get(subject) is mine:
                del self._newest[subject]
