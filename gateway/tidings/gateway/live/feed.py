"""One shared live stream: an upstream call at the head of the log, and its newest lines."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass
from typing import Any, Generic, Protocol

import structlog
from google.protobuf.message import Message

from tidings.gateway.http.direct_write import Framer, Sink
from tidings.gateway.live.tail import Form, Line, LineTail, runs
from tidings.gateway.metrics import Metrics
from tidings.gateway.transcode.call import AnswerStream
from tidings.gateway.transcode.metadata import Metadata
from tidings.gateway.upstream.failures import Failure
from tidings.v1 import event_pb2
from tidings.v1 import event_service_pb2 as pb

UNPRINTABLE = "the record is stored and cannot be printed as JSON; gRPC readers get it"

_log = structlog.get_logger("tidings.gateway")


AHEAD_BYTES = 4 * 1024**2
"""Drawn while readers write: what a reader who comes back finds ready, in a few writes."""

ASLEEP_S = 2.0
"""How long a feed waits for any of its readers to keep up again."""


class Renderer(Protocol[Line]):
    """How a door prints a stream. Each method returns whole lines, or nothing for the wire."""

    @property
    def name(self) -> str:
        """The door, for logs and metrics."""
        ...

    @property
    def form(self) -> Form[Line]:
        """What its lines are: bytes of a body, or frames of a websocket."""
        ...

    def record(self, record: event_pb2.Record) -> Line:
        """Print a record."""
        ...

    def heartbeat(self, heartbeat: pb.Heartbeat) -> Line:
        """Print a heartbeat of the service."""
        ...

    def gap(self, gap: pb.Gap) -> Line:
        """Print a gap."""
        ...

    def unprintable(self, gap: pb.Gap) -> Line:
        """Print that one record, which the gap names, cannot be printed; the stream goes on."""
        ...


@dataclass(frozen=True, slots=True)
class Plan(Generic[Line]):
    """What a reader wants, how it is printed and as whom it is read. Equal plans share a feed.

    `selection` is a serialized SubscribeRequest without start and log_id; `credential` is the
    caller's, byte for byte, or empty.
    """

    renderer: Renderer[Line]
    selection: bytes
    credential: Metadata


class Keeper(Protocol):
    """Who keeps the feeds of a gateway, as a feed sees it."""

    @property
    def metrics(self) -> Metrics:
        """Where gaps are counted."""
        ...

    @property
    def feed_bytes(self) -> int:
        """How much a feed may keep at this moment."""
        ...

    def forget(self, feed: Feed[Any]) -> None:
        """Take a feed out, so that nobody joins it any more."""
        ...


class Waiter:
    """Where one reader waits: its timer is set once for a time, not for every wait until it."""

    __slots__ = ("_future", "_timer", "_until_s")

    def __init__(self) -> None:
        self._future: asyncio.Future[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._until_s = 0.0

    async def wait(self, until_s: float) -> None:
        """Return when woken, or at `until_s` of the loop's time. One at a time."""
        loop = asyncio.get_running_loop()
        if self._timer is None or self._until_s != until_s:
            self.close()
            self._timer = loop.call_at(until_s, self.wake)
            self._until_s = until_s
        self._future = loop.create_future()
        try:
            await self._future
        finally:
            self._future = None

    def wake(self) -> None:
        """End the wait, if there is one."""
        if self._future is not None and not self._future.done():
            self._future.set_result(None)

    def fail(self, error: Exception) -> None:
        """End the wait, if there is one, with an error."""
        if self._future is not None and not self._future.done():
            self._future.set_exception(error)

    def close(self) -> None:
        """Let the timer go."""
        if self._timer is not None:
            self._timer.cancel()


class Follower(Protocol):
    """A reader at the end of a feed, whose client the feed writes to by itself."""

    def halt(self) -> None:
        """Leave the feed at its end as that is now, and go on by itself."""
        ...

    def fail(self, error: Exception) -> None:
        """Take what came of writing to its client."""
        ...


