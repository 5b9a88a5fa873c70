"""A backup over gRPC: stores what a service sends, and survives lost connections."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from zlib import crc32

import grpc
from google.protobuf.timestamp_pb2 import Timestamp

from tidings.core.backoff import Backoff
from tidings.core.damage import DAMAGED, Unproven
from tidings.core.errors import StoreUnfit
from tidings.core.record import KeyEntry, Record, StateEntry, Stretch, system_of
from tidings.dialects.systems import system_name
from tidings.store.sqlite.incoming import IncomingBackup
from tidings.v1 import backup_pb2 as pb

if TYPE_CHECKING:
    from tidings.v1.event_service_pb2_grpc import EventServiceAsyncStub  # exists in the stubs only

_SILENCE_S = 60.0
"""A connection without a part for this time counts as dead, whatever the system says."""

PATIENCE_S = 120.0
"""How long to retry a lost service that sends nothing new."""

_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.2, 5.0
_PASSING = frozenset(
    {
        grpc.StatusCode.UNAVAILABLE,
        grpc.StatusCode.CANCELLED,
        grpc.StatusCode.RESOURCE_EXHAUSTED,
        grpc.StatusCode.INTERNAL,  # a stream that was reset on its way
    }
)


class Lost(Exception):
    """The stream ended too early; the reason is for people."""


@dataclass(slots=True)
class Fetched:
    """The progress of a backup."""

    through_seq: int
    end_seq: int = 0
    records: int = 0
    size_bytes: int = 0
    keys_untold: int = 0
    is_complete: bool = False


Tell = Callable[[Fetched], None]
TellLost = Callable[[str], None]


@dataclass(slots=True)
class Fetch:
    """Fetches one backup. `told` is called at each step, `told_lost` when the service is lost."""

    stub: EventServiceAsyncStub
    backup: IncomingBackup
    told: Tell
    told_lost: TellLost
    pause: Callable[[float], Awaitable[None]] = asyncio.sleep
    now_s: Callable[[], float] = lambda: asyncio.get_running_loop().time()
    patience_s: float = PATIENCE_S
    done: Fetched = field(init=False)
    _keys: list[KeyEntry] = field(init=False, default_factory=list)
    _progress_s: float | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        self.done = Fetched(self.backup.origin.through_seq)

    async def run(self) -> None:
        """Fetch what is missing until the backup is complete.

        Raises:
            grpc.aio.AioRpcError: the service was never there, refuses, or stays away.
            Lost: it keeps sending invalid parts.
            StoreUnfit, StoreUnavailable: the backup cannot take it.
        """
        pauses = Backoff(_FIRST_PAUSE_S, _LONGEST_PAUSE_S)
        while not self.done.is_complete:
            before_seq = self.done.through_seq
            try:
                await self._once()
            except (grpc.aio.AioRpcError, Lost) as error:
                if not self._may_pass(error):
                    raise
                if self.done.through_seq > before_seq:
                    pauses.reset()
                self.told_lost(_reason_of(error))
                await self.pause(pauses.next_s())

    def _may_pass(self, error: grpc.aio.AioRpcError | Lost) -> bool:
        if isinstance(error, grpc.aio.AioRpcError) and error.code() not in _PASSING:
            return False
        if self._progress_s is None:
            return False
        return self.now_s() - self._progress_s < self.patience_s

    async def _once(self) -> None:
        """Take the parts of one stream."""
        origin = self.backup.origin
        request = pb.BackupLogRequest(after_seq=origin.through_seq, log_id=origin.log_id)
        call = self.stub.BackupLog(request)
        self._keys = []
        try:
            while not self.done.is_complete:
                before_seq = self.done.through_seq
                self._take(await self._next(call))
                if self._progress_s is None or self.done.through_seq > before_seq:
                    self._progress_s = self.now_s()
                self.told(self.done)
        finally:
            call.cancel()

    async def _next(self, call: Any) -> pb.BackupLogResponse:  # noqa: ANN401 - of grpc's own type
        try:
            async with asyncio.timeout(_SILENCE_S):
                part = await call.read()
        except TimeoutError:
            raise Lost(f"nothing came for {_SILENCE_S:.0f} s") from None
        if part is grpc.aio.EOF:
            raise Lost("the stream ended before the backup was complete")
        response: pb.BackupLogResponse = part
        return response

    def _take(self, part: pb.BackupLogResponse) -> None:
        match part.WhichOneof("part"):
            case "start":
                self.backup.begin(part.start.log_id, is_sparse=part.start.sparse)
                self.done.end_seq = part.start.end_seq
            case "values":
                values = [StateEntry(v.name, v.value, v.revision) for v in part.values.values]
                self.backup.take_values(values)
            case "page":
                self._take_page(part.page)
            case "end":
                end = part.end
                floors = {system_name(floor.system): floor.first_seq for floor in end.floors}
                self.backup.finish(_marks(end.marks), floors, _micros(end.keys_since))
                self.done.is_complete = True
            case _:
                raise StoreUnfit("the service is newer than this program: use a newer Tidings")

    def _take_page(self, page: pb.BackupPage) -> None:
        self._keys += (
            KeyEntry(
                key.seq, system_name(key.system), key.key, key.digest, _micros(key.recorded_at)
            )
            for key in page.keys
        )
        if page.through_seq <= self.backup.origin.through_seq:
            return  # with these alone the backup would not be whole
        records = [_record(record) for record in page.records]
        self.backup.add(Stretch(records, self._keys, page.through_seq), _marks(page.marks))
        self.done.keys_untold += sum(not key.key for key in self._keys)
        self._keys = []
        self.done.through_seq = page.through_seq
        self.done.records += len(records)
        self.done.size_bytes += page.ByteSize()


def _record(sent: pb.BackupRecord) -> Record:
    body: bytes = sent.body
    if sent.damaged:
        body = DAMAGED
    elif not sent.HasField("crc32"):
        body = Unproven(body)
    elif crc32(body) != sent.crc32:
        raise Lost(f"record {sent.seq} was damaged on its way")
    subject = sent.subject
    return Record(sent.seq, _micros(sent.recorded_at), system_of(subject), subject, body)


def _marks(marks: Sequence[pb.BackupMark]) -> dict[str, int]:
    return {mark.subject: mark.through_seq for mark in marks}


def _micros(time: Timestamp) -> int:
    return int(time.seconds) * 1_000_000 + time.nanos // 1000


def _reason_of(error: grpc.aio.AioRpcError | Lost) -> str:
    if isinstance(error, Lost):
        return str(error)
    return (error.details() or error.code().name).splitlines()[0]
