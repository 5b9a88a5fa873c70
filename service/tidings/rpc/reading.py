"""ReadRecords and GetRecord: what is stored, in bounded pieces."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from tidings.access.guards import guarded
from tidings.access.rights import Rights
from tidings.core.clock import Clock
from tidings.core.damage import Damaged
from tidings.core.errors import BadRequest, NotFound, RecordDamaged, RecordTrimmed
from tidings.core.limits import MAX_PAGE_BYTES, MAX_RESPONSE_BYTES
from tidings.dialects.dialect import Dialect
from tidings.dialects.rules import check_enums
from tidings.log.batch import Pick
from tidings.log.event_log import EventLog
from tidings.rpc.filters.sieve import sieve_of
from tidings.rpc.framing import encoded_record, varint
from tidings.rpc.gaps import DETAILS, gap_of
from tidings.rpc.index import Index
from tidings.rpc.paging import check_page_size
from tidings.rpc.scanning import (
    AT_ONCE,
    Patience,
    Scan,
    digest_of,
    finder_of,
    rest_of,
    times_of,
)
from tidings.rpc.selecting import selection_of, wanted_by
from tidings.rpc.wire import RecordsWire, as_json_of
from tidings.v1 import event_pb2, selection_pb2
from tidings.v1 import event_service_pb2 as pb

DEFAULT_PAGE = 1000
MAX_PAGE = 10_000

_RECORDS_TAG = b"\x0a"  # ReadRecordsResponse.records, field 1, length-delimited


@dataclass(slots=True)
class _Page:
    """What has been found for one answer."""

    limit: int
    newest_first: bool
    parts: list[bytes] = field(default_factory=list)
    gaps: list[pb.Gap] = field(default_factory=list)
    count: int = 0
    size_bytes: int = 0

    def tell(
        self, system: str, first_seq: int, last_seq: int, reason: pb.GapReason.ValueType
    ) -> None:
        """Add a gap. Only with rising positions is there one up to which all was sent."""
        before_seq = first_seq if first_seq == last_seq else first_seq - 1
        resume_seq = 0 if self.newest_first else before_seq
        self.gaps.append(gap_of(system, first_seq, last_seq, reason, resume_seq))

    def takes(self, pick: Pick, body: bytes) -> bool:
        """Put a record at the end, or a gap for it; False = the page is full."""
        record = pick.record
        encoded = b"" if type(body) is Damaged else encoded_record(record, body)
        if len(encoded) > MAX_RESPONSE_BYTES or not encoded:
            reason = pb.GAP_REASON_TOO_LARGE if encoded else pb.GAP_REASON_DAMAGED
            self.tell(record.system, record.seq, record.seq, reason)
            return True
        is_full = self.size_bytes + len(encoded) > MAX_PAGE_BYTES or self.count == self.limit
        if self.count and is_full:
            return False
        self.parts += (_RECORDS_TAG, varint(len(encoded)), encoded)
        self.count += 1
        self.size_bytes += len(encoded)
        return True


class Reads:
    """Answers from the store, in time slices."""

    def __init__(
        self,
        log: EventLog,
        dialects: Mapping[str, Dialect],
        clock: Clock,
        wire: RecordsWire,
        index: Index | None = None,
    ) -> None:
        self._index = index
        self._log = log
        self._dialects = dialects
        self._clock = clock
        self._wire = wire

    async def read(
        self, request: pb.ReadRecordsRequest, rights: Rights, remaining_s: float | None = None
    ) -> bytes:
        """Return the encoded answer: a page, and the token of the next.

        Raises:
            BadRequest, WrongLog, PositionAhead: it cannot be served.
            StoreUnavailable: the store cannot be read.
        """
        patience = Patience(self._clock, remaining_s)
        check_enums(request)
        check_page_size(request.page_size)
        times = times_of(request)
        allowed = guarded(wanted_by(request, self._dialects), rights)
        sieve = sieve_of(request.filter, self._dialects, self._clock, self._log.log_id)
        digest = digest_of(request, self._log.log_id)
        newest_first = request.order == pb.READ_ORDER_NEWEST_FIRST
        rest = await rest_of(request, times, digest, self._log, newest_first=newest_first)
        began_after, began_before = rest.after_seq, rest.before_seq
        page = _Page(min(request.page_size or DEFAULT_PAGE, MAX_PAGE), newest_first)
        as_json = as_json_of(request.payload_format)
        finder = finder_of(self._index, allowed, rest)
        scan = Scan(self._log, allowed, rest, times, patience, finder, sieve)
        is_full = False
        while not (scan.is_over or is_full):
            batch = await scan.step(page.limit - page.count)
            bodies = await self._wire.bodies(
                batch.picks, as_json=as_json, with_publisher=rights.management
            )
            for pick, body in zip(batch.picks, bodies, strict=True):
                if not page.takes(pick, body):
                    is_full = True
                    break
                rest.pass_by(pick.record.seq)
            else:
                rest.pass_by(batch.position)
        lost = await self._log.losses(
            allowed.systems,
            rest.before_seq - 1 if rest.newest_first else began_after,
            began_before if rest.newest_first else rest.after_seq + 1,
        )
        for one in lost:
            page.tell(one.system, one.first_seq, one.last_seq, pb.GAP_REASON_RETENTION)
        answer = pb.ReadRecordsResponse(
            gaps=page.gaps,
            next_page_token=rest.token(digest),
            through_seq=rest.through_seq,
            log_id=self._log.log_id,
        )
        return b"".join((*page.parts, answer.SerializeToString()))

    async def get(self, request: pb.GetRecordRequest, rights: Rights) -> pb.GetRecordResponse:
        """Return one record, with the events that may be read.

        Callers that may not read a record get the same answer as if there was none.

        Raises:
            BadRequest: the position is not valid.
            NotFound, RecordTrimmed: there is no such record.
            RecordDamaged: it cannot be returned.
            StoreUnavailable: the store cannot be read.
        """
        check_enums(request)
        seq = request.seq
        if not seq:
            raise BadRequest("seq", "must be at least 1")
        allowed = guarded(selection_of(selection_pb2.Selection(), self._dialects), rights)
        await self._log.catch_up(seq)
        batch = await self._log.between(
            allowed, seq - 1, seq + 1, 1, AT_ONCE.size_bytes, newest_first=False
        )
        if not batch.picks:
            if await self._log.losses(allowed.systems, seq - 1, seq + 1):
                raise RecordTrimmed(seq)
            raise NotFound("record", str(seq))
        as_json = as_json_of(request.payload_format)
        (body,) = await self._wire.bodies(
            batch.picks, as_json=as_json, with_publisher=rights.management
        )
        if type(body) is Damaged:
            raise RecordDamaged(seq, DETAILS[pb.GAP_REASON_DAMAGED])
        encoded = encoded_record(batch.picks[0].record, body)
        if len(encoded) > MAX_RESPONSE_BYTES:
            raise RecordDamaged(seq, DETAILS[pb.GAP_REASON_TOO_LARGE])
        return pb.GetRecordResponse(record=event_pb2.EventRecord.FromString(encoded))
