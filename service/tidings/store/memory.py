"""A log in memory: the whole behaviour of a store and none of its durability. For tests."""

from __future__ import annotations

import uuid
from bisect import bisect_left, bisect_right
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass

from tidings.core.clock import Clock
from tidings.core.errors import KeyReused, LogClosed, SeqConflict, StateConflict
from tidings.core.record import BIRTH_SEQ, Bounds, Draft, Record, StateEntry, Stored, covers
from tidings.store.base import Result
from tidings.store.feed import CommittedFeed
from tidings.store.watch import StateWatchers

DAY_S = 86_400.0


@dataclass(frozen=True, slots=True)
class _Key:
    seq: int
    digest: bytes
    recorded_at_us: int


class MemoryState:
    """Small values in a dict (`tidings.store.base.StateStore`)."""

    def __init__(self) -> None:
        self._entries: dict[str, StateEntry] = {}
        self._revision = 0
        self._watchers = StateWatchers()

    async def get(self, name: str) -> StateEntry | None:
        """Return the value, or None."""
        return self._entries.get(name)

    async def put(
        self, name: str, value: bytes, *, expect_revision: int | None = None
    ) -> StateEntry:
        """Set the value and return it with its new revision."""
        self._expect(name, expect_revision)
        self._revision += 1
        entry = self._entries[name] = StateEntry(name, value, self._revision)
        self._watchers.changed(name, entry)
        return entry

    async def delete(self, name: str, *, expect_revision: int | None = None) -> None:
        """Remove the value."""
        self._expect(name, expect_revision)
        if self._entries.pop(name, None) is not None:
            self._watchers.changed(name, None)

    async def list(self, prefix: str) -> list[StateEntry]:
        """Return every value whose name starts with `prefix`, by name."""
        return [self._entries[name] for name in sorted(self._entries) if name.startswith(prefix)]

    def watch(self, prefix: str) -> AsyncIterator[StateEntry | str]:
        """Yield every change from now on."""
        return self._watchers.watch(prefix)

    def close(self) -> None:
        """End every watcher."""
        self._watchers.close()

    def _expect(self, name: str, expect_revision: int | None) -> None:
        held = self._entries.get(name)
        revision = held.revision if held else 0
        if expect_revision is not None and expect_revision != revision:
            raise StateConflict(name, expect_revision, revision)


