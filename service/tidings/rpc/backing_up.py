"""BackupLog: a copy of the whole log, in parts that are each complete."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from zlib import crc32

from tidings.core.clock import Clock
from tidings.core.damage import Unproven
from tidings.core.errors import BadRequest, WrongLog
from tidings.core.limits import MAX_BATCH_BYTES
from tidings.core.record import SYSTEMS, KeyEntry, Record, StateEntry, Stretch
from tidings.dialects.rules import timestamp
from tidings.dialects.systems import system_number
from tidings.log.copying import marks_of, values_of
from tidings.log.event_log import EventLog
from tidings.rpc.budget import Budget, Room, caller_of
from tidings.rpc.detached_write import Write
from tidings.v1 import backup_pb2 as pb

_AT_ONCE = 1000
"""Records of a page, and keys."""


class LogBackups:
    """Serves BackupLog. Shared by all calls; the only state of a call is its position."""

    def __init__(self, log: EventLog, clock: Clock, budget: Budget) -> None:
        self._log = log
        self._clock = clock
        self._budget = budget

    async def check(self, request: pb.BackupLogRequest) -> None:
        """Refuse a position that is not one of this log.

        Raises:
            BadRequest, WrongLog, PositionAhead: it is not valid.
            StoreUnavailable: the store cannot be read.
        """
        if request.after_seq and not request.log_id:
            raise BadRequest("log_id", "must be given with after_seq")
        if request.log_id and request.log_id != self._log.log_id:
            raise WrongLog(request.log_id, self._log.log_id)
        await self._log.check_position(request.after_seq)

    async def run(self, request: pb.BackupLogRequest, write: Write, *, peer: str) -> None:
        """Write all parts.

        Raises:
            StoreUnavailable: the store cannot be read.
        """
        room = Room(self._budget, caller_of(peer))
        async for part in self.parts(request.after_seq, room):
            encoded = part.SerializeToString()
            with room.holding(len(encoded)):
                await write(encoded)

    async def parts(self, after_seq: int, room: Room) -> AsyncIterator[pb.BackupLogResponse]:
        """Yield all parts of a copy from a position on.

        Raises:
            StoreUnavailable: the store cannot be read.
        """
        # Before the records, so that no position of a source is ahead of what it stands for: what
        # is then recorded again has its keys.
        values = await values_of(self._log.state)
        end_seq = (await self._log.bounds()).end_seq
        yield pb.BackupLogResponse(
            start=pb.BackupStart(
                log_id=self._log.log_id,
                end_seq=end_seq,
                size_bytes=await self._log.size_bytes(),
                sparse=self._log.store_kind == "jetstream",
            )
        )
        for some in _in_messages(values):
            yield pb.BackupLogResponse(values=some)
        told: dict[str, int] = {}
        while after_seq < end_seq:
            stretch = await self._log.stretch(after_seq, _AT_ONCE, room.batch_bytes())
            # after the records: a mark is stored before anything is deleted
            marks = await marks_of(self._log.state, stretch.through_seq)
            for page in pages_of(stretch, after_seq, _changed(marks, told)):
                yield pb.BackupLogResponse(page=page)
            after_seq = stretch.through_seq
        floors = {system: (await self._log.bounds(system)).first_seq for system in SYSTEMS}
        marks = await marks_of(self._log.state, after_seq)
        keys_since_us = self._clock.now_us() - int(self._log.key_retention_s * 1e6)
        yield pb.BackupLogResponse(
            end=pb.BackupEnd(
                marks=_changed(marks, told),
                floors=[
                    pb.BackupFloor(system=system_number(one), first_seq=seq or None)
                    for one, seq in floors.items()
                ],
                keys_since=timestamp(max(0, keys_since_us)),
            )
        )


def _in_messages(values: Sequence[StateEntry]) -> Iterator[pb.BackupValues]:
    some = pb.BackupValues()
    size_bytes = 0
    for name, value, revision in ((one.name, one.value, one.revision) for one in values):
        if size_bytes + len(value) > MAX_BATCH_BYTES:
            yield some
            some, size_bytes = pb.BackupValues(), 0
        some.values.add(name=name, value=value, revision=revision)
        size_bytes += len(value) + len(name)
    if size_bytes:
        yield some


def _changed(marks: Mapping[str, int], told: dict[str, int]) -> list[pb.BackupMark]:
    """Return the marks that were not sent yet, and note them as sent."""
    changed = {subject: seq for subject, seq in marks.items() if told.get(subject) != seq}
    told.update(changed)
    return [pb.BackupMark(subject=subject, through_seq=seq) for subject, seq in changed.items()]


def pages_of(
    stretch: Stretch, after_seq: int, marks: Sequence[pb.BackupMark]
) -> Iterator[pb.BackupPage]:
    """Return a stretch as a page, or as two if its one record nearly fills a message."""
    keys = [_key(key) for key in stretch.keys]
    if keys and sum(len(record.body) for record in stretch.records) > MAX_BATCH_BYTES:
        yield pb.BackupPage(keys=keys, through_seq=after_seq)
        keys = []
    yield pb.BackupPage(
        records=[_record(record) for record in stretch.records],
        keys=keys,
        marks=marks,
        through_seq=stretch.through_seq,
    )


def _record(record: Record) -> pb.BackupRecord:
    has_checksum = not record.is_damaged and not isinstance(record.body, Unproven)
    return pb.BackupRecord(
        seq=record.seq,
        recorded_at=timestamp(record.recorded_at_us),
        subject=record.subject,
        body=bytes(record.body),
        crc32=crc32(record.body) if has_checksum else None,
        damaged=record.is_damaged,
    )


def _key(key: KeyEntry) -> pb.BackupKey:
    return pb.BackupKey(
        seq=key.seq,
        system=system_number(key.system),
        key=key.key or None,
        digest=key.digest,
        recorded_at=timestamp(key.recorded_at_us),
    )
