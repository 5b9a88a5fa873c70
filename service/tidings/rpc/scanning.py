"""One call's scan of stored records: where it begins and ends, and how much work it may do."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from tidings.core.clock import Clock
from tidings.core.errors import BadRequest, WrongLog
from tidings.core.extent import Extent, Found, Piece, next_piece
from tidings.core.limits import KIB, MIB
from tidings.core.record import BIRTH_SEQ, SYSTEMS
from tidings.core.selection import Selection
from tidings.log.batch import Batch
from tidings.log.event_log import EventLog
from tidings.rpc.envelopes import evidence_for
from tidings.rpc.filters.sieve import Sieve
from tidings.rpc.index import Index
from tidings.rpc.paging import sealed_token, unsealed
from tidings.rpc.starts import micros_of, position_before

MAX_SCANNED = 20_000
"""Records that one call reads; a limit for calls that select little, besides the time."""

MAX_SCANNED_BYTES = 64 * MIB
SCAN_S = 2.0


class Portion(NamedTuple):
    """How many records are read at once, and how many bytes of them."""

    records: int
    size_bytes: int


AT_ONCE = Portion(256, 256 * KIB)
"""As many as are matched in one time slice."""

AT_ONCE_JUDGED = Portion(32, 32 * KIB)
"""The same with a filter: each record may take 30 ms, and the time is checked in between."""

AT_ONCE_APART = Portion(1024, 512 * KIB)
"""For work in a thread: with less of it at once, a good part of the time goes into its turns."""

Bounded = Any
"""A request with the bounds of ReadRecordsRequest, and its page token."""


class Times(NamedTuple):
    """From (inclusive) and until (exclusive), in microseconds since 1970.

    Positions imply them, unless times come from the clocks of several servers; the time of a
    damaged record is not known.
    """

    from_us: int
    until_us: int


EVER = Times(-(2**62), 2**62)


@dataclass(slots=True)
class Rest:
    """The rest of a read: the positions between these two, both exclusive.

    `through_seq` is the end of the log at the first page.
    """

    after_seq: int
    before_seq: int
    through_seq: int
    newest_first: bool = False

    @property
    def is_empty(self) -> bool:
        """Return whether nothing is left."""
        return self.after_seq + 1 >= self.before_seq

    def pass_by(self, seq: int) -> None:
        """Remove everything up to a position, inclusive, from the end that is read first."""
        if self.newest_first:
            self.before_seq = seq
        else:
            self.after_seq = seq

    def token(self, digest: bytes) -> str:
        """Return the page token that continues here; "" = nothing is left."""
        if self.is_empty:
            return ""
        return sealed_token(digest, self.after_seq, self.before_seq, self.through_seq)


class Finder(Protocol):
    """Names the records that may match, from an index."""

    async def find(self, after_seq: int, before_seq: int, limit: int) -> Found | None:
        """Return the first positions between two, both exclusive, in the order of reading.

        Of the part that it covers; None = nothing, or it does not know any more.
        """
        ...


@dataclass(frozen=True, slots=True)
class ByConditions:
    """Finds the records that may match the conditions of a selection."""

    index: Index
    allowed: Selection
    newest_first: bool

    async def find(self, after_seq: int, before_seq: int, limit: int) -> Found | None:
        """Return what the index finds."""
        systems = self.allowed.systems
        return await self.index.find(
            None if systems.issuperset(SYSTEMS) else systems,
            self.allowed.conditions,
            after_seq,
            before_seq,
            limit,
            newest_first=self.newest_first,
        )


def finder_of(index: Index | None, allowed: Selection, rest: Rest) -> Finder | None:
    """Return the finder of records that may match conditions; None = all are read."""
    if index is None or not allowed.conditions:
        return None
    return ByConditions(index, allowed, rest.newest_first)


class Patience:
    """The time that one call may read: half of what is left until its deadline (None = none)."""

    def __init__(self, clock: Clock, remaining_s: float | None) -> None:
        patience_s = SCAN_S if remaining_s is None else min(SCAN_S, remaining_s / 2)
        self._clock = clock
        self._ends_at_s = clock.monotonic_s() + patience_s

    @property
    def is_over(self) -> bool:
        """Return whether the call has to answer."""
        return self._clock.monotonic_s() >= self._ends_at_s


class Scan:
    """Reads a range until it is empty, or the call has done its share of work.

    The part that an index covers is read at the positions that it names, the rest one by one; in
    both cases the stored record decides. `is_apart`: what is read is for a thread to work on.
    """

    def __init__(
        self,
        log: EventLog,
        allowed: Selection,
        rest: Rest,
        times: Times,
        patience: Patience,
        finder: Finder | None = None,
        sieve: Sieve | None = None,
        *,
        is_apart: bool = False,
    ) -> None:
        self._finder = finder
        self._sieve = sieve
        self._least = AT_ONCE if sieve is None else AT_ONCE_JUDGED
        is_whole = allowed.whole_systems == allowed.systems  # nothing is matched on the loop
        self._at_once = AT_ONCE_APART if is_apart and is_whole else self._least
        self._extent: Extent | None = None
        self._log = log
        self._allowed = allowed
        self._are_met = evidence_for(allowed.conditions)
        self._times = times
        self._patience = patience
        self._count = self._bytes = 0
        self.rest = rest

    @property
    def is_over(self) -> bool:
        """Return whether nothing is left, or the call has done its share."""
        return (
            self.rest.is_empty
            or self._count >= MAX_SCANNED
            or self._bytes >= MAX_SCANNED_BYTES
            or (self._count > 0 and self._patience.is_over)
        )

    async def step(self, room: int, *, all_count: bool = True) -> Batch:
        """Return the matches among the next records; the caller removes them from `rest`.

        Not many more than there is room for are read, where all are wanted. `all_count` False = the
        caller has a use for few of them, and sees by itself for which.

        Raises:
            StoreUnavailable: the store cannot be read.
        """
        if self._sieve is not None:
            room = self._at_once.records  # how many events it passes is not known
        limit = min(self._at_once.records, room + 1)
        found: Found | None = None
        if self._finder is not None and (self._extent is None or self._piece().is_known):
            found = await self._finder.find(self.rest.after_seq, self.rest.before_seq, limit)
            self._extent = None if found is None else found.extent
            if found is None:
                self._finder = None
        piece = self._piece()
        if found is not None and piece.is_known:
            batch = await self._at(found, piece, limit)
        else:
            batch = await self._read(piece, room if all_count else self._at_once.records)
        self._count += max(self._least.records, len(batch.picks))
        self._bytes += max(self._least.size_bytes, batch.size_bytes)
        if self._times != EVER:
            from_us, until_us = self._times
            inside = [
                pick
                for pick in batch.picks
                if from_us <= pick.record.recorded_at_us < until_us or pick.record.is_damaged
            ]
            batch = Batch(inside, batch.position)
        return batch if self._sieve is None else await self._sieve.sift(batch)

    def _piece(self) -> Piece:
        """Return the next part of the range that the index knows, or does not."""
        rest = self.rest
        return next_piece(
            self._extent, rest.after_seq, rest.before_seq, newest_first=rest.newest_first
        )

    async def _at(self, found: Found, piece: Piece, limit: int) -> Batch:
        """Return the matches among the first records that the index names in a part."""
        end_seq = piece.after_seq + 1 if self.rest.newest_first else piece.before_seq - 1
        seqs = found.seqs
        if not seqs:
            return Batch((), end_seq)
        are_met = self._are_met if found.are_sure else None
        batch = await self._log.at(self._allowed, seqs, self._at_once.size_bytes, are_met)
        is_end = batch.position == seqs[-1] and len(seqs) < limit
        return Batch(batch.picks, end_seq) if is_end else batch

    async def _read(self, piece: Piece, room: int) -> Batch:
        # One more than there is room for says whether there is another page.
        is_whole = self._allowed.whole_systems == self._allowed.systems
        return await self._log.between(
            self._allowed,
            piece.after_seq,
            piece.before_seq,
            min(self._at_once.records, room + 1) if is_whole else self._at_once.records,
            self._at_once.size_bytes,
            newest_first=self.rest.newest_first,
        )


def times_of(request: Bounded) -> Times:
    """Return the time bounds, and refuse bounds that exclude everything.

    Raises:
        BadRequest: they are, or a time is not valid.
    """
    if request.HasField("before_seq") and request.before_seq <= request.after_seq:
        raise BadRequest("before_seq", "must be more than after_seq")
    return span_of(request)


def span_of(request: Bounded) -> Times:
    """Return the times between which a request asks for records.

    Raises:
        BadRequest: they exclude everything, or one is not valid.
    """
    from_us, until_us = EVER
    if request.HasField("from_time"):
        from_us = micros_of(request.from_time, "from_time")
    if request.HasField("until_time"):
        until_us = micros_of(request.until_time, "until_time")
        if until_us <= from_us:
            raise BadRequest("until_time", "must be after from_time")
    return Times(from_us, until_us)


async def rest_of(
    request: Bounded, times: Times, digest: bytes, log: EventLog, *, newest_first: bool = False
) -> Rest:
    """Return the range to read: the rest of a token, or all that is requested.

    Raises:
        BadRequest: the token is of another request.
        WrongLog, PositionAhead: the positions are of another log.
        StoreUnavailable: the store cannot be read.
    """
    if request.page_token:
        after_seq, before_seq, through_seq = unsealed(request.page_token, digest, 3)
        return Rest(after_seq, before_seq, through_seq, newest_first)
    if request.log_id and request.log_id != log.log_id:
        raise WrongLog(request.log_id, log.log_id)
    await log.check_position(request.after_seq)
    await log.catch_up()  # another node may have returned the position
    after_seq, before_seq = max(request.after_seq, BIRTH_SEQ), log.last_seq + 1
    if request.HasField("before_seq"):
        before_seq = min(before_seq, request.before_seq)
    if request.HasField("from_time"):
        after_seq = max(after_seq, await position_before(times.from_us, log))
    if request.HasField("until_time"):
        before_seq = min(before_seq, await log.seek(None, times.until_us))
    return Rest(after_seq, before_seq, max(before_seq - 1, after_seq), newest_first)


def digest_of(request: Bounded, log_id: str) -> bytes:
    """Return a digest that is the same for all requests of one read of one log, and no others."""
    alike = type(request)()
    alike.CopyFrom(request)
    for name in ("page_size", "page_token"):
        if name in alike.DESCRIPTOR.fields_by_name:
            alike.ClearField(name)
    encoded = alike.SerializeToString(deterministic=True)
    return hashlib.sha256(log_id.encode() + encoded).digest()[:8]
