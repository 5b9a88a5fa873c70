"""Which drafts are stored already, where neither a key nor a digest can tell.

What the service fills in belongs to neither. So a record that somebody publishes again as he was
given it has other content than the draft that it came of, and perhaps no key; here it is compared
with what is stored.
"""

from __future__ import annotations

from functools import partial

from tidings.core.record import BIRTH_SEQ, Stored
from tidings.dialects.dialect import Dialect
from tidings.dialects.same import is_same
from tidings.log.event_log import EventLog
from tidings.rpc.time_slices import LARGE_BYTES, Bench
from tidings.v1 import event_pb2


class Duplicates:
    """Compares drafts with stored records; asked of few, since it reads the log."""

    def __init__(self, log: EventLog) -> None:
        self._log = log
        self._bench = Bench()

    async def same_at(
        self, dialect: Dialect, draft: event_pb2.Draft, seq: int, *, is_nameless: bool = False
    ) -> Stored | None:
        """Return that a draft is a duplicate if the record at `seq` is the same, None if not.

        None as well when the record is not retained any more. `is_nameless` as in `is_same`.

        Raises:
            StoreUnavailable: the log cannot be read.
        """
        found = await self._log.read(seq - 1, 1, systems=[dialect.system])
        if not found or found[0].seq != seq:
            return None
        compare = partial(is_same, dialect, draft.events, found[0], is_nameless=is_nameless)
        is_large = len(found[0].body) + draft.ByteSize() > LARGE_BYTES
        same = await self._bench.do(compare) if is_large else compare()
        return Stored(seq, duplicate=True) if same else None

    async def claimed(self, dialect: Dialect, draft: event_pb2.Draft) -> Stored | None:
        """Return that a draft without a key is the record that its event's identifier names.

        None if it is not: then the identifier is another system's, or its event has changed. Equal
        content does not do where identifiers of ours look like others': what was published with an
        id of its own is another event then.

        Raises:
            StoreUnavailable: the log cannot be read.
        """
        if draft.key or len(draft.events) != 1:
            return None
        seq = dialect.claimed_seq(draft.events[0])
        if seq is None or not BIRTH_SEQ < seq <= self._log.last_seq:
            return None
        nameless = event_pb2.Draft(events=draft.events)
        nameless.events[0].id = ""  # which may be the very identifier
        is_nameless = not dialect.claims_are_unique
        return await self.same_at(dialect, nameless, seq, is_nameless=is_nameless)
