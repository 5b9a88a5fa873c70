"""The bounded buffer of one PublishStream: drafts received and not yet appended."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterable, Sequence
from typing import NamedTuple

from tidings.core.errors import TidingsError
from tidings.v1 import event_pb2, event_service_pb2

MAX_COUNT = 1000
"""Limit of waiting drafts: the most that one commit may hold."""

MAX_BYTES = 1024**2
"""Limit of their bytes, the last request excepted."""


class Placed(NamedTuple):
    """A draft, and its place in the request that brought it, from 0."""

    place: int
    draft: event_pb2.Draft


class DraftBuffer:
    """Drafts between the task that receives them and the task that appends them; one of each."""

    def __init__(self) -> None:
        self._requests: deque[tuple[Sequence[event_pb2.Draft], int]] = deque()
        """Drafts of requests, and how many of each are taken: an object for each draft takes a
        while to make, so they are made for those that are taken."""
        self._count = 0
        self._size_bytes = 0
        self._ended = False
        self._arrived = asyncio.Event()
        self._taken = asyncio.Event()
        self.failure: TidingsError | None = None
        """Why it ended, unless the publisher ended it."""

    def __len__(self) -> int:
        return self._count

    async def fill(self, requests: AsyncIterable[event_service_pb2.PublishStreamRequest]) -> None:
        """Receive drafts until the publisher has no more; waits while too many are waiting.

        An invalid request ends it as `close` does.
        """
        try:
            async for request in requests:
                if request.drafts:
                    self._requests.append((request.drafts, 0))
                self._count += len(request.drafts)
                self._size_bytes += request.ByteSize()
                self._arrived.set()
                while self._count >= MAX_COUNT or self._size_bytes >= MAX_BYTES:
                    self._taken.clear()
                    await self._taken.wait()
        except TidingsError as error:
            self.failure = error
        self._ended = True
        self._arrived.set()

    async def take(self) -> list[Placed]:
        """Return the waiting drafts, one to `MAX_COUNT`; an empty list at the end."""
        while not self._count and not self._ended:
            self._arrived.clear()
            await self._arrived.wait()
        taken: list[Placed] = []
        while self._requests and len(taken) < MAX_COUNT:
            drafts, start = self._requests.popleft()
            end = min(len(drafts), start + MAX_COUNT - len(taken))
            taken += map(Placed._make, enumerate(drafts[start:end], start))
            if end < len(drafts):
                self._requests.appendleft((drafts, end))
        self._count -= len(taken)
        if not self._count:
            self._size_bytes = 0
        self._taken.set()
        return taken

    def close(self, failure: TidingsError) -> None:
        """End it from this side: waiting drafts can still be taken, then it ends."""
        self._ended = True
        self.failure = failure
        self._arrived.set()
