"""ListObjects: what there was at a time, each object as its newest event carried it.

How this works: the log is read from its newer end, so the first version of an object that is found
is its newest, and of all others only their number is remembered. Of what an index knows only the
newest versions are read. A walk that has not come to the end waits for the call that asks for the
next page; one that has been forgotten meanwhile is walked anew as far as the token says, with the
same result.
"""

from __future__ import annotations

import hashlib
from collections import Counter, OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from tidings.access.guards import guarded
from tidings.access.rights import Rights
from tidings.core.clock import Clock
from tidings.core.errors import BadRequest
from tidings.core.limits import MAX_PAGE_BYTES, MIB
from tidings.core.record import BIRTH_SEQ
from tidings.core.selection import Everything, Selection
from tidings.dialects.dialect import Dialect
from tidings.dialects.rules import check_enums, timestamp
from tidings.log.batch import Pick
from tidings.log.event_log import EventLog
from tidings.log.time_slices import TimeSlice
from tidings.log.work_thread import WorkThread
from tidings.rpc.framing import varint
from tidings.rpc.index import Index
from tidings.rpc.objects.known_since import KnownSince
from tidings.rpc.objects.states import States
from tidings.rpc.objects.versions import (
    Version,
    fit,
    show_value,
    versions_of,
    versions_of_each,
    work_bytes,
)
from tidings.rpc.objects.wanted import Wanted
from tidings.rpc.paging import check_page_size, sealed_token, unsealed
from tidings.rpc.scanning import EVER, Patience, Rest, Scan, Times, digest_of
from tidings.rpc.starts import micros_of
from tidings.v1 import objects_pb2 as pb

DEFAULT_PAGE = 1000
MAX_PAGE = 10_000

MAX_OBJECTS = 200_000
"""Identities that one walk remembers, some 100 bytes each."""

MAX_HELD_BYTES = 16 * MIB
"""Of the events of objects that were found and not yet given; beyond it no more is looked for."""

_OBJECTS_TAG = b"\x0a"  # ListObjectsResponse.objects, field 1, length-delimited
_WALKS = 4
"""Walks that wait for their next page."""

_ABANDONED_S = 60.0
"""A walk that waits longer makes room for others first."""


_Told = bytes | Version
"""An object framed for the answer; or the version, where it takes more to tell of it."""


@dataclass(slots=True)
class _Walk:
    """How far the log has been walked, and what was found and not yet given.

    `given` counts the objects that earlier pages were given; `states` is what an index said.
    """

    rest: Rest
    states: States | None = None
    seen: set[int] = field(default_factory=set)
    found: list[_Told] = field(default_factory=list)
    given: int = 0
    held_bytes: int = 0
    kept_at_s: float = 0.0

    def take(
        self,
        picks: Sequence[Pick],
        dialects: Mapping[str, Dialect],
        wanted: Wanted,
        tell: Callable[[Version], _Told],
    ) -> None:
        """Take the versions in the next older records, as they are to be told.

        Raises:
            BadRequest: there are too many objects.
        """
        for versions in versions_of_each(picks, dialects):
            for version in versions:
                self._take(version, wanted, tell)

    def _take(self, version: Version, wanted: Wanted, tell: Callable[[Version], _Told]) -> None:
        if not wanted.may_be(version.identity.group):
            return
        number = version.identity.number
        if number in self.seen:
            return
        if self.states and not self.states.may_be_newest(number, version.seq):
            return
        if len(self.seen) >= MAX_OBJECTS:
            raise BadRequest("kinds", f"there are more than {MAX_OBJECTS} objects of these")
        self.seen.add(number)
        if wanted.is_met_by(version):
            told = tell(version)
            self.found.append(told)
            self.held_bytes += _size_of(told)

    def give(self, count: int) -> None:
        """Forget the first ones that were found."""
        if count == len(self.found):
            self.held_bytes = 0
        else:
            self.held_bytes -= sum(map(_size_of, self.found[:count]))
        del self.found[:count]
        self.given += count


