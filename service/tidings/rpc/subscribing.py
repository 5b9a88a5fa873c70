"""Subscribe: the stream's start, its records as they come, its heartbeats and its gaps."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import dropwhile
from typing import NamedTuple

from google.protobuf.message import Message

from tidings.access.guards import guarded
from tidings.access.rights import MANAGEMENT, Rights
from tidings.core.clock import Clock
from tidings.core.errors import BadRequest, CursorExpired, TidingsError, Unauthenticated
from tidings.core.record import BIRTH_SEQ
from tidings.core.selection import Everything, Selection
from tidings.dialects.dialect import Dialect
from tidings.dialects.rules import check_enums
from tidings.log.batch import Batch, Pick
from tidings.log.event_log import EventLog
from tidings.log.follower import Follower
from tidings.rpc.budget import SMALL_BYTES, Budget, Room, caller_of
from tidings.rpc.detached_write import LooseWrite, Write
from tidings.rpc.gaps import gap_message
from tidings.rpc.metrics import Metrics
from tidings.rpc.starts import NomadPositions, Start, check_heartbeat, find_start
from tidings.rpc.wire import MAX_BATCH_COUNT, RecordsWire
from tidings.v1 import event_service_pb2

MAX_WANTED = 1000
"""Topics, names or jobs of one selector."""

TRIMMED = "trimmed by retention before it was read"


class Subscriptions:
    """Serves Subscribe. Shared by all calls; a call's own state is a `Subscription`."""

    def __init__(
        self,
        log: EventLog,
        dialects: Mapping[str, Dialect],
        nomad: NomadPositions,
        clock: Clock,
        wire: RecordsWire,
        metrics: Metrics,
        budget: Budget | None = None,
    ) -> None:
        self._budget = budget or Budget()
        self._log = log
        self._dialects = dialects
        self._nomad = nomad
        self._clock = clock
        self._wire = wire
        self._metrics = metrics

    async def check(
        self,
        request: event_service_pb2.SubscribeRequest,
        rights: Rights = MANAGEMENT,
        *,
        peer: str = "unix:",
        ends_at_us: int | None = None,
    ) -> Subscription:
        """Return what the request asks for, all checks passed.

        What is recorded at `ends_at_us` or later is not for this reader, whose credential has ended
        by then.

        Raises:
            BadRequest, WrongLog, PositionAhead: it cannot be served.
        """
        check_enums(request)
        heartbeat_s = check_heartbeat(request)
        selection = self.selection(request)
        allowed = guarded(selection, rights)
        start = await find_start(request, allowed.systems, self._log, self._nomad)

        def follow(rights: Rights, after_seq: int) -> Follower:
            return self._log.follow(guarded(selection, rights), after_seq)

        return Subscription(
            self._log.follow(allowed, start.after_seq),
            start,
            follow=follow,
            clock=self._clock,
            heartbeat_s=heartbeat_s,
            reader=Reader(
                request.payload_format == event_service_pb2.PAYLOAD_FORMAT_JSON,
                Room(self._budget, caller_of(peer)),
                ends_at_us,
            ),
            wire=self._wire,
            metrics=self._metrics,
        )

    def selection(self, request: event_service_pb2.SubscribeRequest) -> Selection:
        """Return what the selectors of the request select; without any, everything."""
        asked = {
            system: dialect.matcher(_checked_selector(request, dialect.body_field))
            for system, dialect in self._dialects.items()
            if request.HasField(dialect.body_field)  # type: ignore[arg-type]  # selectors are named so
        }
        return Selection.of(asked or {system: Everything() for system in self._dialects})


def _checked_selector(request: event_service_pb2.SubscribeRequest, name: str) -> Message:
    """Return a selector, unless it names more than records may be compared with, or nothing."""
    selector: Message = getattr(request, name)
    for field, value in selector.ListFields():
        if field.is_repeated and len(value) > MAX_WANTED:
            raise BadRequest(f"{name}.{field.name}", f"at most {MAX_WANTED} are allowed")
        if field.is_repeated and "" in value:
            raise BadRequest(f"{name}.{field.name}[{list(value).index('')}]", "must not be empty")
    return selector


class Reader(NamedTuple):
    """How one reader is served: in which form, out of whose room, and until when (None = ever)."""

    as_json: bool
    room: Room
    ends_at_us: int | None = None


