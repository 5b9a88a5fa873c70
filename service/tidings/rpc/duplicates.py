"""Which drafts are stored already, where neither a key nor a digest can tell.

What the service fills in belongs to neither. So a record that somebody publishes again as he was
given it has other content than the draft that it came of, and perhaps no key; here it is compared
with what is stored.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from tidings.core.record import BIRTH_SEQ, Record, Stored
from tidings.dialects.dialect import Dialect
from tidings.dialects.rules import events_of
from tidings.dialects.same import is_same
from tidings.log.event_log import EventLog
from tidings.rpc.time_slices import LARGE_BYTES, Bench
from tidings.v1 import event_pb2

_MAX_NAMESAKES = 8
"""How many events of one identifier, of different sources, are looked at: the newest."""


class Duplicates:
    """Compares drafts with stored records; asked of few, since it reads the log."""

    def __init__(self, log: EventLog) -> None:
        self._log = log
        self._bench = Bench()

    async def same_at(self, dialect: Dialect, draft: event_pb2.Draft, seq: int) -> Stored | None:
        """Return that a draft is a duplicate if the record at `seq` is the same, None if not.

        None as well when the record is not retained any more.

        Raises:
            StoreUnavailable: the log cannot be read.
        """
        return await self._same(dialect, draft, await self._at(dialect, seq), is_same)

    async def claimed(self, dialect: Dialect, draft: event_pb2.Draft) -> Stored | None:
        """Return that a draft is the record that its event's identifier names, whatever its key.

        None if it is not: then the identifier is another system's, or its event has changed. Equal
        content does not do where identifiers of ours look like others': what was published with an
        id of its own is another event then. A source that the draft does not name is not compared,
        since no system's own API tells of it.

        Raises:
            StoreUnavailable: the log cannot be read.
        """
        if len(draft.events) != 1:
            return None
        subject = dialect.subject_of_id(draft.events[0])
        if subject:
            found = await self._log.read_last(subject, _MAX_NAMESAKES)
            return await self._same(dialect, draft, found, partial(is_same, is_by_id=True))
        seq = dialect.claimed_seq(draft.events[0])
        if seq is None or not BIRTH_SEQ < seq <= self._log.last_seq:
            return None
        nameless = event_pb2.Draft(events=draft.events)
        nameless.events[0].id = ""  # which may be the very identifier
        compare = partial(is_same, is_by_id=True, is_nameless=not dialect.claims_are_unique)
        return await self._same(dialect, nameless, await self._at(dialect, seq), compare)

    async def in_order(self, dialect: Dialect, draft: event_pb2.Draft) -> Stored | None:
        """Return that a draft whose order was refused is the record that stands in its place.

        Looked for by halves, since the records of an ordered system stand in its order.

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

    async def _at(self, dialect: Dialect, seq: int) -> list[Record]:
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
            if await self._bench.do(ask) if is_large else ask():
                return Stored(record.seq, duplicate=True)
        return None


def _order(dialect: Dialect, record: Record) -> tuple[int, str] | None:
    events = events_of(record)
    return dialect.order_of(events[0]) if events else None
