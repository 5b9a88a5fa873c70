"""The newest committed records, in memory."""

from __future__ import annotations

import asyncio
from bisect import bisect_right
from collections.abc import Sequence
from operator import attrgetter

from tidings.core.record import Record
from tidings.log.batch import fitting
from tidings.log.limits import LogLimits

_SEQ = attrgetter("seq")

# The front is cut in slices of a sixteenth: one by one, each cut would move all that is behind it.
_SLICE = 16


class Tail:
    """Every record past `floor_seq`, up to `last_seq`: bounded by count and by bytes.

    One writer: only the store's committed feed calls `advance`. Readers get copies of its list,
    never the list.
    """

    def __init__(self, limits: LogLimits) -> None:
        self._limits = limits
        self._records: list[Record] = []
        self._size_bytes = 0
        self._moved = asyncio.Event()
        self.floor_seq = 0
        self.last_seq = 0
        self.closed = False

    def __len__(self) -> int:
        return len(self._records)

    @property
    def size_bytes(self) -> int:
        """What the records weigh together."""
        return self._size_bytes

    def start_at(self, seq: int) -> None:
        """Begin, empty, at the end of what the store holds."""
        self.floor_seq = self.last_seq = seq

    def advance(self, committed: Sequence[Record]) -> None:
        """Take the next committed records, at least one; forget the oldest beyond the bounds."""
        assert committed[0].seq > self.last_seq, "the feed repeats itself"
        self._records.extend(committed)
        self._size_bytes += sum(record.size_bytes for record in committed)
        self.last_seq = committed[-1].seq
        self._cut()
        self._wake()

    def after(self, seq: int, limit: int, max_bytes: int) -> list[Record] | None:
        """Return the records after `seq` (see `fitting`); None when memory does not reach back."""
        if seq < self.floor_seq:
            return None
        start = bisect_right(self._records, seq, key=_SEQ)
        return fitting(self._records[start : start + limit], limit, max_bytes)

    def at(self, seq: int) -> Record:
        """Return the record with this position, which must be one of the tail's."""
        record = self._records[bisect_right(self._records, seq, key=_SEQ) - 1]
        assert record.seq == seq, f"no record {seq} in the tail"
        return record

    async def passed(self, seq: int) -> None:
        """Wait until the tail has come to `seq`, or is closed. Cancelling is safe."""
        while self.last_seq < seq and not self.closed:
            await self._moved.wait()

    def close(self) -> None:
        """Let nobody wait any longer."""
        self.closed = True
        self._wake()

    def _wake(self) -> None:
        moved, self._moved = self._moved, asyncio.Event()
        moved.set()  # one wake-up for a commit, not one for a record

    def _cut(self) -> None:
        limits = self._limits
        if len(self._records) <= limits.tail_count and self._size_bytes <= limits.tail_bytes:
            return
        most = limits.tail_count - limits.tail_count // _SLICE
        heaviest = limits.tail_bytes - limits.tail_bytes // _SLICE
        gone = 0
        while len(self._records) - gone > most or self._size_bytes > heaviest:
            self._size_bytes -= self._records[gone].size_bytes
            gone += 1
        self.floor_seq = self._records[gone - 1].seq
        del self._records[:gone]