class Subscription:
    """One reader's stream: owns a follower, and closes it at the end of `run`."""

    __slots__ = (
        "_as_json",
        "_beat_at_s",
        "_clock",
        "_ends_at_us",
        "_follow",
        "_follower",
        "_handed_seq",
        "_heartbeat_s",
        "_live",
        "_metrics",
        "_new_rights",
        "_not_before_us",
        "_now_s",
        "_room",
        "_start",
        "_told_seq",
        "_wire",
    )

    def __init__(
        self,
        follower: Follower,
        start: Start,
        *,
        follow: Callable[[Rights, int], Follower] | None = None,
        clock: Clock,
        heartbeat_s: float,
        reader: Reader,
        wire: RecordsWire,
        metrics: Metrics,
    ) -> None:
        self._room = reader.room
        self._ends_at_us = reader.ends_at_us
        self._told_seq: int | None = None  # once the reader's time has ended
        self._follower = follower
        self._follow = follow
        self._new_rights: Rights | None = None
        self._start = start
        self._not_before_us = start.not_before_us  # 0 = all that comes is wanted
        self._clock = clock
        self._heartbeat_s = heartbeat_s
        self._as_json = reader.as_json
        self._wire = wire
        self._metrics = metrics
        self._now_s = 0.0  # as of the last step's end
        self._beat_at_s: float | None = None  # None = the reader has not been at the head yet
        self._live = LooseWrite()
        self._handed_seq = 0  # what lies past it, the reader's rights decide about anew

    @property
    def position(self) -> int:
        """Everything selected up to here was handed to `write`, or told as a gap."""
        return self._follower.position if self._told_seq is None else self._told_seq

    async def run(self, write: Write) -> None:
        """Stream until the log closes; `write` takes one encoded SubscribeResponse.

        Before the next it is awaited, so a reader who does not read stops his own stream. It may be
        driven from outside of this task (`LooseWrite`).

        Raises:
            LogClosed: the service is going down.
            StoreUnavailable: older records cannot be read now.
        """
        self._live = LooseWrite(write)
        try:
            while True:
                try:
                    await self._step(write)
                except CursorExpired as lost:
                    await self._tell(lost, write)
        finally:
            self._live.close()
            self.close()

    def restrict(self, rights: Rights) -> None:
        """Let the reader get no more, from here on, than these rights allow."""
        self._new_rights = rights

    def close(self) -> None:
        """Give the follower back without having run."""
        self._follower.close()

    async def _step(self, write: Write) -> None:
        # 0 until the head is reached: its heartbeat must not wait for a silence
        idle_s = 0.0 if self._beat_at_s is None else max(0.0, self._beat_at_s - self._now_s)
        self._handed_seq = self._follower.position
        try:
            batch = await self._follower.take(
                idle_s, MAX_BATCH_COUNT, self._room.batch_bytes(), self._write_live
            )
        except TidingsError:
            await self._live.finished()
            raise
        await self._live.finished()
        batch = self._in_time(batch)
        if self._is_late(batch):
            batch = self._told_seq_and_rest(batch)
        messages = await self._wire.messages(batch, as_json=self._as_json)
        if self._new_rights is not None:
            # what was taken may be what must not be read any more: it is read again
            rights, self._new_rights = self._new_rights, None
            assert self._follow is not None, "made without rights that can change"
            self._follower.close()
            self._follower = self._follow(rights, self._handed_seq)
            return
        for message in messages:
            with self._room.holding(len(message)):
                await write(message)
            self._metrics.sent_bytes.add(len(message))
        if self._told_seq is not None:
            raise Unauthenticated("expired")
        now_s = self._now_s = self._clock.monotonic_s()
        if self._beat_at_s is None:
            if not self._follower.at_head:
                return
            self._beat_at_s = now_s
        if now_s >= self._beat_at_s:
            # counted from the first one, not from now: neither records nor a slow reader shift it
            due = 1 + (now_s - self._beat_at_s) // self._heartbeat_s
            self._beat_at_s += due * self._heartbeat_s
            beat = event_service_pb2.Heartbeat(seq=batch.position)
            await write(event_service_pb2.SubscribeResponse(heartbeat=beat).SerializeToString())

    def _in_time(self, batch: Batch) -> Batch:
        """Leave out what was stored before the time that the stream begins at."""
        if not self._not_before_us or not batch:
            return batch
        picks = list(dropwhile(self._is_early, batch.picks))
        if picks:
            self._not_before_us = 0
        return batch if len(picks) == len(batch.picks) else Batch(picks, batch.position)

    def _is_early(self, pick: Pick) -> bool:
        return pick.record.recorded_at_us < self._not_before_us

    def _write_live(self, batch: Batch) -> bool:
        """Begin to write a batch that has just come; False = the stream's task has to see it.

        That is every batch of a reader who keeps up, so what is done here is all that he costs.
        """
        if self._live.is_busy or self._new_rights is not None:
            return False
        if self._not_before_us or self._is_late(batch):
            return False
        messages = self._wire.messages_at_once(batch, as_json=self._as_json)
        if messages is None or len(messages) != 1 or len(messages[0]) > SMALL_BYTES:
            return False
        self._live.begin(messages[0])
        self._handed_seq = batch.position
        self._metrics.sent_bytes.add(len(messages[0]))
        return True

    def _is_late(self, batch: Batch) -> bool:
        """Say whether a batch holds what was recorded when the reader's time had ended."""
        if self._ends_at_us is None or not batch.picks:
            return False
        return batch.picks[-1].record.recorded_at_us >= self._ends_at_us

    def _told_seq_and_rest(self, batch: Batch) -> Batch:
        """Return what of a late batch is still for the reader, and note how far that is."""
        assert self._ends_at_us is not None
        rest = [pick for pick in batch.picks if pick.record.recorded_at_us < self._ends_at_us]
        self._told_seq = rest[-1].record.seq if rest else self._handed_seq
        return Batch(rest, self._told_seq)

    async def _tell(self, lost: CursorExpired, write: Write) -> None:
        unmentioned = self._start.unmentioned.get(lost.system, 0)
        if lost.last_seq <= unmentioned:
            return
        self._metrics.gaps.labels(system=lost.system).inc()
        first_seq = max(lost.first_seq, unmentioned + 1, BIRTH_SEQ + 1)
        await write(gap_message(lost.system, first_seq, lost.last_seq, TRIMMED))