def _size_of(told: _Told) -> int:
    return told.size_bytes if isinstance(told, Version) else len(told)


class ObjectLists:
    """Answers from the log, in time slices."""

    def __init__(
        self,
        log: EventLog,
        dialects: Mapping[str, Dialect],
        clock: Clock,
        known_since: KnownSince,
        index: Index | None = None,
    ) -> None:
        self._index = index
        self._log = log
        self._dialects = dialects
        self._clock = clock
        self._thread = WorkThread()
        self._known_since = known_since
        self._walks: OrderedDict[tuple[bytes, int, int], _Walk] = OrderedDict()

    async def list(
        self, request: pb.ListObjectsRequest, rights: Rights, remaining_s: float | None = None
    ) -> bytes:
        """Return a page of objects, and the token of the next; an encoded response.

        Raises:
            BadRequest: it cannot be served.
            StoreUnavailable: the store cannot be read.
        """
        check_enums(request)
        check_page_size(request.page_size)
        wanted = Wanted.parse(request, self._dialects)
        at_us = micros_of(request.at, "at") if request.HasField("at") else EVER.until_us - 1
        everything = {system: Everything() for system in wanted.systems}
        allowed = guarded(Selection.of(everything), rights)
        digest = _digest(digest_of(request, self._log.log_id), rights)
        walk, offset = await self._walk_of(request, at_us, digest)
        if not allowed.systems:
            walk.rest.pass_by(BIRTH_SEQ)  # there is nothing to be read
        if walk.states is None and self._index and allowed.whole_systems == allowed.systems:
            walk.states = States(self._index, wanted, await self._first_seq())
        limit = min(request.page_size or DEFAULT_PAGE, MAX_PAGE)
        times = Times(EVER.from_us, at_us + 1)
        patience = Patience(self._clock, remaining_s)
        scan = Scan(self._log, allowed, walk.rest, times, patience, walk.states, is_apart=True)
        tell = partial(self._told, is_full=request.view == pb.OBJECT_VIEW_FULL)
        time_slice = TimeSlice(self._clock)
        while (
            not scan.is_over
            and walk.given + len(walk.found) <= offset + limit
            and walk.held_bytes < MAX_HELD_BYTES
        ):
            batch = await scan.step(MAX_PAGE)
            take = partial(walk.take, batch.picks, self._dialects, wanted, tell)
            await self._thread.do_sized(work_bytes(batch), take)
            await time_slice.step()
            walk.rest.pass_by(batch.position)
            walk.give(min(len(walk.found), max(0, offset - walk.given)))
        answer = pb.ListObjectsResponse(through_seq=walk.rest.through_seq, log_id=self._log.log_id)
        objects: Sequence[bytes] = ()
        if walk.given == offset:
            through_seq = walk.rest.through_seq
            objects = await self._page(walk.found[:limit], request, through_seq, at_us)
            walk.give(len(objects))
        if walk.found or not walk.rest.is_empty:
            next_offset = max(walk.given, offset)
            through_seq = walk.rest.through_seq
            answer.next_page_token = sealed_token(digest, through_seq, next_offset)
            self._keep((digest, through_seq, next_offset), walk)
        since_us = await self._known_since.micros(allowed)
        if since_us is not None:
            answer.known_since.CopyFrom(timestamp(since_us))
        return b"".join((*objects, answer.SerializeToString()))

    async def _walk_of(
        self, request: pb.ListObjectsRequest, at_us: int, digest: bytes
    ) -> tuple[_Walk, int]:
        """Return a token's walk, or a new one, and how many objects were given before."""
        if request.page_token:
            through_seq, offset = unsealed(request.page_token, digest, 2)
            walk = self._walks.pop((digest, through_seq, offset), None)
            if walk is not None:
                return walk, offset
            return _Walk(Rest(BIRTH_SEQ, through_seq + 1, through_seq, newest_first=True)), offset
        await self._log.catch_up()  # another node may have answered what is to be found
        before_seq = self._log.last_seq + 1
        if request.HasField("at"):
            before_seq = min(before_seq, await self._log.seek(None, at_us + 1))
        through_seq = max(before_seq - 1, BIRTH_SEQ)
        return _Walk(Rest(BIRTH_SEQ, before_seq, through_seq, newest_first=True)), 0

    async def _first_seq(self) -> int:
        """Return the position of the oldest record that is retained."""
        return (await self._log.bounds()).first_seq

    def _keep(self, key: tuple[bytes, int, int], walk: _Walk) -> None:
        """Keep a walk; of too many those that are nearest to their end, so that each ends.

        A walk that is forgotten begins anew: many that forget each other would never end.
        """
        now_s = walk.kept_at_s = self._clock.monotonic_s()
        self._walks[key] = walk
        while len(self._walks) > _WALKS:
            dropped = next(iter(self._walks))
            if now_s - self._walks[dropped].kept_at_s < _ABANDONED_S:
                newest_first = reversed(self._walks)  # of equals
                dropped = max(newest_first, key=lambda each: self._walks[each].rest.before_seq)
            del self._walks[dropped]

    def _told(self, version: Version, *, is_full: bool) -> _Told:
        """Frame a version at once if that is all: many would fill the memory, and CPU's caches."""
        dialect = self._dialects[version.identity.group.system]
        if is_full or version.object.kind in dialect.part_kinds:
            return version
        return _framed(fit(version.state()))

    async def _page(
        self,
        found: Sequence[_Told],
        request: pb.ListObjectsRequest,
        through_seq: int,
        at_us: int,
    ) -> Sequence[bytes]:
        """Return the first objects that an answer has room for, framed for it."""
        page: list[bytes] = []
        size_bytes = 0
        time_slice = TimeSlice(self._clock)
        for told in found:
            if isinstance(told, Version):
                await time_slice.step()
                framed = _framed(await self._encoded(told, request, through_seq, at_us))
            else:
                framed = told
            size_bytes += len(framed)
            if page and size_bytes > MAX_PAGE_BYTES:
                break
            page.append(framed)
        return page

    async def _encoded(
        self, version: Version, request: pb.ListObjectsRequest, through_seq: int, at_us: int
    ) -> bytes:
        """Return an object with its value or its parts, encoded."""
        dialect = self._dialects[version.identity.group.system]
        state = version.state()
        encoded = fit(state)
        if request.view == pb.OBJECT_VIEW_FULL:
            value_of = partial(version.value, dialect)
            value = await self._thread.do_sized(version.event.ByteSize(), value_of)
            show_value(state, value, len(encoded))
        if version.object.kind in dialect.part_kinds:
            state.parts.update(await self._parts(version, dialect, through_seq, at_us))
        return state.SerializeToString()

    async def _parts(
        self, version: Version, dialect: Dialect, through_seq: int, at_us: int
    ) -> Counter[str]:
        """Count an object's parts by their status."""
        kind = dialect.part_kinds[version.object.kind]
        subject = dialect.subject_of_parts(version.object.kind, version.object.id)
        newest: dict[str, str] = {}
        time_slice = TimeSlice(self._clock)
        source = version.identity.group.source
        after_seq = 0
        while records := await self._log.read(
            after_seq, MAX_PAGE, subject=subject, max_bytes=MAX_PAGE_BYTES
        ):
            after_seq = records[-1].seq
            for record in records:
                await time_slice.step()
                if record.seq > through_seq or record.recorded_at_us > at_us:
                    continue
                for each in versions_of(Pick(record, None), dialect, newest_first=False):
                    if each.object.kind == kind and each.identity.group.source == source:
                        newest[each.object.id] = each.object.status
        return Counter(newest.values())


def _framed(encoded: bytes) -> bytes:
    return b"".join((_OBJECTS_TAG, varint(len(encoded)), encoded))


def _digest(of_request: bytes, rights: Rights) -> bytes:
    """Return what stands for a request of a caller: others may see other objects."""
    return hashlib.sha256(of_request + rights.digest.encode()).digest()[:8]
