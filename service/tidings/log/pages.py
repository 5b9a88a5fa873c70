"""Pages of what lies behind the head, for readers who are catching up."""

from __future__ import annotations

import asyncio
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from itertools import repeat
from operator import attrgetter

from tidings.core.errors import CursorExpired, PositionAhead, StoreUnavailable
from tidings.core.record import BIRTH_SEQ, Record
from tidings.core.selection import Envelope, Selection
from tidings.log.batch import Batch, Pick
from tidings.log.limits import LogLimits
from tidings.log.publisher_priority import Courtesy
from tidings.log.tail import Tail
from tidings.store.base import TRIM_MARKS, EventStore, trimmed_through_of


class Pages:
    """Reads from the tail as far as it reaches back, else from the store; readers cannot tell.

    Never past the tail's end: what the store already has and the tail has not is still to come,
    live.
    """

    def __init__(
        self,
        store: EventStore,
        tail: Tail,
        envelope_of: Callable[[Record], Envelope],
        limits: LogLimits,
        courtesy: Courtesy,
    ) -> None:
        self._courtesy = courtesy
        self._store = store
        self._tail = tail
        self._envelope_of = envelope_of
        self._readers = asyncio.Semaphore(limits.store_readers)
        self._lag_s = limits.reader_lag_s

    async def read(
        self,
        selection: Selection,
        after_seq: int,
        told: Mapping[str, int],
        limit: int,
        max_bytes: int,
    ) -> Batch:
        """Return what is wanted of the next page past `after_seq`, which may be nothing of it.

        `told` says for each system through which position the reader knows of its losses. A page
        holds at most `limit` records and `max_bytes` bytes of bodies, or one record. Cancelling is
        safe.

        Raises:
            CursorExpired: records of a selected system past both marks were trimmed.
            StoreUnavailable: the store cannot be read.
        """
        if await self._courtesy.give_way():
            limit, max_bytes = max(1, limit // 2), max_bytes // 2
        head_seq = self._tail.last_seq
        records = self._tail.after(after_seq, limit, max_bytes)
        if records is None:
            async with self._readers:
                head_seq = (
                    self._tail.last_seq
                )  # before the read, or what comes meanwhile is skipped
                records = await self._store.read(
                    after_seq, limit, systems=selection.systems, max_bytes=max_bytes
                )
                if not _are_all(records, after_seq):
                    await self._check_losses(selection, after_seq, told)
        if not records or records[-1].seq > head_seq:
            return Batch(self._picks(selection, records, head_seq), head_seq)
        return Batch(self._picks(selection, records, head_seq), records[-1].seq)

    async def wait_for(self, seq: int) -> None:
        """Wait until the tail has come to a position that the store may have. Cancelling is safe.

        Raises:
            PositionAhead: the store's end is before it, asked afresh.
            StoreUnavailable: the store cannot be read, or has come further than the tail could
                follow in time: somebody else, or this node later, has what is asked for.
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
        # After the page was read: a store marks a trim before it deletes, so a page that lacks what
        # was deleted under it cannot pass here.
        marks = await self._store.state.list(TRIM_MARKS)
        for system in sorted(selection.systems):
            known_seq = max(after_seq, told.get(system, 0))
            trimmed_through = trimmed_through_of(system, marks)
            if trimmed_through > known_seq:
                raise CursorExpired(system, known_seq + 1, trimmed_through)

    def _picks(
        self, selection: Selection, records: list[Record], head_seq: int
    ) -> tuple[Pick, ...]:
        if records and records[-1].seq > head_seq:
            records = records[: bisect_right(records, head_seq, key=_SEQ)]
        if selection.whole_systems.issuperset(map(_SYSTEM, records)):
            return tuple(map(_whole, zip(records, repeat(None))))  # of most pages; see `_whole`
        return tuple(self._some_of(selection, records))

    def _some_of(self, selection: Selection, records: list[Record]) -> Iterator[Pick]:
        systems, whole_systems = selection.systems, selection.whole_systems
        for record in records:
            if record.system in whole_systems:
                yield Pick(record, None)
            elif record.system in systems:
                places = selection.pick(record.system, self._envelope_of(record))
                if places != ():
                    yield Pick(record, places)


_SEQ, _SYSTEM = attrgetter("seq"), attrgetter("system")
_whole = partial(tuple.__new__, Pick)  # a class written in Python takes twice as long to make one


def _are_all(records: Sequence[Record], after_seq: int) -> bool:
    """Say whether records hold every position from the first one asked for to the last of them.

    Then nothing is lost that trim marks could tell of, and they need not be asked.
    """
    known_seq = max(after_seq, BIRTH_SEQ)
    return bool(records) and records[-1].seq - known_seq == len(records)
