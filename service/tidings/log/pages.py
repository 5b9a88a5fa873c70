"""Pages of records before the head of the log, for readers that replay."""

from __future__ import annotations

import asyncio
from bisect import bisect_right
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from itertools import repeat
from operator import attrgetter

from tidings.core.errors import CursorExpired, LogClosed, PositionAhead, StoreUnavailable
from tidings.core.record import BIRTH_SEQ, Record, Stretch
from tidings.core.selection import Opened, Selection
from tidings.log.batch import Batch, Pick
from tidings.log.limits import LogLimits
from tidings.log.publisher_priority import PublisherPriority
from tidings.log.tail import Tail
from tidings.log.work_thread import LARGE_BYTES, WorkThread
from tidings.store.base import TRIM_MARKS, EventStore, trimmed_through_of


class Pages:
    """Reads from the tail as far as it reaches back, else from the store.

    Never past the tail's end: records that only the store has are delivered live.
    """

    def __init__(
        self,
        store: EventStore,
        tail: Tail,
        envelope_of: Callable[[Record], Opened],
        limits: LogLimits,
        priority: PublisherPriority,
    ) -> None:
        self._priority = priority
        self._store = store
        self._tail = tail
        self._envelope_of = envelope_of
        self._readers = asyncio.Semaphore(limits.store_readers)
        self._lag_s = limits.reader_lag_s
        self._thread = WorkThread()

    async def read(
        self,
        selection: Selection,
        after_seq: int,
        told: Mapping[str, int],
        limit: int,
        max_bytes: int,
    ) -> Batch:
        """Return what is wanted of the next page past `after_seq`, which may be nothing.

        `told` has for each system the position through which the reader knows of losses. A page
        holds at most `limit` records and `max_bytes` bytes of bodies, or one record. Cancelling is
        safe.

        Raises:
            CursorExpired: records of a selected system past both marks were trimmed.
            StoreUnavailable: the store cannot be read.
        """
        if await self._priority.wait_for_turn():
            limit, max_bytes = max(1, limit // 2), max_bytes // 2
        head_seq = self._tail.last_seq
        records = self._tail.after(after_seq, limit, max_bytes)
        if records is None:
            async with self._readers:
                # before the read, or what arrives meanwhile is skipped
                head_seq = self._tail.last_seq
                records = await self._store.read(
                    after_seq, limit, systems=selection.systems, max_bytes=max_bytes
                )
                if not _are_all(records, after_seq):
                    await self._check_losses(selection, after_seq, told)
        if not records or records[-1].seq > head_seq:
            return Batch(await self._picks(selection, records, head_seq), head_seq)
        return Batch(await self._picks(selection, records, head_seq), records[-1].seq)

    async def stretch(self, after_seq: int, limit: int, max_bytes: int) -> Stretch:
        """Return all that the store has past a position (`EventStore.stretch`).

        Publishers have priority, as over any reader that is behind. Cancelling is safe.

        Raises:
            LogClosed: the service is going down.
        """
        if self._tail.closed:
            raise LogClosed
        if await self._priority.wait_for_turn():
            limit, max_bytes = max(1, limit // 2), max_bytes // 2
        async with self._readers:
            return await self._store.stretch(after_seq, limit, max_bytes)

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
        """Return what is wanted of the first page of the records between two positions.

        Both are exclusive. The page begins at the older, or at the newer, and its position is the
        last one that it covers, inclusive: the position before the other end when nothing is left.
        It is read from the store. Limits and cancelling as for `read`.

        Raises:
            StoreUnavailable: the store cannot be read.
        """
        if await self._priority.wait_for_turn():
            limit, max_bytes = max(1, limit // 2), max_bytes // 2
        systems = selection.systems
        async with self._readers:
            if newest_first:
                records = await self._store.read_before(
                    before_seq, limit, systems=systems, max_bytes=max_bytes
                )
            else:
                records = await self._store.read(
                    after_seq, limit, systems=systems, max_bytes=max_bytes
                )
        inside = [record for record in records if after_seq < record.seq < before_seq]
        picks = await self._picks(selection, inside, before_seq)
        if records and len(inside) == len(records):
            return Batch(picks, records[-1].seq)
        return Batch(picks, after_seq + 1 if newest_first else before_seq - 1)

    async def at(
        self,
        selection: Selection,
        seqs: Sequence[int],
        max_bytes: int,
        are_met: Callable[[Record], bool] | None = None,
    ) -> Batch:
        """Return what is wanted of the records at these positions, at least one; they rise or fall.

        `are_met` may say that all events of a record meet the conditions, for less than a look at
        them takes.

        The page's position is the last one that it covers: that of the last record that was read,
        or the last of the positions where there are no records. Limits and cancelling as for
        `read`.

        Raises:
            StoreUnavailable: the store cannot be read.
        """
        if await self._priority.wait_for_turn():
            max_bytes //= 2
        async with self._readers:
            records = await self._store.read_at(seqs, max_bytes=max_bytes)
        picks = await self._picks(selection, records, max(seqs), are_met)
        return Batch(picks, records[-1].seq if records else seqs[-1])

    async def losses(
        self, systems: Collection[str], after_seq: int, before_seq: int
    ) -> list[CursorExpired]:
        """Return what may have been trimmed of systems between two positions, both exclusive.

        Call it after reading the pages: a store marks a trim before it deletes, so a loss within a
        page is always found.

        Raises:
            StoreUnavailable: the store cannot be read.
        """
        trimmed = await self.trimmed(systems)
        first_seq = max(after_seq, BIRTH_SEQ) + 1
        found = [
            CursorExpired(system, first_seq, min(trimmed[system], before_seq - 1))
            for system in sorted(systems)
        ]
        return [each for each in found if each.first_seq <= each.last_seq]

    async def trimmed(self, systems: Collection[str]) -> dict[str, int]:
        """Return through which position records of each system may be gone.

        Raises:
            StoreUnavailable: the store cannot be read.
        """
        marks = await self._store.state.list(TRIM_MARKS)
        return {system: trimmed_through_of(system, marks) for system in systems}

    async def trim_revision(self) -> int:
        """Return a number that is another after each trim; 0 before the first.

        Raises:
            StoreUnavailable: the store cannot be read.
        """
        marks = await self._store.state.list(TRIM_MARKS)
        return max((mark.revision for mark in marks), default=0)

    async def wait_for(self, seq: int) -> None:
        """Wait until the tail has reached a position that the store may have. Cancelling is safe.

        Raises:
            PositionAhead: the store's end is before it, by a new request.
            StoreUnavailable: the store cannot be read, or the tail did not catch up with it in
                time: another node, or this one later, can answer.
        """
        end_seq = await self._store.end_seq(seq)
        if seq > max(end_seq, self._tail.last_seq):
            raise PositionAhead(seq, end_seq)
        try:
            async with asyncio.timeout(self._lag_s):
                await self._tail.passed(seq)
        except TimeoutError:
            raise StoreUnavailable(
                f"following it: it has come to {end_seq}, and this node to {self._tail.last_seq}"
            ) from None

    async def _check_losses(
        self, selection: Selection, after_seq: int, told: Mapping[str, int]
    ) -> None:
        # After the page was read: a store marks a trim before it deletes, so a loss within the page
        # is always found.
        trimmed = await self.trimmed(selection.systems)
        for system in sorted(selection.systems):
            known_seq = max(after_seq, told.get(system, 0))
            if trimmed[system] > known_seq:
                raise CursorExpired(system, known_seq + 1, trimmed[system])

    async def _picks(
        self,
        selection: Selection,
        records: list[Record],
        head_seq: int,
        are_met: Callable[[Record], bool] | None = None,
    ) -> Sequence[Pick]:
        if records and records[-1].seq > head_seq:
            records = records[: bisect_right(records, head_seq, key=_SEQ)]
        if selection.whole_systems.issuperset(map(_SYSTEM, records)):
            return tuple(map(_whole, zip(records, repeat(None))))  # of most pages; see `_whole`
        systems, whole_systems = selection.systems, selection.whole_systems
        unmatched_systems = selection.unmatched_systems
        picks = []
        for record in records:
            system = record.system
            if system in whole_systems or (
                are_met is not None and system in unmatched_systems and are_met(record)
            ):
                picks.append(_whole((record, None)))
            elif system in systems:
                # conditions decode payloads, the rest of a selection does not
                if len(record.body) > LARGE_BYTES and selection.has_conditions:
                    places = await self._thread.do(partial(self._places, selection, record))
                else:
                    places = self._places(selection, record)
                if places != ():
                    picks.append(Pick(record, places))
        return picks

    def _places(self, selection: Selection, record: Record) -> tuple[int, ...] | None:
        return selection.pick(record.system, self._envelope_of(record))


_SEQ, _SYSTEM = attrgetter("seq"), attrgetter("system")
_whole = partial(tuple.__new__, Pick)  # a Python class takes twice as long to construct


def _are_all(records: Sequence[Record], after_seq: int) -> bool:
    """Say whether records have every position from the first one requested to their last one.

    Then nothing was trimmed, and the trim marks need not be read.
    """
    known_seq = max(after_seq, BIRTH_SEQ)
    return bool(records) and records[-1].seq - known_seq == len(records)
