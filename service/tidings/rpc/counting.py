"""CountRecords: how many events there are, by time, system, type and source."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tidings.access.guards import guarded
from tidings.access.rights import Rights
from tidings.core.clock import Clock
from tidings.core.conditions import Content
from tidings.core.errors import BadRequest
from tidings.core.limits import MIB
from tidings.core.selection import Selection
from tidings.core.tallies import CountGroup, Key, TallyQuestion
from tidings.dialects.dialect import Dialect
from tidings.dialects.rules import check_duration, check_enums, events_of, timestamp
from tidings.dialects.systems import system_number
from tidings.log.batch import Pick
from tidings.log.event_log import EventLog
from tidings.rpc.filters.sieve import sieve_of
from tidings.rpc.index import Index
from tidings.rpc.scanning import (
    AT_ONCE,
    Patience,
    Rest,
    Scan,
    Times,
    digest_of,
    finder_of,
    rest_of,
    times_of,
)
from tidings.rpc.selecting import wanted_by
from tidings.v1 import asking_pb2 as pb
from tidings.v1 import event_pb2
from tidings.v1.event_system_pb2 import EventSystem

MAX_COUNTS = 10_000
"""Of one answer."""

MAX_NAME = 256
"""Characters of a type or source that are compared: all counts are one answer."""

MAX_NAMES_BYTES = 2 * MIB
"""Of the types and sources of one answer."""

MIN_BUCKET_S = 1


@dataclass(slots=True)
class Total:
    """How many events, and the last one."""

    events: int = 0
    last_seq: int = 0
    last_us: int = 0


@dataclass(frozen=True, slots=True)
class Grouping:
    """The fields by which events are grouped. `bucket_us`: length of an interval, 0 = only one.

    `name` is the field of the request that says so.
    """

    name: str
    bucket_us: int
    by_system: bool
    by_type: bool
    by_source: bool

    @classmethod
    def parse(cls, request: pb.CountRecordsRequest) -> Grouping:
        """Return the grouping of a request.

        Raises:
            BadRequest: the length is not valid or too short, or a key is unspecified.
        """
        bucket_us = 0
        if request.HasField("bucket"):
            check_duration(request.bucket, "bucket")
            bucket_us = request.bucket.ToMicroseconds()
            if bucket_us < MIN_BUCKET_S * 1_000_000:
                raise BadRequest("bucket", f"must be at least {MIN_BUCKET_S} s")
        return cls._by("group_by", request.group_by, bucket_us)

    @classmethod
    def of_totals(cls, request: pb.CountRecordsRequest) -> Grouping:
        """Return the grouping of the totals of a request.

        Raises:
            BadRequest: a key is unspecified.
        """
        return cls._by("totals_by", request.totals_by)

    @classmethod
    def _by(cls, name: str, keys: Sequence[pb.CountKey.ValueType], bucket_us: int = 0) -> Grouping:
        if pb.COUNT_KEY_UNSPECIFIED in keys:
            place = list(keys).index(pb.COUNT_KEY_UNSPECIFIED)
            raise BadRequest(f"{name}[{place}]", "says nothing")
        return cls(
            name,
            bucket_us,
            pb.COUNT_KEY_SYSTEM in keys,
            pb.COUNT_KEY_TYPE in keys,
            pb.COUNT_KEY_SOURCE in keys,
        )

    def with_totals(self, other: Grouping) -> Grouping:
        """Return a grouping of which both can be made."""
        return Grouping(
            self.name,
            self.bucket_us,
            self.by_system or other.by_system,
            self.by_type or other.by_type,
            self.by_source or other.by_source,
        )

    def within(self, key: Key) -> Key:
        """Return the group that a group of a finer grouping belongs to."""
        return Key(
            key.start_us if self.bucket_us else None,
            key.system if self.by_system else None,
            key.type if self.by_type else None,
            key.source if self.by_source else None,
        )

    def key(self, recorded_at_us: int, system: str, event_type: str, source: str) -> Key:
        """Return the group of an event."""
        bucket_us = self.bucket_us
        return Key(
            recorded_at_us - recorded_at_us % bucket_us if bucket_us else None,
            system if self.by_system else None,
            event_type[:MAX_NAME] if self.by_type else None,
            source[:MAX_NAME] if self.by_source else None,
        )

    @property
    def narrowing(self) -> str:
        """The field that makes too many counts."""
        return "bucket" if self.bucket_us else self.name


@dataclass(slots=True)
class Tally:
    """The counts of one answer, as they grow."""

    grouping: Grouping
    totals: dict[Key, Total] = field(default_factory=dict)
    names_bytes: int = 0

    def add(self, key: Key, events: int, last_seq: int, last_us: int) -> None:
        """Count events of a group as fine as this one or finer; the last one's position and time.

        Raises:
            BadRequest: there are too many counts.
        """
        key = self.grouping.within(key)
        total = self.totals.get(key)
        if total is None:
            if len(self.totals) == MAX_COUNTS:
                raise BadRequest(self.grouping.narrowing, f"makes more than {MAX_COUNTS} counts")
            names = (key.type or "", key.source or "")
            self.names_bytes += sum(len(name.encode()) for name in names)
            if self.names_bytes > MAX_NAMES_BYTES:
                raise BadRequest(self.grouping.narrowing, "makes too many counts of long names")
            total = self.totals[key] = Total()
        total.events += events
        if last_seq > total.last_seq:
            total.last_seq, total.last_us = last_seq, last_us

    def counts(self, order: Callable[[tuple[Key, Total]], tuple[Any, ...]]) -> list[pb.Count]:
        """Return them as messages."""
        return [
            pb.Count(
                start_time=None if key.start_us is None else timestamp(key.start_us),
                system=_number(key.system),
                type=key.type or "",
                source=key.source or "",
                events=total.events,
                last_seq=total.last_seq,
                last_time=timestamp(total.last_us),
            )
            for key, total in sorted(self.totals.items(), key=order)
        ]


def _by_key(entry: tuple[Key, Total]) -> tuple[int, int, str, str]:
    key, _ = entry
    return key.start_us or 0, _number(key.system), key.type or "", key.source or ""


def _most_first(entry: tuple[Key, Total]) -> tuple[int, tuple[int, int, str, str]]:
    return -entry[1].events, _by_key(entry)


def _number(system: str | None) -> EventSystem.ValueType:
    return EventSystem.EVENT_SYSTEM_UNSPECIFIED if system is None else system_number(system)


class Counts:
    """Counts stored events, in time slices."""

    def __init__(
        self,
        log: EventLog,
        dialects: Mapping[str, Dialect],
        clock: Clock,
        index: Index | None = None,
    ) -> None:
        self._index = index
        self._log = log
        self._dialects = dialects
        self._clock = clock

    async def count(
        self, request: pb.CountRecordsRequest, rights: Rights, remaining_s: float | None = None
    ) -> pb.CountRecordsResponse:
        """Return the counts of the next part of the log, and the token of the rest.

        Raises:
            BadRequest, WrongLog, PositionAhead: it cannot be served.
            StoreUnavailable: the store cannot be read.
        """
        check_enums(request)
        counts, totals = Tally(Grouping.parse(request)), Tally(Grouping.of_totals(request))
        tallies = [counts, totals] if request.totals_by else [counts]
        grouping = counts.grouping.with_totals(totals.grouping)
        times = times_of(request)
        allowed = guarded(wanted_by(request, self._dialects), rights)
        sieve = sieve_of(request.filter, self._dialects, self._clock, self._log.log_id)
        digest = digest_of(request, self._log.log_id)
        rest = await rest_of(request, times, digest, self._log)
        patience = Patience(self._clock, remaining_s)
        finder = finder_of(self._index, allowed, rest)
        scan = Scan(self._log, allowed, rest, times, patience, finder, sieve)
        if sieve is None:
            await self._tally(allowed, rest, times, grouping, tallies)
        while not scan.is_over:
            batch = await scan.step(AT_ONCE.records)
            for pick in batch.picks:
                self._add(pick, grouping, tallies)
            rest.pass_by(batch.position)
        return pb.CountRecordsResponse(
            counts=counts.counts(_by_key),
            totals=totals.counts(_most_first),
            next_page_token=rest.token(digest),
            through_seq=rest.through_seq,
            log_id=self._log.log_id,
        )

    async def _tally(
        self,
        allowed: Selection,
        rest: Rest,
        times: Times,
        grouping: Grouping,
        tallies: Sequence[Tally],
    ) -> None:
        """Use the index's counts, if they answer the request, and skip what they cover."""
        conditions = allowed.conditions
        if self._index is None or allowed.unmatched_systems != allowed.systems:
            return
        if not conditions.are_of_groups or rest.is_empty:
            return

        def key_of(group: CountGroup) -> Key | None:
            is_wanted = conditions.hold_for(Content(group.type, group.source, (), ()))
            return grouping.key(0, *group) if is_wanted else None

        trimmed = await self._log.trimmed(allowed.systems)
        found = await self._index.tally(
            TallyQuestion(
                {system: max(rest.after_seq, trimmed[system]) for system in allowed.systems},
                rest.before_seq,
                *times,
                grouping.bucket_us,
                key_of,
            )
        )
        if found is None:
            return
        extent, totals = found
        if not await self._is_nothing_below(extent.floor_seq, allowed, rest):
            return
        for key, *total in totals:
            for tally in tallies:
                tally.add(key, *total)
        rest.pass_by(min(rest.before_seq - 1, max(rest.after_seq, extent.through_seq)))

    async def _is_nothing_below(self, floor_seq: int, allowed: Selection, rest: Rest) -> bool:
        """Return whether nothing is left of the range up to where the index begins; reads the log.

        The index is cut where retention has deleted everything.
        """
        if rest.after_seq >= floor_seq:
            return True
        before_seq = min(floor_seq + 1, rest.before_seq)
        below = await self._log.between(
            allowed, rest.after_seq, before_seq, 1, AT_ONCE.size_bytes, newest_first=False
        )
        return not below.picks and below.position == before_seq - 1

    def _add(self, pick: Pick, grouping: Grouping, tallies: Sequence[Tally]) -> None:
        record = pick.record
        events = events_of(record)
        dialect = self._dialects[record.system]
        for place in range(len(events)) if pick.places is None else pick.places:
            key = self._key(events[place], record.recorded_at_us, dialect, grouping)
            for tally in tallies:
                tally.add(key, 1, record.seq, record.recorded_at_us)

    def _key(
        self, event: event_pb2.Event, recorded_at_us: int, dialect: Dialect, grouping: Grouping
    ) -> Key:
        event_type = dialect.type_of(event) if grouping.by_type else ""
        return grouping.key(recorded_at_us, dialect.system, event_type, event.source)