class Feed(Generic[Line]):
    """One upstream stream at the head of the log, its newest lines and who waits for the next.

    Who waits is woken, and takes them. Who follows does not even wait: the feed writes to its
    client, and its place is the feed's end for as long as it does. So an event costs a reader that
    keeps up one call of its transport's `write`: no turn of its task, and no place to keep.

    Where nobody keeps up nothing more is drawn, so that readers who do not read cost a publisher
    nothing; after `ASLEEP_S` of that the feed retires: its upstream call ends, what it holds goes,
    and its readers go on from the log, each when it reads again.
    """

    def __init__(
        self, keeper: Keeper, plan: Plan[Line], answers: AnswerStream, tail: LineTail[Line]
    ) -> None:
        self.plan = plan
        self.tail = tail
        self.has_ended = False
        self.failure: Failure | None = None
        self.task: asyncio.Task[None] | None = None
        self._keeper = keeper
        self._answers = answers
        self._readers = 0
        self._waiting: set[Waiter] = set()
        self._following: dict[Framer[Line], dict[Follower, Sink]] = {}
        self.is_retired = False
        self._foremost = 0  # the place of the reader who has taken most
        self._ahead: deque[tuple[int, int]] = deque()  # ends and bytes of what it has not taken
        self._ahead_bytes = 0
        self._wanted = asyncio.Event()

    async def run(self) -> None:
        """Take what comes until the call ends, by whichever side."""
        try:
            while (message := await self._next()) is not None:
                assert isinstance(message, pb.SubscribeResponse)
                self._apply(message)
        except TimeoutError:
            self.is_retired = True
            self.tail.trim(0)
        except Failure as error:
            self.failure = error
        except Exception:  # noqa: BLE001 - an edge as well
            # a record that cannot be printed ends those who wanted it, not the gateway
            _log.exception("stream broke", door=self.plan.renderer.name)
        finally:
            self._finish()

    async def _next(self) -> Message | None:
        """Return the next message, once somebody wants it; None at the regular end.

        Raises:
            TimeoutError: nobody did for `ASLEEP_S`.
            grpc.aio.AioRpcError: the call failed.
        """
        if not (self._is_close() or self._waiting or any(self._following.values())):
            self._wanted.clear()
            async with asyncio.timeout(ASLEEP_S):
                await self._wanted.wait()
        return await self._answers.take()

    def _is_close(self) -> bool:
        """Say whether a reader has taken nearly all there is, so that more is drawn meanwhile."""
        return self._ahead_bytes < min(AHEAD_BYTES, self._keeper.feed_bytes)

    def reach(self, place: int) -> None:
        """Know that a reader has taken what is before a place."""
        if place <= self._foremost:
            return
        self._foremost = place
        while self._ahead and self._ahead[0][0] <= place:
            self._ahead_bytes -= self._ahead.popleft()[1]
        self._wanted.set()

    def stop(self) -> None:
        """End the upstream call and, once they have taken what is there, the readers."""
        self._finish()
        if self.task is not None:
            self.task.cancel()

    def join(self) -> None:
        """Count one reader more."""
        self._readers += 1

    def leave(self) -> None:
        """Count one reader less; without any the upstream call is of no more use."""
        self._readers -= 1
        if not self._readers:
            self.stop()

    def lead(self, follower: Follower, framed: Framer[Line], sink: Sink) -> None:
        """Write to a follower's client from now on what comes; its place must be our end."""
        self._following.setdefault(framed, {})[follower] = sink
        self._wanted.set()

    def release(self, follower: Follower) -> bool:
        """Write to a follower's client no more; False = it did not follow."""
        return any(
            following.pop(follower, None) is not None for following in self._following.values()
        )

    async def wait(self, waiter: Waiter, until_s: float) -> None:
        """Return when there is news, or the end, or at `until_s`."""
        self._waiting.add(waiter)
        self._wanted.set()
        try:
            await waiter.wait(until_s)
        finally:
            self._waiting.discard(waiter)

    def _apply(self, message: pb.SubscribeResponse) -> None:
        lines = lines_of(self._keeper.metrics, self.plan, message)
        form = self.plan.renderer.form
        if message.HasField("gap"):  # which is the door's to deal with
            self._halt()
        held_bytes = self.tail.size_bytes
        for run in runs(lines, lambda each: form.size(each[1])):
            for seq, line in run:
                if line:
                    self.tail.append(seq, line)
                else:
                    self.tail.advance(seq)
            if any(self._following.values()) and (chunk := form.join(line for _, line in run)):
                self._write(chunk)
        self._ahead.append((self.tail.end, self.tail.size_bytes - held_bytes))
        self._ahead_bytes += self.tail.size_bytes - held_bytes
        if any(self._following.values()):
            self.reach(self.tail.end)
        if message.HasField("gap"):
            self.tail.lack(message.gap.last_seq)
        self.tail.trim(self._keeper.feed_bytes)
        woken, self._waiting = self._waiting, set()  # they wait no more, though they have not run
        for waiter in woken:
            waiter.wake()

    def _write(self, chunk: Line) -> None:
        """Write what is in the tail already: a write may halt its follower, which is then past it.

        Hundreds of clients take a piece, so nothing of theirs is touched but what is written to.
        """
        for framed, following in list(self._following.items()):
            frame = framed(chunk)
            for sink in tuple(following.values()):
                try:
                    sink.write(frame)
                except Exception as error:  # noqa: BLE001 - the others are written to all the same
                    for follower in [each for each, its in following.items() if its is sink]:
                        follower.fail(error)

    def _finish(self) -> None:
        self.has_ended = True
        self._keeper.forget(self)
        self._answers.cancel()
        for waiter in self._waiting:
            waiter.wake()
        self._halt()

    def _halt(self) -> None:
        for following in list(self._following.values()):
            for follower in list(following):
                follower.halt()


