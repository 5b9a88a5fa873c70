"""The newest committed records, in memory."""

from __future__ import annotations

import asyncio
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from operator import attrgetter

from tidings.core.chunks import body_bytes, first_chunk
from tidings.core.record import Record
from tidings.log.limits import LogLimits

_SEQ = attrgetter("seq")

# The front is cut in slices of a sixteenth: each cut moves the whole list.
_SLICE = 16


class Tail:
    """Every record past `floor_seq`, up to `last_seq`; limited by count and bytes.

    One writer: only the store's committed feed calls `advance`. Readers get copies of parts of its
    list.
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
        """The size of all records."""
        return self._size_bytes

    def start_at(self, seq: int) -> None:
        """Begin, empty, at the end of what the store holds."""
        self.floor_seq = self.last_seq = seq

    def advance(self, committed: Sequence[Record]) -> None:
        """Take the next committed records, at least one; drop the oldest beyond the limits."""
        assert committed[0].seq > self.last_seq, "the feed repeats itself"
        self._records.extend(committed)
        self._size_bytes += sum(record.size_bytes for record in committed)
        self.last_seq = committed[-1].seq
        self._cut()
        self._wake()

    def after(self, seq: int, limit: int, max_bytes: int) -> list[Record] | None:
        """Return up to a chunk of records after `seq`; None when the tail does not reach back."""
        if seq < self.floor_seq:
            return None
        start = bisect_right(self._records, seq, key=_SEQ)
        return first_chunk(self._records[start : start + limit], body_bytes, max_bytes=max_bytes)

    def at(self, seqs: Iterable[int]) -> Iterator[Record]:
        """Yield the records with these positions, which rise and must be the tail's."""
        records = self._records
        place = len(records)
        for seq in seqs:
            place += 1  # usually it is the next one
            if place >= len(records) or records[place].seq != seq:
                place = bisect_right(records, seq, key=_SEQ) - 1
                assert records[place].seq == seq, f"no record {seq} in the tail"
            yield records[place]

    async def passed(self, seq: int) -> None:
        """Wait until the tail has reached `seq`, or is closed. Cancelling is safe."""
        while self.last_seq < seq and not self.closed:
            await self._moved.wait()

    def close(self) -> None:
        """Wake all that wait; later waits return at once."""
        self.closed = True
        self._wake()

    def _wake(self) -> None:
        moved, self._moved = self._moved, asyncio.Event()
        moved.set()  # one wake-up per commit, not per record

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
