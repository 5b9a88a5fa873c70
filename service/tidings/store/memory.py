"""A log in memory: the whole behaviour of a store, nothing of its durability. For tests, demos."""

from __future__ import annotations

import uuid
from bisect import bisect_left, bisect_right
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice

from tidings.core.clock import Clock
from tidings.core.damage import DamageReport
from tidings.core.errors import KeyReused, LogClosed, SeqConflict, StateConflict
from tidings.core.record import BIRTH_SEQ, Bounds, Draft, Record, StateEntry, Stored, covers
from tidings.store.base import TRIM_MARKS, Result, trimmed_through_of
from tidings.store.feed import PAGE_BYTES, PAGE_RECORDS, CommittedFeed
from tidings.store.watch import StateWatchers

DAY_S = 86_400.0


@dataclass(frozen=True, slots=True)
class _Key:
    seq: int
    digest: bytes
    recorded_at_us: int


@dataclass(slots=True)
class _Shelf:
    """What a disk would hold: it outlives the stores that are opened on it."""

    log_id: str
    records: list[Record] = field(default_factory=list)
    keys: dict[tuple[str, str], _Key] = field(default_factory=dict)
    state: dict[str, StateEntry] = field(default_factory=dict)
    last_revision: int = 0
    last_seq: int = BIRTH_SEQ
    last_at_us: int = 0


class MemoryState:
    """Small values in a dict (`tidings.store.base.StateStore`). Belongs to its store."""

    def __init__(self, shelf: _Shelf) -> None:
        self._shelf = shelf
        self._watchers = StateWatchers()
        self._closed = False

    async def get(self, name: str) -> StateEntry | None:
        """Return the value, or None."""
        self._check_open()
        return self._shelf.state.get(name)

    async def put(
        self, name: str, value: bytes, *, expect_revision: int | None = None
    ) -> StateEntry:
        """Set the value and return it with its new revision."""
        self._check_open()
        self._expect(name, expect_revision)
        self._shelf.last_revision += 1
        entry = self._shelf.state[name] = StateEntry(name, value, self._shelf.last_revision)
        self._watchers.changed(name, entry)
        return entry

    async def delete(self, name: str, *, expect_revision: int | None = None) -> None:
        """Remove the value."""
        self._check_open()
        self._expect(name, expect_revision)
        if self._shelf.state.pop(name, None) is not None:
            self._watchers.changed(name, None)

    async def list(self, prefix: str) -> list[StateEntry]:
        """Return every value whose name starts with `prefix`, by name."""
        self._check_open()
        return [
            entry
            for name, entry in sorted(self._shelf.state.items())
            if name[: len(prefix)] == prefix
        ]

    def watch(self, prefix: str) -> AsyncIterator[StateEntry | str]:
        """Yield every change from now on."""
        return self._watchers.watch(prefix)

    def close(self) -> None:
        """End every watch."""
        self._closed = True
        self._watchers.close()

    def _expect(self, name: str, expect_revision: int | None) -> None:
        held = self._shelf.state.get(name)
        revision = held.revision if held else 0
        if expect_revision is not None and expect_revision != revision:
            raise StateConflict(name, expect_revision, revision)

    def _check_open(self) -> None:
        if self._closed:
            raise LogClosed


class MemoryStore:
    """A log in plain lists (`tidings.store.base.EventStore`). Belongs to one event loop.

    `key_retention_s` is how long a key counts at least, also when its record was trimmed.
    """

    def __init__(
        self, *, clock: Clock, key_retention_s: float = DAY_S, log_id: str | None = None
    ) -> None:
        self._clock = clock
        self._key_retention_s = key_retention_s
        self._open(_Shelf(log_id or str(uuid.uuid4())))

    def _open(self, shelf: _Shelf) -> None:
        self._shelf = shelf
        self._state = MemoryState(shelf)
        self._feed = CommittedFeed(self._read_page)
        self._damage = DamageReport()
        self._closed = False

    def reopen(self) -> MemoryStore:
        """Return a fresh store with what this one holds, as after a restart; close this one."""
        store = MemoryStore(clock=self._clock, key_retention_s=self._key_retention_s)
        store._open(self._shelf)
        return store

    @property
    def log_id(self) -> str:
        """The log's identity."""
        return self._shelf.log_id

    @property
    def state(self) -> MemoryState:
        """The small values beside the log."""
        return self._state

    @property
    def damage(self) -> DamageReport:
        """Which records were found damaged: none ever."""
        return self._damage

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
        if held is not None:
            if held.digest != draft.digest:
                return KeyReused(draft.key or "", held.seq)
            return Stored(held.seq, duplicate=True)
        if draft.expect_last_seq is not None:
            newest = (r.seq for r in reversed(shelf.records) if r.subject == draft.subject)
            last_seq = next(newest, 0)
            if last_seq != draft.expect_last_seq:
                return SeqConflict(draft.subject, draft.expect_last_seq, last_seq)
        shelf.last_seq += 1
        record = Record(shelf.last_seq, now_us, draft.system, draft.subject, draft.body)
        shelf.records.append(record)
        if draft.key is not None:
            shelf.keys[draft.system, draft.key] = _Key(record.seq, draft.digest, now_us)
        committed.append(record)
        return Stored(record.seq)

    def _live_key(self, system: str, key: str) -> _Key | None:
        held = self._shelf.keys.get((system, key))
        if held is None:
            return None
        floor_us = self._clock.now_us() - int(self._key_retention_s * 1e6)
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
        page: list[Record] = []
        size_bytes = 0
        for record in islice(self._shelf.records, start, None):
            if systems is not None and record.system not in systems:
                continue
            if subject is not None and not covers(subject, record.subject):
                continue
            size_bytes += len(record.body)
            if len(page) == limit or (page and max_bytes is not None and size_bytes > max_bytes):
                break
            page.append(record)
        return page

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
        trimmed_through = trimmed_through_of(system, await self._state.list(TRIM_MARKS))
        first, last = (seqs[0], seqs[-1]) if seqs else (0, 0)
        return Bounds(first, last, trimmed_through, self._shelf.last_seq)

    async def end_seq(self, hoped_seq: int = 0) -> int:
        """Return the newest position that the log ever gave."""
        del hoped_seq  # there is nobody else to ask
        self._check_open()
        return self._shelf.last_seq

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
            await self._state.put(name, b"%d" % mark)
            shelf.records = [record for record in shelf.records if record.seq not in gone]
        return len(gone)

    async def close(self) -> None:
        """End the feed and the watches."""
        self._closed = True
        self._feed.close()
        self._state.close()

    def _check_open(self) -> None:
        if self._closed:
            raise LogClosed


def _seq(record: Record) -> int:
    return record.seq
