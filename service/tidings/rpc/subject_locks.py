"""A fair lock for each subject: its appends run one after another, in FIFO order."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class SubjectLocks:
    """A lock for each subject with appends. Only for the event loop's thread.

    The store keeps the order: it refuses a draft whose subject has changed. The locks only keep
    callers of one process from conflicting with each other: of a hundred concurrent ones all but a
    few would be refused at every attempt.
    """

    def __init__(self) -> None:
        self._newest: dict[str, asyncio.Event] = {}

    @asynccontextmanager
    async def locked(self, subject: str) -> AsyncIterator[None]:
        """Wait until earlier callers have released it.

        A cancelled waiter lets the next one continue early, which costs that one an attempt.
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
