"""Reads of a log: stored records, positions and counts."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress

from tidings.core.errors import CursorExpired, PositionAhead, StoreUnavailable
from tidings.core.record import Bounds, Record, Stretch
from tidings.core.selection import Selection
from tidings.log.batch import Batch
from tidings.log.pages import Pages
from tidings.log.tail import Tail
from tidings.store.base import EventStore, StateStore

_WEIGHED = 100  # positions below a system's newest record that are measured as a sample


class LogReads:
    """The half of `EventLog` that changes nothing: what the store and the tail have."""

    def __init__(self, store: EventStore, tail: Tail, pages: Pages) -> None:
        self._store = store
        self._tail = tail
        self._pages = pages

    @property
    def log_id(self) -> str:
        """The log's identity, a UUID in text."""
        return self._store.log_id

    @property
    def store_kind(self) -> str:
        """The kind of store, in one word (`EventStore.kind`)."""
        return self._store.kind

    @property
    def last_seq(self) -> int:
        """The newest position that readers here have got."""
        return self._tail.last_seq

    @property
    def key_retention_s(self) -> float:
        """How long a key is kept at least (`EventStore.key_retention_s`)."""
        return self._store.key_retention_s

    @property
    def state(self) -> StateStore:
        """The small values beside the log."""
        return self._store.state

    @property
    def damaged_count(self) -> int:
        """Records that were found damaged since the start."""
        return len(self._store.damage)

    async def read(
        self,
        after_seq: int,
        limit: int,
        *,
        systems: Collection[str] | None = None,
        subject: str | None = None,
        max_bytes: int | None = None,
    ) -> list[Record]:
        """Return retained records past `after_seq` (`EventStore.read`)."""
        return await self._store.read(
            after_seq, limit, systems=systems, subject=subject, max_bytes=max_bytes
        )

    async def between(
        self,
        selection: Selection,
        after_seq: int,
        before_seq: int,
        limit: int,
        max_bytes: int,
        *,
        newest_first: bool,
    ) -> Batch:
        """Return a page of what is stored between two positions (`Pages.between`)."""
        return await self._pages.between(
            selection, after_seq, before_seq, limit, max_bytes, newest_first=newest_first
        )

    async def at(
        self,
        selection: Selection,
        seqs: Sequence[int],
        max_bytes: int,
        are_met: Callable[[Record], bool] | None = None,
    ) -> Batch:
        """Return what is wanted of the records at some positions (`Pages.at`)."""
        return await self._pages.at(selection, seqs, max_bytes, are_met)

    async def losses(
        self, systems: Collection[str], after_seq: int, before_seq: int
    ) -> list[CursorExpired]:
        """Return what was trimmed of systems between two positions (`Pages.losses`)."""
        return await self._pages.losses(systems, after_seq, before_seq)

    async def trimmed(self, systems: Collection[str]) -> dict[str, int]:
        """Return through which position records of each system may be gone."""
        return await self._pages.trimmed(systems)

    async def trim_revision(self) -> int:
        """Return a number that is another after each trim (`Pages.trim_revision`)."""
        return await self._pages.trim_revision()

    async def stretch(self, after_seq: int, limit: int, max_bytes: int) -> Stretch:
        """Return all that is stored past a position, keys too (`Pages.stretch`)."""
        return await self._pages.stretch(after_seq, limit, max_bytes)

    async def read_last(self, subject: str, limit: int) -> list[Record]:
        """Return the newest records of a subject (`EventStore.read_last`)."""
        return await self._store.read_last(subject, limit)

    async def seek(self, system: str | None, at_or_after_us: int) -> int:
        """Return the first position stored at or after a time (`EventStore.seek`)."""
        return await self._store.seek(system, at_or_after_us)

    async def catch_up(self, seq: int | None = None) -> None:
        """Wait until readers here have got what the store has up to a position, or has now.

        For a node that does not have yet what another node answered. Waits at most 2 s
        (`reader_lag_s`) for the tail, and as long for the store. Cancelling is safe.

        Raises:
            StoreUnavailable: the store cannot be read.
        """
        if seq is not None and seq <= self._tail.last_seq:
            return
        end_seq = await self._store.end_seq(seq or 0)
        wanted_seq = end_seq if seq is None else min(seq, end_seq)
        if self._tail.last_seq < wanted_seq:
            with suppress(PositionAhead, StoreUnavailable):
                await self._pages.wait_for(wanted_seq)

    async def check_position(self, seq: int) -> None:
        """Refuse a position that neither the store nor the tail has reached.

        Raises:
            PositionAhead: neither has, by a new request.
            StoreUnavailable: the store cannot be read.
        """
        if seq > self._tail.last_seq:
            end_seq = await self._store.end_seq(seq)
            if seq > max(end_seq, self._tail.last_seq):
                raise PositionAhead(seq, end_seq)

    async def bounds(self, system: str | None = None) -> Bounds:
        """Return what is retained (`EventStore.bounds`)."""
        return await self._store.bounds(system)

    async def count(self, system: str, through_seq: int) -> int:
        """Return how many records of a system are retained (`EventStore.count`)."""
        return await self._store.count(system, through_seq)

    async def estimate_bytes(self, system: str, last_seq: int, count: int) -> int:
        """Return an estimate of the stored size of a system's records, without keys.

        There are `count` of them, the newest at `last_seq`. Only some of the newest are measured.
        """
        newest = await self._store.weigh(max(last_seq - _WEIGHED, 0), last_seq)
        weight = newest.get(system)
        return weight.size_bytes * count // weight.records if weight else 0

    async def size_bytes(self) -> int | None:
        """Return the log's size on disk (`EventStore.size_bytes`)."""
        return await self._store.size_bytes()

    async def find_keys(
        self, system: str, keys: Collection[str]
    ) -> Mapping[str, tuple[int, bytes]]:
        """Return the position and digest of each stored key (`EventStore.find_keys`)."""
        return await self._store.find_keys(system, keys)
