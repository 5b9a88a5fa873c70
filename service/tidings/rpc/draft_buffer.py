"""What one PublishStream has sent and nobody has begun with: bounded."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable

from tidings.core.errors import TidingsError
from tidings.v1 import event_pb2, event_service_pb2

MAX_COUNT = 1000
"""Drafts that wait at once: the most that one commit may hold."""

MAX_BYTES = 1024**2
"""What they weigh, the last request excepted."""


class Intake:
    """Drafts between the task that receives them and the task that appends them; one of each."""

    def __init__(self) -> None:
        self._drafts: list[event_pb2.Draft] = []
        self._size_bytes = 0
        self._ended = False
        self._arrived = asyncio.Event()
        self._taken = asyncio.Event()
        self.failure: TidingsError | None = None
        """Why it ended, unless the publisher ended it."""

    def __len__(self) -> int:
        return len(self._drafts)

    async def fill(self, requests: AsyncIterable[event_service_pb2.PublishStreamRequest]) -> None:
        """Take drafts until the publisher has no more; waits while too many wait already.

        A request that is none ends it as `close` does.
        """
        try:
            async for request in requests:
                self._drafts += request.drafts
                self._size_bytes += request.ByteSize()
                self._arrived.set()
                while len(self._drafts) >= MAX_COUNT or self._size_bytes >= MAX_BYTES:
                    self._taken.clear()
                    await self._taken.wait()
        except TidingsError as error:
            self.failure = error
        self._ended = True
        self._arrived.set()

    async def take(self) -> list[event_pb2.Draft]:
        """Return what waits, one draft to `MAX_COUNT`; an empty list at the end."""
        while not self._drafts and not self._ended:
            self._arrived.clear()
            await self._arrived.wait()
        taken, self._drafts = self._drafts[:MAX_COUNT], self._drafts[MAX_COUNT:]
        if not self._drafts:
            self._size_bytes = 0
        self._taken.set()
        return taken

    def close(self, failure: TidingsError) -> None:
        """End it from this side: what waits can still be taken, then it is over."""
        self._ended = True
        self.failure = failure
        self._arrived.set()