def lines_of(
    metrics: Metrics, plan: Plan[Line], message: pb.SubscribeResponse
) -> list[tuple[int, Line]]:
    """Return the lines of a message with their positions; 0 = without one."""
    renderer = plan.renderer
    if message.HasField("heartbeat"):
        return [(message.heartbeat.seq, renderer.heartbeat(message.heartbeat))]
    if message.HasField("gap"):
        note_gap(metrics, plan.renderer.name, message.gap)
        return [(0, renderer.gap(message.gap))]
    return [(record.seq, _printed(metrics, renderer, record)) for record in message.records]


def _printed(metrics: Metrics, renderer: Renderer[Line], record: event_pb2.Record) -> Line:
    """Print a record. One that cannot be printed is told as such: it is no reason to end a stream.

    Nothing that is published now is such a record; one of an older version's log may be.
    """
    try:
        return renderer.record(record)
    except Exception as error:  # noqa: BLE001 - whatever it is, the next record is wanted as well
        metrics.unprintable.labels(door=renderer.name).inc()
        _log.warning(
            "a record cannot be printed",
            door=renderer.name,
            seq=record.seq,
            kind=type(error).__name__,
        )
        system = record.events[0].WhichOneof("body") if record.events else None
        name = f"SYSTEM_{(system or 'unspecified').upper()}"
        return renderer.unprintable(
            pb.Gap(
                system=event_pb2.System.Value(name),
                first_seq=record.seq,
                last_seq=record.seq,
                reason=UNPRINTABLE,
            )
        )


def note_gap(metrics: Metrics, door: str, gap: pb.Gap) -> None:
    """Log and count a gap: some doors have no way to tell of it."""
    metrics.gaps.labels(door=door).inc()
    _log.warning(
        "gap: records that a reader asked for are gone",
        door=door,
        system=event_pb2.System.Name(gap.system),
        first_seq=gap.first_seq,
        last_seq=gap.last_seq,
    )
