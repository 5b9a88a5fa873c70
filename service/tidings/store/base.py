"""The store's interface: one durable, ordered log of records, and small values beside it.

Memory, SQLite and NATS JetStream implement it and pass one suite (tests/store/contract.py). The
log is their only caller. Methods may be called from one event loop, concurrently; none blocks it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from typing import Protocol

from tidings.core.damage import DamageReport
from tidings.core.errors import KeyReused, SeqConflict
from tidings.core.record import Bounds, Draft, Record, StateEntry, Stored, covers

Result = Stored | KeyReused | SeqConflict
"""What became of one draft of a group: stored, or refused with nothing of it stored."""

TRIM_MARKS = "trim/"
"""Where `state` holds the trim marks: below it by subject, as decimal digits."""

RETENTION = "retention/"
"""Where `state` holds the rule of retention that was applied last, below it by system, as JSON.

No copy of a log has them: what it would take of an old one is asked for anew.
"""


def trimmed_through_of(system: str | None, marks: Iterable[StateEntry]) -> int:
    """Return the highest trim mark of a system's subjects, or of all; 0 without one."""
    return max(
        (
            int(mark.value)
            for mark in marks
            if system is None or covers(system, mark.name.removeprefix(TRIM_MARKS))
        ),
        default=0,
    )


class StateStore(Protocol):
    """Small named values with revisions: trim marks, tokens, policies, positions of mirrors.

    Names are ASCII, parts joined with "/". Values are at most 64 KiB.
    Any method: `StoreUnavailable`.
    """

    async def get(self, name: str) -> StateEntry | None:
        """Return the value, or None."""
        ...

    async def put(
        self, name: str, value: bytes, *, expect_revision: int | None = None
    ) -> StateEntry:
        """Set the value durably and return it with its new revision.

        `expect_revision` 0 = it must not exist; None = whatever it was.

        Raises:
            StateConflict: the value has another revision; nothing was changed.
        """
        ...

    async def delete(self, name: str, *, expect_revision: int | None = None) -> None:
        """Remove the value durably; nothing happens when there is none.

        Raises:
            StateConflict: the value has another revision; nothing was changed.
        """
        ...

    async def list(self, prefix: str) -> list[StateEntry]:
        """Return every value whose name starts with `prefix`, by name."""
        ...

    def watch(self, prefix: str) -> AsyncIterator[StateEntry | str]:
        """Yield every change below `prefix` from now on: the entry, or the name of a deleted one.

        Changes of one name may be merged into the last. Ends with `LogClosed` when the store
        closes.
        """
        ...


class EventStore(Protocol):
    """A durable log. Positions start at 2, rise, have gaps, and are never used again.

    Any method: `StoreUnavailable` when the store cannot do its work, `LogClosed` after `close`.
    """

    @property
    def log_id(self) -> str:
        """The log's identity, a UUID in text, made with the birth record."""
        ...

    @property
    def state(self) -> StateStore:
        """The small values beside the log."""
        ...

    @property
    def damage(self) -> DamageReport:
        """Which records were found damaged when they were read."""
        ...

    async def append(self, drafts: Sequence[Draft]) -> list[Result]:
        """Commit a group; return a result for each draft, in order, once on stable storage.

        Each draft is atomic and is decided in the order of the group, as if committed alone: first
        its key (a stored key with the same digest is a duplicate, with another one `KeyReused`),
        then `expect_last_seq` (`SeqConflict`), then it is stored. Positions rise in the order of
        the group. A key counts as long as its record is retained, and at least as long as the
        store's key retention. Cancelling does not take anything back: the group may be committed
        or not.

        Raises:
            StoreUnavailable: nothing is known of any draft of the group.
        """
        ...

    async def probe(self, size_bytes: int) -> None:
        """Return when a record with so many bytes could be stored now; stores none.

        Raises:
            StoreUnavailable: it could not.
        """
        ...

    async def find_keys(
        self, system: str, keys: Collection[str]
    ) -> Mapping[str, tuple[int, bytes]]:
        """Return (seq, digest) of each of the keys that is stored for the system."""
        ...

    async def read(
        self,
        after_seq: int,
        limit: int,
        *,
        systems: Collection[str] | None = None,
        subject: str | None = None,
        max_bytes: int | None = None,
    ) -> list[Record]:
        """Return up to `limit` retained records past `after_seq`, in order; never the birth one.

        `systems` and `subject` (a system's name covers all of its subjects) narrow it, by index.
        Stops early, but not before one record, when bodies exceed `max_bytes`. An empty list means
        that there is none now. Each record is compared with its checksum; one that is damaged
        (`Record.is_damaged`) keeps its place. If even its system is not known, everybody gets it.
        """
        ...

    async def read_last(self, subject: str, limit: int) -> list[Record]:
        """Return the newest `limit` records that a subject covers, oldest first."""
        ...

    async def nth_last(self, system: str, count: int) -> int:
        """Return the position of a system's `count`-th newest record, from 1; 0 without one."""
        ...

    async def count(self, system: str, through_seq: int) -> int:
        """Return how many records of a system are retained up to a position, inclusive."""
        ...

    async def seek(self, system: str | None, at_or_after_us: int) -> int:
        """Return the first retained position stored at or after a time, of one system or any.

        Without such a record: one more than the end of the log.
        """
        ...

    async def bounds(self, system: str | None = None) -> Bounds:
        """Return what is retained of a system, or of the whole log."""
        ...

    async def end_seq(self, hoped_seq: int = 0) -> int:
        """Return the newest position that the log ever gave, at least 1: `Bounds.end_seq`.

        As fresh as can be had: where several servers hold the log, one that was just elected may
        not know all, so while it says less than `hoped_seq` it is asked again, for up to 2 s.
        """
        ...

    def committed(self, after_seq: int) -> AsyncIterator[Sequence[Record]]:
        """Yield every record past `after_seq`, in order, in batches, as it is committed.

        The only thing that feeds readers: what it yields no crash can take back. It neither skips
        nor repeats, also across reconnects. Ends with `LogClosed` when the store closes. One at a
        time.
        """
        ...

    async def trim(self, subject: str, through_seq: int) -> int:
        """Delete the subject's records up to `through_seq`, inclusive; return how many.

        A system's name covers all of its subjects. The mark that `bounds` reports is durable before
        anything is deleted. Never the birth record.
        """
        ...

    async def close(self) -> None:
        """Finish what was begun and release everything; a second call does nothing."""
        ...
