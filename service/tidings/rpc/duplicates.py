"""Finds drafts that are stored already, when neither a key nor a digest can tell.

Neither covers what the service fills in. So a record that is published again in the form in
which it was delivered has other content than its draft had, and perhaps no key; here it is
compared with the stored records.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from tidings.core.record import BIRTH_SEQ, Record, Stored
from tidings.dialects.dialect import Dialect
from tidings.dialects.rules import events_of, timestamp
from tidings.dialects.same import is_same
from tidings.log.event_log import EventLog
from tidings.log.work_thread import LARGE_BYTES, WorkThread
from tidings.v1 import event_pb2

_MAX_NAMESAKES = 8
"""How many events of one identifier, of different sources, are compared: the newest."""


class Duplicates:
    """Compares drafts with stored records; called for few, since it reads the log."""

    def __init__(self, log: EventLog) -> None:
        self._log = log
        self._thread = WorkThread()

    async def same_at(self, dialect: Dialect, draft: event_pb2.Draft, seq: int) -> Stored | None:
        """Return that a draft is a duplicate if the record at `seq` is the same, None if not.

        None as well when the record is not retained any more.

        Raises:
            StoreUnavailable: the log cannot be read.
        """
        return await self._same(dialect, draft, await self._at(dialect, seq), is_same)

    async def claimed(self, dialect: Dialect, draft: event_pb2.Draft) -> Stored | None:
        """Return that a draft is the record that it says it was read as, whatever its key.

        It says so by position and time, or by its event's identifier. None if it is not that
        record: then it is another log's or another system's, or its event has changed. Equal
        content does not do where identifiers of ours look like others': what was published with an
        id of its own is another event then. A source that the draft does not name is not compared,
        since no system's own API has it.

        Raises:
            StoreUnavailable: the log cannot be read.
        """
        same = await self._read_as(dialect, draft) if draft.seq else None
        if same is not None or len(draft.events) != 1:
            return same
        subject = dialect.subject_of_id(draft.events[0])
        if subject:
            found = await self._log.read_last(subject, _MAX_NAMESAKES)
            return await self._same(dialect, draft, found, partial(is_same, is_by_id=True))
        seq = dialect.claimed_seq(draft.events[0])
        if seq is None:
            return None
        nameless = event_pb2.Draft(events=draft.events)
        nameless.events[0].id = ""  # which may be the very identifier
        found = [
            record
            for record in await self._at(dialect, seq)
            if _is_claimed(dialect, record, draft.events[0])
        ]
        return await self._same(dialect, nameless, found, partial(is_same, is_by_id=True))

    async def in_order(self, dialect: Dialect, draft: event_pb2.Draft) -> Stored | None:
        """Return that a draft whose order was refused is the record that is stored in its place.

        A binary search, since the records of an ordered system are stored in its order.

        Raises:
            StoreUnavailable: the log cannot be read.
        """
        wanted = dialect.order_of(draft.events[0])
        if wanted is None:
            return None
        low, high = BIRTH_SEQ, self._log.last_seq
        while low < high:
            middle = (low + high) // 2
            found = await self._log.read(middle, 1, systems=[dialect.system])
            order = _order(dialect, found[0]) if found and found[0].seq <= high else None
            if order is None or order >= wanted:
                high = middle
            else:
                low = found[0].seq
        found = await self._log.read(low, 1, systems=[dialect.system])
        return await self._same(dialect, draft, found, partial(is_same, is_by_id=True))

    async def _read_as(self, dialect: Dialect, draft: event_pb2.Draft) -> Stored | None:
        found = [
            record
            for record in await self._at(dialect, draft.seq)
            if timestamp(record.recorded_at_us) == draft.recorded_at
        ]
        return await self._same(dialect, draft, found, partial(is_same, places=draft.places))

    async def _at(self, dialect: Dialect, seq: int) -> list[Record]:
        if not BIRTH_SEQ < seq <= self._log.last_seq:
            return []
        found = await self._log.read(seq - 1, 1, systems=[dialect.system])
        return [record for record in found if record.seq == seq]

    async def _same(
        self,
        dialect: Dialect,
        draft: event_pb2.Draft,
        found: Sequence[Record],
        compare: Callable[[Dialect, Sequence[event_pb2.Event], Record], bool],
    ) -> Stored | None:
        for record in found:
            ask = partial(compare, dialect, draft.events, record)
            is_large = len(record.body) + draft.ByteSize() > LARGE_BYTES
            if await self._thread.do(ask) if is_large else ask():
                return Stored(record.seq, duplicate=True)
        return None


def _order(dialect: Dialect, record: Record) -> tuple[int, str] | None:
    events = events_of(record)
    return dialect.order_of(events[0]) if events else None


def _is_claimed(dialect: Dialect, record: Record, given: event_pb2.Event) -> bool:
    stored = events_of(record)
    dialect.complete(record.seq, stored)
    return len(stored) == 1 and dialect.is_claimed(stored[0], given)
