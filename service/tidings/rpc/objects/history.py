"""GetObjectHistory: the versions of one object, each compared with the one before it.

How this works: the log is read from its newer end, first for the newest object that has the id or
the name, then for versions of that object. A version is kept until the one before it has been
found, since only then its changes are known; a page token says which version waits.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from tidings.access.guards import guarded
from tidings.access.rights import Rights
from tidings.core.clock import Clock
from tidings.core.errors import BadRequest
from tidings.core.extent import Extent
from tidings.core.object_question import name_number
from tidings.core.record import BIRTH_SEQ
from tidings.core.selection import Everything, Selection
from tidings.dialects.dialect import Dialect
from tidings.dialects.rules import check_enums, timestamp
from tidings.dialects.systems import system_name
from tidings.log.event_log import EventLog
from tidings.log.time_slices import TimeSlice
from tidings.log.work_thread import LARGE_BYTES, WorkThread
from tidings.rpc.index import Index
from tidings.rpc.objects.history_page import HistoryPage
from tidings.rpc.objects.versions import Version, known_since_us, versions_of
from tidings.rpc.paging import check_page_size, sealed_token, unsealed
from tidings.rpc.scanning import (
    AT_ONCE_BYTES,
    EVER,
    Rest,
    Scan,
    Times,
    digest_of,
    patience_of,
    span_of,
)
from tidings.v1 import objects_pb2 as pb

DEFAULT_PAGE = 100
MAX_PAGE = 1000


@dataclass(frozen=True, slots=True)
class _ByNumber:
    """Finds the records that carry an object, or objects of a name."""

    index: Index
    number: int

    async def find(
        self, after_seq: int, before_seq: int, limit: int
    ) -> tuple[Extent, Sequence[int]] | None:
        """Return the newest positions between two."""
        return await self.index.versions(self.number, after_seq, before_seq, limit)


class ObjectHistories:
    """Answers from the log, in time slices."""

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
        self._thread = WorkThread()

    async def get(
        self,
        request: pb.GetObjectHistoryRequest,
        rights: Rights,
        remaining_s: float | None = None,
    ) -> pb.GetObjectHistoryResponse:
        """Return a page of versions, and the token of the next.

        Raises:
            BadRequest: it cannot be served.
            StoreUnavailable: the store cannot be read.
        """
        check_enums(request)
        check_page_size(request.page_size)
        dialect = self._dialect_of(request)
        times = span_of(request)
        everything = guarded(Selection.of({dialect.system: Everything()}), rights)
        digest = digest_of(request, self._log.log_id)
        page = HistoryPage(
            request, dialect, times.from_us, min(request.page_size or DEFAULT_PAGE, MAX_PAGE)
        )
        rest = await self._rest_of(request, times, digest, everything, page)
        patience_s = patience_of(remaining_s)
        if page.waiting is None:
            name = name_number(page.dialect.system, request.kind, request.id)
            found = await self._walk(page, rest, everything, times.until_us, patience_s, name)
            await self._begin_with(found, page, page.token)
        if page.waiting is not None and not (page.is_full or page.is_done):
            identity = page.waiting.version.identity
            await self._walk(page, rest, everything, times.until_us, patience_s, identity.number)
        if rest.is_empty and not page.is_full:
            await self._thread.do_sized(page.held_bytes, page.end)
        answer = pb.GetObjectHistoryResponse(
            versions=page.found, through_seq=rest.through_seq, log_id=self._log.log_id
        )
        if page.is_full or not (page.is_done or rest.is_empty):
            place = page.token
            before_seq = min(rest.before_seq, place[0] or rest.before_seq)
            answer.next_page_token = sealed_token(digest, before_seq, rest.through_seq, *place)
        since_us = await known_since_us(self._log, everything)
        if since_us is not None:
            answer.known_since.CopyFrom(timestamp(since_us))
        return answer

    def _dialect_of(self, request: pb.GetObjectHistoryRequest) -> Dialect:
        for name in ("system", "kind", "id"):
            if not getattr(request, name):
                raise BadRequest(name, "is required")
        return self._dialects[system_name(request.system)]

    async def _walk(
        self,
        page: HistoryPage,
        rest: Rest,
        everything: Selection,
        until_us: int,
        patience_s: float,
        number: int,
    ) -> Sequence[Version]:
        """Read until the page is full, or the call has done its share of work.

        Without a version that waits, until there is one: return those of its record.
        """
        finder = _ByNumber(self._index, number) if self._index else None
        times = Times(EVER.from_us, until_us)
        scan = Scan(self._log, everything, rest, times, self._clock, patience_s, finder)
        is_first = page.waiting is None
        time_slice = TimeSlice(self._clock)
        while not (scan.is_over or page.is_done or page.is_full):
            batch = await scan.step(1 if is_first else page.limit, all_count=False)
            for pick in batch.picks:
                if time_slice.is_over:
                    await time_slice.step()
                size_bytes = len(pick.record.body)
                is_large = size_bytes > LARGE_BYTES
                read = partial(versions_of, pick, page.dialect)
                versions = await self._thread.do(read) if is_large else read()
                for version in versions:
                    is_large = size_bytes + page.held_bytes > LARGE_BYTES
                    take = partial(page.takes, version)
                    if not (await self._thread.do(take) if is_large else take()):
                        return ()
                    if is_first and page.waiting is not None:
                        rest.pass_by(version.seq)
                        return versions
                rest.pass_by(pick.record.seq)
            rest.pass_by(batch.position)
        return ()

    async def _rest_of(
        self,
        request: pb.GetObjectHistoryRequest,
        times: Times,
        digest: bytes,
        allowed: Selection,
        page: HistoryPage,
    ) -> Rest:
        """Return the range to read, and give the page the versions that it had found before."""
        if not request.page_token:
            await self._log.catch_up()  # another node may have returned the position
            before_seq = self._log.last_seq + 1
            if request.HasField("until_time"):
                before_seq = min(before_seq, await self._log.seek(None, times.until_us))
            return Rest(BIRTH_SEQ, before_seq, max(before_seq - 1, BIRTH_SEQ), newest_first=True)
        before_seq, through_seq, seq, place, number = unsealed(request.page_token, digest, 5)
        await self._resume(page, allowed, (seq, place, number))
        return Rest(BIRTH_SEQ, before_seq, through_seq, newest_first=True)

    async def _resume(
        self, page: HistoryPage, everything: Selection, token: tuple[int, int, int]
    ) -> None:
        """Give the page a version that waited, from its record."""
        seq = token[0]
        if not seq:
            return
        batch = await self._log.between(
            everything, seq - 1, seq + 1, 1, AT_ONCE_BYTES, newest_first=True
        )
        for pick in batch.picks:
            read = partial(versions_of, pick, page.dialect)
            versions = await self._thread.do_sized(len(pick.record.body), read)
            await self._begin_with(versions, page, token)

    async def _begin_with(
        self, versions: Sequence[Version], page: HistoryPage, token: tuple[int, int, int]
    ) -> None:
        """Give the page a version that waits, and those of its object before it in its record."""
        if versions:
            page.waiting = None
            resume = partial(page.resume, versions, *token[1:])
            await self._thread.do_sized(sum(each.size_bytes for each in versions), resume)