class MemoryStore:
    """A log in plain lists (`tidings.store.base.EventStore`). Must be made inside a running loop.

    `key_retention_s` is how long a key counts after its record was trimmed.
    """

    def __init__(
        self, *, clock: Clock, key_retention_s: float = DAY_S, log_id: str | None = None
    ) -> None:
        self._clock = clock
        self._key_retention_us = int(key_retention_s * 1e6)
        self._log_id = log_id or str(uuid.uuid4())
        self._records: list[Record] = []
        self._keys: dict[tuple[str, str], _Key] = {}
        self._marks: dict[str, int] = {}
        self._last_seq = BIRTH_SEQ
        self._last_at_us = 0
        self._state = MemoryState()
        self._feed = CommittedFeed(self.read)
        self._closed = False

    @property
    def log_id(self) -> str:
        """The log's identity."""
        return self._log_id

    @property
    def state(self) -> MemoryState:
        """The small values beside the log."""
        return self._state

    async def append(self, drafts: Sequence[Draft]) -> list[Result]:
        """Store a group, each draft as if alone."""
        self._check_open()
        committed: list[Record] = []
        results = [self._append_one(draft, committed) for draft in drafts]
        self._feed.offer(committed)
        return results

    def _append_one(self, draft: Draft, committed: list[Record]) -> Result:
        now_us = self._last_at_us = max(self._clock.now_us(), self._last_at_us)
        if draft.key is not None:
            held = self._live_key(draft.system, draft.key)
            if held is not None:
                if held.digest != draft.digest:
                    return KeyReused(draft.key, held.seq)
                return Stored(held.seq, duplicate=True)
        if draft.expect_last_seq is not None:
            last_seq = max((r.seq for r in self._records if r.subject == draft.subject), default=0)
            if last_seq != draft.expect_last_seq:
                return SeqConflict(draft.subject, draft.expect_last_seq, last_seq)
        self._last_seq += 1
        record = Record(self._last_seq, now_us, draft.system, draft.subject, draft.body)
        self._records.append(record)
        if draft.key is not None:
            self._keys[draft.system, draft.key] = _Key(record.seq, draft.digest, now_us)
        committed.append(record)
        return Stored(record.seq)

    def _live_key(self, system: str, key: str) -> _Key | None:
        held = self._keys.get((system, key))
        if held is None:
            return None
        young = held.recorded_at_us >= self._clock.now_us() - self._key_retention_us
        return held if young or self._retained(held.seq) else None

    def _retained(self, seq: int) -> bool:
        place = bisect_left(self._records, seq, key=lambda record: record.seq)
        return place < len(self._records) and self._records[place].seq == seq

    async def find_keys(
        self, system: str, keys: Collection[str]
    ) -> Mapping[str, tuple[int, bytes]]:
        """Return (seq, digest) of each stored key."""
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
        start = bisect_right(self._records, after_seq, key=lambda record: record.seq)
        page: list[Record] = []
        size_bytes = 0
        for record in self._records[start:]:
            if systems is not None and record.system not in systems:
                continue
            if subject is not None and not covers(subject, record.subject):
                continue
            size_bytes += len(record.body)
            if len(page) == limit or (page and max_bytes is not None and size_bytes > max_bytes):
                break
            page.append(record)
        return page

    async def read_last(self, subject: str, limit: int) -> list[Record]:
        """Return the newest `limit` records of a subject, oldest first."""
        self._check_open()
        mine = [record for record in self._records if covers(subject, record.subject)]
        return mine[max(0, len(mine) - limit) :]

    async def nth_last(self, system: str, count: int) -> int:
        """Return the position of a system's `count`-th newest record; 0 without one."""
        self._check_open()
        seqs = [record.seq for record in self._records if record.system == system]
        return seqs[-count] if len(seqs) >= count else 0

    async def seek(self, system: str | None, at_or_after_us: int) -> int:
        """Return the first position stored at or after a time."""
        self._check_open()
        start = bisect_left(self._records, at_or_after_us, key=lambda record: record.recorded_at_us)
        for record in self._records[start:]:
            if system is None or record.system == system:
                return record.seq
        return self._last_seq + 1

    async def bounds(self, system: str | None = None) -> Bounds:
        """Return what is retained."""
        self._check_open()
        seqs = [record.seq for record in self._records if system is None or record.system == system]
        marks = [
            mark
            for subject, mark in self._marks.items()
            if system is None or covers(system, subject)
        ]
        first, last = (seqs[0], seqs[-1]) if seqs else (0, 0)
        return Bounds(first, last, max(marks, default=0), self._last_seq)

    def committed(self, after_seq: int) -> AsyncIterator[Sequence[Record]]:
        """Yield every record past `after_seq` as it is stored."""
        return self._feed.follow(after_seq)

    async def trim(self, subject: str, through_seq: int) -> int:
        """Delete the subject's records up to `through_seq`."""
        self._check_open()
        gone = [r for r in self._records if r.seq <= through_seq and covers(subject, r.subject)]
        if gone:
            self._marks[subject] = max(self._marks.get(subject, 0), gone[-1].seq)
            seqs = {record.seq for record in gone}
            self._records = [record for record in self._records if record.seq not in seqs]
        return len(gone)

    async def close(self) -> None:
        """End the feed and the watchers."""
        self._closed = True
        self._feed.close()
        self._state.close()

    def _check_open(self) -> None:
        if self._closed:
            raise LogClosed
