"""The store's interface: one durable, ordered log of records, and small values beside it.

Memory, SQLite and NATS JetStream implement it and pass one suite (tests/store/contract.py). The
log is their only caller. Methods may be called from one event loop, concurrently; none blocks it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from typing import Protocol

from tidings.core.damage import DamageReport
from tidings.core.errors import KeyReused, SeqConflict
from tidings.core.record import (
    Bounds,
    Draft,
    Record,
    StateEntry,
    Stored,
    Stretch,
    Weight,
    covers,
)

Result = Stored | KeyReused | SeqConflict
"""The result of one draft of a group: stored, or refused and not stored."""

TRIM_MARKS = "trim/"
"""Where `state` holds the trim marks: below it by subject, as decimal digits."""

RETENTION = "retention/"
"""Where `state` holds the retention rule that was applied last, below it by system, as JSON. Copies
of a log do not have it: there, retention needs a confirmation again.
"""


SPARSE_THROUGH = "sparse-through"
"""Where `state` holds, as decimal digits, the position through which many positions have no record.
Set in a copy of a log whose keys take positions too: a missing position is not a loss there.
"""

ORIGIN = "origin"
"""Where `state` of a backup holds the `log_id` of its log; a restored log does not have it."""


def answer_of_key(draft: Draft, held: tuple[int, bytes] | None) -> Result | None:
    """Return the result of a draft whose key may be stored; None = it is to be stored.

    `held` is the position and the digest that are stored under the key, or None.
    """
    if draft.key is None or held is None:
        return None
    seq, digest = held
    return Stored(seq, duplicate=True) if digest == draft.digest else KeyReused(draft.key, seq)


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
    """Small named values with revisions: trim marks, tokens, policies, positions of sources.

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

        `expect_revision` 0 = it must not exist; None = any revision.

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

        Several changes of one name may be merged into the last one. Ends with `LogClosed` when the
        store closes.
        """
        ...


class EventStore(Protocol):
    """A durable log. Positions start at 2, increase, have gaps, and are never reused.

    Any method: `StoreUnavailable` when the store cannot do its work, `LogClosed` after `close`.
    """

    @property
    def log_id(self) -> str:
        """The log's identity, a UUID in text, made with the birth record."""
        ...

    @property
    def kind(self) -> str:
        """What kind of store it is, in one word: memory, sqlite or jetstream."""
        ...

    @property
    def key_retention_s(self) -> float:
        """How long a key is kept at least, also when its record is deleted."""
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
        the group. A key is kept as long as its record is retained, and at least for the store's key
        retention. Cancelling undoes nothing: the group may be committed or not.

        Raises:
            StoreUnavailable: each draft of the group may be stored or not.
        """
        ...

    async def probe(self, size_bytes: int) -> None:
        """Return when a record with so many bytes could be stored now; stores nothing.

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
        that there is none now. Each record is verified by its checksum; a damaged one
        (`Record.is_damaged`) keeps its position. If its system is not known either, every reader
        gets it.
        """
        ...

    async def read_before(
        self,
        before_seq: int,
        limit: int,
        *,
        systems: Collection[str] | None = None,
        max_bytes: int | None = None,
    ) -> list[Record]:
        """Return up to `limit` retained records before `before_seq`, newest first; as `read`.

        Its cost depends on the size of the page, not on that of the log.
        """
        ...

    async def read_at(self, seqs: Sequence[int], *, max_bytes: int | None = None) -> list[Record]:
        """Return the retained records at these positions, which rise or fall, in their order.

        Limits and damaged records as for `read`; where `max_bytes` ends it, nothing after the last
        record was read.
        """
        ...

    async def stretch(self, after_seq: int, limit: int, max_bytes: int) -> Stretch:
        """Return records past `after_seq` as `read` does, and every key of the same positions.

        Also the keys of deleted records, as long as they may be kept. At most `limit` of either. It
        is empty only where the log has nothing more: then `through_seq` is the end of the log. What
        was deleted was marked as trimmed before.
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

    async def weigh(self, after_seq: int, through_seq: int) -> Mapping[str, Weight]:
        """Return what is retained of each system past one position and through another.

        Systems without any are left out. Sizes are estimates of the stored size of one copy,
        without keys, and additive: two adjacent ranges have the size of both together.
        """
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
        """Return the newest position that the log ever assigned, at least 1: `Bounds.end_seq`.

        As fresh as possible: where several servers hold the log, a new leader may not know all of
        it, so while its answer is below `hoped_seq` it is asked again, for up to 2 s.
        """
        ...

    async def size_bytes(self) -> int | None:
        """Return the size of one copy of the log on disk; None = it is not on a disk."""
        ...

    def committed(self, after_seq: int) -> AsyncIterator[Sequence[Record]]:
        """Yield every record past `after_seq`, in order, in batches, as it is committed.

        The only source of records for readers: no crash can lose what it yields. It neither skips
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

    async def give_back(self) -> int:
        """Return space that trims have freed to the file system; return how many bytes.

        Some of it, in steps of milliseconds between which publishers go first; call it regularly.
        Space that new records will soon need is kept.
        """
        ...

    async def close(self) -> None:
        """Finish pending work and release everything; a second call does nothing."""
        ...
