"""A log in memory: it behaves as any store, without durability. For tests and demos."""

from __future__ import annotations

import uuid
from bisect import bisect_left, bisect_right
from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from itertools import islice

from tidings.core.chunks import body_bytes, first_chunk
from tidings.core.clock import Clock
from tidings.core.damage import DamageReport
from tidings.core.errors import LogClosed, SeqConflict
from tidings.core.limits import KEY_RETENTION_S
from tidings.core.record import (
    Bounds,
    Draft,
    KeyEntry,
    Record,
    Stored,
    Stretch,
    Weight,
    covers,
)
from tidings.store.base import TRIM_MARKS, Result, answer_of_key, trimmed_through_of
from tidings.store.feed import PAGE_BYTES, PAGE_RECORDS, CommittedFeed
from tidings.store.memory_state import MemoryState, Shelf, StoredKey


class MemoryStore:
    """A log in plain lists (`tidings.store.base.EventStore`). Belongs to one event loop.

    `key_retention_s` is how long a key counts at least, also when its record was trimmed.
    """

    kind = "memory"

    def __init__(
        self, *, clock: Clock, key_retention_s: float = KEY_RETENTION_S, log_id: str | None = None
    ) -> None:
        self._clock = clock
        self.key_retention_s = key_retention_s
        self._open(Shelf(log_id or str(uuid.uuid4())))

    def _open(self, shelf: Shelf) -> None:
        self._shelf = shelf
        self.log_id = shelf.log_id
        self.state = MemoryState(shelf)
        self._feed = CommittedFeed(self._read_page)
        self.damage = DamageReport()
        self._closed = False

    def reopen(self) -> MemoryStore:
        """Return a new store with the same content, as after a restart; close this one."""
        store = MemoryStore(clock=self._clock, key_retention_s=self.key_retention_s)
        store._open(self._shelf)
        return store

    async def append(self, drafts: Sequence[Draft]) -> list[Result]:
        """Store a group, each draft as if alone."""
        self._check_open()
        committed: list[Record] = []
        now_us = max(self._clock.now_us(), self._shelf.last_at_us)
        results = [self._append_one(draft, now_us, committed) for draft in drafts]
        if committed:
            self._shelf.last_at_us = now_us
            self._feed.offer(committed)
        return results

    def _append_one(self, draft: Draft, now_us: int, committed: list[Record]) -> Result:
        shelf = self._shelf
        held = None if draft.key is None else self._live_key(draft.system, draft.key)
        known = answer_of_key(draft, None if held is None else (held.seq, held.digest))
        if known is not None:
            return known
        if draft.expect_last_seq is not None:
            newest = (r.seq for r in reversed(shelf.records) if r.subject == draft.subject)
            last_seq = next(newest, 0)
            if last_seq != draft.expect_last_seq:
                return SeqConflict(draft.subject, draft.expect_last_seq, last_seq)
        shelf.last_seq += 1
        record = Record(shelf.last_seq, now_us, draft.system, draft.subject, draft.body)
        shelf.records.append(record)
        if draft.key is not None:
            shelf.keys[draft.system, draft.key] = StoredKey(record.seq, draft.digest, now_us)
        committed.append(record)
        return Stored(record.seq)

    def _live_key(self, system: str, key: str) -> StoredKey | None:
        held = self._shelf.keys.get((system, key))
        if held is None:
            return None
        floor_us = self._clock.now_us() - int(self.key_retention_s * 1e6)
        return held if held.recorded_at_us >= floor_us or self._is_retained(held.seq) else None

    def _is_retained(self, seq: int) -> bool:
        place = bisect_left(self._shelf.records, seq, key=_seq)
        return place < len(self._shelf.records) and self._shelf.records[place].seq == seq

    async def probe(self, size_bytes: int) -> None:
        """Return at once: there is always room."""
        del size_bytes
        self._check_open()

    async def find_keys(
        self, system: str, keys: Collection[str]
    ) -> Mapping[str, tuple[int, bytes]]:
        """Return (seq, digest) of each key that counts."""
        self._check_open()
        found = {key: self._live_key(system, key) for key in keys}
        return {key: (held.seq, held.digest) for key, held in found.items() if held is not None}

    async def read(
        self,
        after_seq: int,
        limit: int,
        *,
        systems: Collection[str] | None = None,
        subject: str | None = None,
        max_bytes: int | None = None,
    ) -> list[Record]:
        """Return up to `limit` records past `after_seq`, in order."""
        self._check_open()
        start = bisect_right(self._shelf.records, after_seq, key=_seq)
        records: Iterable[Record] = islice(self._shelf.records, start, None)
        if subject is not None:
            records = (one for one in records if covers(subject, one.subject))
        return _page(records, limit, systems, max_bytes)

    async def read_before(
        self,
        before_seq: int,
        limit: int,
        *,
        systems: Collection[str] | None = None,
        max_bytes: int | None = None,
    ) -> list[Record]:
        """Return up to `limit` records before `before_seq`, newest first."""
        self._check_open()
        records = self._shelf.records
        places = range(bisect_left(records, before_seq, key=_seq) - 1, -1, -1)
        return _page((records[place] for place in places), limit, systems, max_bytes)

    async def read_at(self, seqs: Sequence[int], *, max_bytes: int | None = None) -> list[Record]:
        """Return the records at these positions, in their order."""
        self._check_open()
        records = self._shelf.records
        places = ((bisect_left(records, seq, key=_seq), seq) for seq in seqs)
        found = (
            records[place]
            for place, seq in places
            if place < len(records) and records[place].seq == seq
        )
        return first_chunk(found, body_bytes, max_bytes=max_bytes)

    async def stretch(self, after_seq: int, limit: int, max_bytes: int) -> Stretch:
        """Return records past `after_seq`, and every key of the same positions."""
        records = await self.read(after_seq, limit, max_bytes=max_bytes)
        through_seq = records[-1].seq if records else max(after_seq, self._shelf.last_seq)
        named = (
            KeyEntry(held.seq, system, key, held.digest, held.recorded_at_us)
            for (system, key), held in self._shelf.keys.items()
            if after_seq < held.seq <= through_seq
        )
        keys = sorted(named)[:limit]
        if len(keys) == limit:
            through_seq = keys[-1].seq
            records = [record for record in records if record.seq <= through_seq]
        return Stretch(records, keys, through_seq)

    async def _read_page(self, after_seq: int) -> Sequence[Record]:
        return await self.read(after_seq, PAGE_RECORDS, max_bytes=PAGE_BYTES)

    async def read_last(self, subject: str, limit: int) -> list[Record]:
        """Return the newest `limit` records of a subject, oldest first."""
        self._check_open()
        mine = (r for r in reversed(self._shelf.records) if covers(subject, r.subject))
        return list(islice(mine, limit))[::-1]

    async def nth_last(self, system: str, count: int) -> int:
        """Return the position of a system's `count`-th newest record; 0 without one."""
        self._check_open()
        mine = (r.seq for r in reversed(self._shelf.records) if r.system == system)
        return next(islice(mine, count - 1, None), 0)

    async def count(self, system: str, through_seq: int) -> int:
        """Return how many records of a system are retained up to a position."""
        self._check_open()
        return sum(r.system == system and r.seq <= through_seq for r in self._shelf.records)

    async def weigh(self, after_seq: int, through_seq: int) -> Mapping[str, Weight]:
        """Return what each system has between two positions."""
        self._check_open()
        found: dict[str, Weight] = {}
        for record in self._shelf.records:
            if after_seq < record.seq <= through_seq:
                held = found.get(record.system, Weight())
                found[record.system] = Weight(held.records + 1, held.size_bytes + record.size_bytes)
        return found

    async def seek(self, system: str | None, at_or_after_us: int) -> int:
        """Return the first position stored at or after a time."""
        self._check_open()
        records = self._shelf.records
        start = bisect_left(records, at_or_after_us, key=lambda record: record.recorded_at_us)
        late = (r.seq for r in islice(records, start, None) if system in (None, r.system))
        return next(late, self._shelf.last_seq + 1)

    async def bounds(self, system: str | None = None) -> Bounds:
        """Return what is retained."""
        self._check_open()
        seqs = [r.seq for r in self._shelf.records if system in (None, r.system)]
        trimmed_through = trimmed_through_of(system, await self.state.list(TRIM_MARKS))
        first, last = (seqs[0], seqs[-1]) if seqs else (0, 0)
        return Bounds(first, last, trimmed_through, self._shelf.last_seq)

    async def end_seq(self, hoped_seq: int = 0) -> int:
        """Return the newest position that the log ever gave."""
        del hoped_seq  # this store knows all positions
        self._check_open()
        return self._shelf.last_seq

    async def size_bytes(self) -> int | None:
        """Return None: it is on no disk."""
        self._check_open()
        return None

    def committed(self, after_seq: int) -> AsyncIterator[Sequence[Record]]:
        """Yield every record past `after_seq` as it is stored."""
        return self._feed.follow(after_seq)

    async def trim(self, subject: str, through_seq: int) -> int:
        """Delete the subject's records up to `through_seq`, after marking them gone."""
        self._check_open()
        shelf = self._shelf
        gone = {r.seq for r in shelf.records if r.seq <= through_seq and covers(subject, r.subject)}
        if gone:
            name = TRIM_MARKS + subject
            held = shelf.state.get(name)
            mark = max(*gone, int(held.value) if held else 0)
            await self.state.put(name, b"%d" % mark)
            shelf.records = [record for record in shelf.records if record.seq not in gone]
        return len(gone)

    async def give_back(self) -> int:
        """Return 0: there is nothing to return."""
        self._check_open()
        return 0

    async def close(self) -> None:
        """End the feed and the watches."""
        self._closed = True
        self._feed.close()
        self.state.close()

    def _check_open(self) -> None:
        if self._closed:
            raise LogClosed


def _page(
    records: Iterable[Record],
    limit: int,
    systems: Collection[str] | None,
    max_bytes: int | None,
) -> list[Record]:
    wanted = (one for one in records if systems is None or one.system in systems)
    return first_chunk(wanted, body_bytes, limit=limit, max_bytes=max_bytes)


def _seq(record: Record) -> int:
    return record.seq
