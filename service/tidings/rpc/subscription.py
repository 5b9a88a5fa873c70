"""One Subscribe call: its records, its heartbeats and its gaps."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import dropwhile

from tidings.access.rights import Rights
from tidings.core.clock import Clock
from tidings.core.errors import CursorExpired, TidingsError, Unauthenticated
from tidings.core.record import BIRTH_SEQ
from tidings.log.batch import Batch, Pick
from tidings.log.follower import Follower
from tidings.rpc.budget import SMALL_BYTES
from tidings.rpc.detached_write import DetachedWrite, Write
from tidings.rpc.gaps import gap_message
from tidings.rpc.metrics import Metrics
from tidings.rpc.reader_options import ReaderOptions
from tidings.rpc.starts import Start
from tidings.rpc.wire import MAX_BATCH_COUNT, RecordsWire
from tidings.v1 import event_service_pb2
from tidings.v1.event_service_pb2 import GapReason


class Subscription:
    """One reader's stream: owns a follower, and closes it at the end of `run`."""

    __slots__ = (
        "_as_json",
        "_beat_at_s",
        "_clock",
        "_delivered",
        "_ends_at_us",
        "_follow",
        "_follower",
        "_handed_seq",
        "_has_expired",
        "_heartbeat_s",
        "_live",
        "_metrics",
        "_new_rights",
        "_not_before_us",
        "_now_s",
        "_room",
        "_sieve",
        "_start",
        "_wire",
        "_with_publisher",
    )

    def __init__(
        self,
        follower: Follower,
        start: Start,
        *,
        follow: Callable[[Rights, int], Follower] | None = None,
        clock: Clock,
        heartbeat_s: float,
        reader: ReaderOptions,
        wire: RecordsWire,
        metrics: Metrics,
    ) -> None:
        self._room = reader.room
        self._delivered = reader.delivered
        self._ends_at_us = reader.ends_at_us
        self._has_expired = False  # the reader's credential
        self._follower = follower
        self._follow = follow
        self._new_rights: Rights | None = None
        self._start = start
        self._not_before_us = start.not_before_us  # 0 = every record
        self._clock = clock
        self._heartbeat_s = heartbeat_s
        self._as_json = reader.as_json
        self._with_publisher = reader.with_publisher
        self._sieve = reader.sieve
        self._wire = wire
        self._metrics = metrics
        self._now_s = 0.0  # as of the last step's end
        self._beat_at_s: float | None = None  # None = the reader has not been at the head yet
        self._live = DetachedWrite()
        # records after it are checked against the reader's rights again, and read again by a reader
        # that continues after its call was ended from outside
        self._handed_seq = follower.position

    @property
    def position(self) -> int:
        """Everything selected up to here was passed to `write`, or reported as a gap.

        A message whose write has begun counts: gRPC sends it before it ends the call.
        """
        return self._handed_seq

    @property
    def lag(self) -> int:
        """How many positions the reader is behind the newest record; 0 = not behind."""
        return self._follower.lag

    async def run(self, write: Write) -> None:
        """Stream until the log closes; `write` takes one encoded SubscribeResponse.

        It is awaited before the next one, so gRPC's flow control is the backpressure of each
        stream. It may be driven from outside of this task (`DetachedWrite`).

        Raises:
            LogClosed: the service is shutting down.
            StoreUnavailable: older records cannot be read now.
        """
        self._live = DetachedWrite(write)
        self._metrics.subscribers[self] = None
        try:
            while True:
                try:
                    await self._step(write)
                except CursorExpired as lost:
                    await self._tell(lost, write)
        finally:
            del self._metrics.subscribers[self]
            self._live.close()
            self.close()

    def restrict(self, rights: Rights) -> None:
        """From now on send the reader only what these rights allow."""
        self._new_rights = rights

    def close(self) -> None:
        """Give the follower back without having run."""
        self._follower.close()

    async def _step(self, write: Write) -> None:
        # 0 until the head is reached: its heartbeat must not wait for an idle period
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
            batch = self._rest_of(batch)
            self._has_expired = True
        if self._sieve is not None:
            batch = await self._sieve.sift(batch)
        messages = await self._wire.messages(
            batch, as_json=self._as_json, with_publisher=self._with_publisher
        )
        if self._new_rights is not None:
            # the taken batch may contain what must not be read any more: it is read again
            rights, self._new_rights = self._new_rights, None
            assert self._follow is not None, "made without rights that can change"
            self._with_publisher = rights.management
            self._follower.close()
            self._follower = self._follow(rights, self._handed_seq)
            return
        await self._hand(batch, messages, write)
        if self._has_expired:
            raise Unauthenticated("expired")
        now_s = self._now_s = self._clock.monotonic_s()
        if self._beat_at_s is None:
            if not self._follower.at_head:
                return
            self._beat_at_s = now_s
        if now_s >= self._beat_at_s:
            # counted from the first one, not from now: records and slow readers do not delay it
            due = 1 + (now_s - self._beat_at_s) // self._heartbeat_s
            self._beat_at_s += due * self._heartbeat_s
            beat = event_service_pb2.Heartbeat(seq=batch.position)
            await write(event_service_pb2.SubscribeResponse(heartbeat=beat).SerializeToString())

    async def _hand(self, batch: Batch, messages: Sequence[bytes], write: Write) -> None:
        for message in messages[:-1]:
            await self._send(message, write)
        self._handed_seq = batch.position
        for message in messages[-1:]:
            await self._send(message, write)
        if self._delivered is not None and batch:
            self._delivered(batch.picks)

    async def _send(self, message: bytes, write: Write) -> None:
        with self._room.holding(len(message)):
            await write(message)
        self._metrics.sent_bytes.add(len(message))

    def _in_time(self, batch: Batch) -> Batch:
        """Leave out records that were stored before the start time of the stream."""
        if not self._not_before_us or not batch:
            return batch
        picks = list(dropwhile(self._is_early, batch.picks))
        if picks:
            self._not_before_us = 0
        return batch if len(picks) == len(batch.picks) else Batch(picks, batch.position)

    def _is_early(self, pick: Pick) -> bool:
        return pick.record.recorded_at_us < self._not_before_us

    def _write_live(self, batch: Batch) -> bool:
        """Begin to write a new batch; False = the stream's task has to do it.

        A reader that keeps up gets every batch here: this is the whole cost of fan-out to it.
        """
        if self._live.is_busy or self._sieve or self._new_rights is not None:
            return False
        if self._not_before_us or self._is_late(batch):
            return False
        if sum(len(pick.record.body) for pick in batch.picks) > SMALL_BYTES:
            return False  # before a message is made of it, which the task would make once more
        messages = self._wire.messages_at_once(
            batch, as_json=self._as_json, with_publisher=self._with_publisher
        )
        if messages is None or len(messages) != 1 or len(messages[0]) > SMALL_BYTES:
            return False
        self._live.begin(messages[0])
        self._handed_seq = batch.position
        self._metrics.sent_bytes.add(len(messages[0]))
        newest = batch.picks[-1].record
        self._metrics.delivered(newest.seq, newest.recorded_at_us, self._clock)
        if self._delivered is not None:
            self._delivered(batch.picks)
        return True

    def _is_late(self, batch: Batch) -> bool:
        """Return whether a batch holds records stored after the reader's credential expired."""
        if self._ends_at_us is None or not batch.picks:
            return False
        return batch.picks[-1].record.recorded_at_us >= self._ends_at_us

    def _rest_of(self, batch: Batch) -> Batch:
        """Return the part of a late batch that is still for the reader."""
        assert self._ends_at_us is not None
        rest = [pick for pick in batch.picks if pick.record.recorded_at_us < self._ends_at_us]
        return Batch(rest, rest[-1].record.seq if rest else self._handed_seq)

    async def _tell(self, lost: CursorExpired, write: Write) -> None:
        unmentioned = self._start.unmentioned.get(lost.system, 0)
        if lost.last_seq <= unmentioned:
            return
        self._metrics.gaps.labels(system=lost.system).inc()
        first_seq = max(lost.first_seq, unmentioned + 1, BIRTH_SEQ + 1)
        resume_seq = self._follower.position
        await write(
            gap_message(
                lost.system, first_seq, lost.last_seq, GapReason.GAP_REASON_RETENTION, resume_seq
            )
        )
        self._handed_seq = resume_seq
