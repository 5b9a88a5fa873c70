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
from tidings.core.extent import Found
from tidings.core.record import BIRTH_SEQ
from tidings.core.selection import Everything, Selection
from tidings.dialects.dialect import Dialect
from tidings.dialects.rules import check_enums, timestamp
from tidings.dialects.systems import system_name
from tidings.log.event_log import EventLog
from tidings.log.work_thread import WorkThread
from tidings.rpc.framing import varint
from tidings.rpc.index import Index
from tidings.rpc.objects.history_page import HistoryPage
from tidings.rpc.objects.known_since import KnownSince
from tidings.rpc.objects.versions import (
    Version,
    versions_of,
    work_bytes,
)
from tidings.rpc.paging import check_page_size, sealed_token, unsealed
from tidings.rpc.scanning import (
    AT_ONCE,
    EVER,
    Patience,
    Rest,
    Scan,
    Times,
    digest_of,
    span_of,
)
from tidings.v1 import objects_pb2 as pb

_VERSIONS_TAG = b"\x0a"  # GetObjectHistoryResponse.versions, field 1, length-delimited
DEFAULT_PAGE = 100
MAX_PAGE = 1000


@dataclass(frozen=True, slots=True)
class _OfPage:
    """Finds the records that carry the object of a page, once it is known, or what may be it."""

    index: Index
    page: HistoryPage

    async def find(self, after_seq: int, before_seq: int, limit: int) -> Found | None:
        """Return the newest positions between two."""
        return await self.index.versions(self.page.number, after_seq, before_seq, limit)


class ObjectHistories:
    """Answers from the log."""

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

    async def get(
        self,
        request: pb.GetObjectHistoryRequest,
        rights: Rights,
        remaining_s: float | None = None,
    ) -> bytes:
        """Return a page of versions, and the token of the next; an encoded response.

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
        patience = Patience(self._clock, remaining_s)
        await self._walk(page, rest, everything, times.until_us, patience)
        if rest.is_empty and not page.is_full:
            await self._thread.do_sized(page.held_bytes, page.end)
        answer = pb.GetObjectHistoryResponse(through_seq=rest.through_seq, log_id=self._log.log_id)
        if page.is_full or not (page.is_done or rest.is_empty):
            place = page.token
            before_seq = min(rest.before_seq, place[0] or rest.before_seq)
            answer.next_page_token = sealed_token(digest, before_seq, rest.through_seq, *place)
        since_us = await self._known_since.micros(everything)
        if since_us is not None:
            answer.known_since.CopyFrom(timestamp(since_us))
        parts = [part for each in page.found for part in (_VERSIONS_TAG, varint(len(each)), each)]
        return b"".join((*parts, answer.SerializeToString()))

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
        patience: Patience,
    ) -> None:
        """Read until the page is full, or the call has done its share of work."""
        finder = _OfPage(self._index, page) if self._index else None
        times = Times(EVER.from_us, until_us)
        scan = Scan(self._log, everything, rest, times, patience, finder, is_apart=True)
        while not (scan.is_over or page.is_done or page.is_full):
            batch = await scan.step(page.limit, all_count=False)
            take = partial(page.take, batch, self._dialects, rest.before_seq)
            size_bytes = work_bytes(batch) + page.held_bytes
            rest.pass_by(await self._thread.do_sized(size_bytes, take))

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
            everything, seq - 1, seq + 1, 1, AT_ONCE.size_bytes, newest_first=True
        )
        for pick in batch.picks:
            read = partial(versions_of, pick, page.dialect, with_values=True)
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
