"""The committed feed of stores that commit in this process: from the writer to one reader.

The writer *offers* each commit; the reader takes what was offered, and reads the store itself when
it starts behind or when more was offered than is kept. So it neither skips nor repeats, and memory
is bounded.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

from tidings.core.errors import LogClosed
from tidings.core.record import Record

ReadPage = Callable[[int], Awaitable[Sequence[Record]]]
"""Returns the next records past a position, a bounded number; empty when there are none now."""

PAGE_RECORDS = 1000
PAGE_BYTES = 8 * 1024 * 1024  # the largest record: one always fits
_KEPT_RECORDS = 10_000
_KEPT_BYTES = 32 * 1024 * 1024


class CommittedFeed:
    """Passes commits to one reader at a time. Belongs to one event loop."""

    def __init__(self, read_page: ReadPage) -> None:
        self._read_page = read_page
        self._offered: list[Record] = []
        self._offered_bytes = 0
        self._overflowed = False
        self._attached = False
        self._closed = False
        self._moved = asyncio.Event()

    def offer(self, records: Sequence[Record]) -> None:
        """Take a commit's records, in order. The loop's thread only."""
        if not self._attached:
            return
        self._offered.extend(records)
        self._offered_bytes += sum(record.size_bytes for record in records)
        if len(self._offered) > _KEPT_RECORDS or self._offered_bytes > _KEPT_BYTES:
            self._clear()
            self._overflowed = True
        self._moved.set()

    def close(self) -> None:
        """End the reader, once it has taken what was offered."""
        self._closed = True
        self._moved.set()

    async def follow(self, after_seq: int) -> AsyncIterator[Sequence[Record]]:
        """Yield everything past `after_seq` as it is committed; see `EventStore.committed`.

        Raises:
            LogClosed: the store was closed.
        """
        assert not self._attached, "one reader at a time"
        self._attached = True  # before the first read, or a commit in between would be missed
        try:
            while True:
                if self._overflowed:  # what was dropped is in the store, with all offered since
                    self._overflowed = False
                    self._clear()
                page = await self._read_page(after_seq)
                if page:
                    after_seq = page[-1].seq
                    yield page
                if page and not self._offers_what_follows(after_seq):
                    continue
                while not self._overflowed:
                    fresh = [record for record in self._offered if record.seq > after_seq]
                    self._clear()
                    if fresh:
                        after_seq = fresh[-1].seq
                        yield fresh
                    elif self._closed:
                        raise LogClosed
                    else:
                        self._moved.clear()
                        await self._moved.wait()
        finally:
            self._attached = False
            self._overflowed = False
            self._clear()

    def _offers_what_follows(self, after_seq: int) -> bool:
        """Say whether all past a position is offered, so that the store need not be read again."""
        return not self._overflowed and bool(
            self._offered and self._offered[0].seq <= after_seq + 1
        )

    def _clear(self) -> None:
        self._offered = []
        self._offered_bytes = 0
