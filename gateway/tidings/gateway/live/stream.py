"""One upstream call, its newest printed lines, and the readers that wait for the next."""

from __future__ import annotations

import asyncio
from collections.abc import Hashable
from enum import Enum
from typing import Any, Generic, Protocol

import structlog

from tidings.gateway.http.direct_write import Framer, Sink
from tidings.gateway.live.stream_key import StreamKey, lines_of
from tidings.gateway.live.tail import Line, LineTail, runs
from tidings.gateway.live.waiter import Waiter
from tidings.gateway.metrics import Metrics
from tidings.gateway.transcode.call import AnswerStream
from tidings.gateway.upstream.failures import Failure
from tidings.v1 import event_service_pb2 as pb

_log = structlog.get_logger("tidings.gateway")

PREFETCH_BYTES = 4 * 1024**2
"""Prefetched by a live stream while its readers write."""

IDLE_S = 2.0
"""How long a stream stays open while no reader draws from it."""


class State(Enum):
    """The phase of a stream and its readers."""

    PACED = "paced"
    """It draws a message when a reader waits for one, so backpressure reaches the service."""

    LIVE = "live"
    """It is at the head of the log, prefetches for its readers and may write to their clients."""

    ENDED = "ended"
    """Its readers read what is there, and end."""

    RETIRED = "retired"
    """It was idle and holds nothing; each reader continues from the log when it reads again."""


class Owner(Protocol):
    """Who keeps the streams of a gateway, as a stream sees it."""

    @property
    def metrics(self) -> Metrics:
        """Where gaps are counted."""
        ...

    @property
    def stream_bytes(self) -> int:
        """How much a stream may keep at this moment."""
        ...

    def forget(self, stream: Stream[Any]) -> None:
        """Take a stream out, so that nobody joins it any more."""
        ...


class DirectReader(Protocol):
    """A reader at the end of a live stream, to whose client the stream writes directly."""

    def detach(self) -> None:
        """Leave the stream at its current end, and wait in its own task again."""
        ...

    def fail(self, error: Exception) -> None:
        """Take the error of writing to its client."""
        ...


class Stream(Generic[Line]):
    """One upstream call and one bounded tail of printed lines. Readers hold places in the tail.

    It begins paced: it draws the next message when a reader waits at the end, so backpressure
    reaches the service. Messages that readers have taken are kept for those behind them, but not
    for a single reader that no other can join.

    At the head of the log it becomes live. A reader that waits is woken. One that is attached does
    not wait: the stream writes to its client, and its place is the end for as long as it is
    attached. So an event costs a reader that keeps up one call of its transport's `write`: no task
    switch, and no place to keep. While no reader keeps up, a live stream prefetches up to a bound
    and then stops: readers that do not read do not slow publishers down.

    After `IDLE_S` without a reader that wants more it retires: the call ends, and its lines are
    dropped.
    """

    def __init__(
        self,
        owner: Owner,
        key: StreamKey[Line],
        entry: Hashable,
        answers: AnswerStream,
        position: int | None,
    ) -> None:
        self.key = key
        self.entry = entry
        """Readers whose entry is equal begin at the same place, and may share this."""
        self.state = State.PACED
        self.tail = LineTail(position or 0, key.renderer.form)
        self.failure: Failure | None = None
        self.has_begun = False
        """Whether a message has arrived, or the end."""
        self.is_at_head = False
        """Whether the last message was a heartbeat."""
        self._owner = owner
        self._answers = answers
        self._knows_position = position is not None
        self._task: asyncio.Task[None] | None = None
        self._readers = 0
        self._waiting: set[Waiter] = set()
        self._attached: dict[Framer[Line], dict[DirectReader, Sink]] = {}
        self._foremost = 0  # the place of the reader that has taken most
        self._wanted = asyncio.Event()

    @property
    def is_joinable(self) -> bool:
        """Whether a reader can begin where this stream began."""
        return self.state is State.PACED and self.tail.first == 0

    def start(self, tasks: asyncio.TaskGroup) -> None:
        """Draw messages on demand from now on, in a task of this group."""
        self._task = tasks.create_task(self._run())

    def go_live(self) -> None:
        """Prefetch from now on; readers that join must have reached the head before."""
        self.state = State.LIVE
        if not self._knows_position:
            self.tail.lack(self.tail.last_seq)
        self._wanted.set()

    def stop(self) -> None:
        """End the upstream call, and the readers after what is there."""
        self._finish(State.ENDED)
        if self._task is not None:
            self._task.cancel()

    def join(self) -> None:
        """Count one reader more."""
        self._readers += 1

    def leave(self) -> None:
        """Count one reader less; the last one ends the upstream call."""
        self._readers -= 1
        if not self._readers:
            self.stop()

    def advance(self, place: int) -> None:
        """Note that a reader has taken everything before a place."""
        if place > self._foremost:
            self._foremost = place
            if self.state is State.LIVE:
                self._wanted.set()

    def attach(self, reader: DirectReader, framed: Framer[Line], sink: Sink) -> None:
        """Write new lines to a reader's client from now on; its place must be our end."""
        self._attached.setdefault(framed, {})[reader] = sink
        self._wanted.set()

    def detach(self, reader: DirectReader) -> bool:
        """Stop writing to a reader's client; False = it was not attached."""
        return any(attached.pop(reader, None) is not None for attached in self._attached.values())

    def is_attached(self, reader: DirectReader) -> bool:
        """Return whether new lines are written to a reader's client."""
        return any(reader in attached for attached in list(self._attached.values()))

    async def wait(self, waiter: Waiter, until_s: float) -> None:
        """Wait for new lines or the end, at most until `until_s` of the loop's time."""
        self._waiting.add(waiter)
        self._wanted.set()
        try:
            await waiter.wait(until_s)
        finally:
            self._waiting.discard(waiter)

    async def _run(self) -> None:
        """Take messages until the call ends, on either side, or no reader wants them."""
        state = State.ENDED
        try:
            while (message := await self._next()) is not None:
                self._apply(message)
        except TimeoutError:
            state = State.RETIRED
            self.tail.trim(0, self.tail.end)
        except Failure as error:
            self.failure = error
        except Exception:  # noqa: BLE001 - an edge as well
            # it ends its readers, not the gateway
            _log.exception("stream broke", door=self.key.renderer.name)
        finally:
            self._finish(state)

    async def _next(self) -> pb.SubscribeResponse | None:
        """Return the next message, once a reader wants it; None at the regular end.

        Raises:
            TimeoutError: none did for `IDLE_S`.
            grpc.aio.AioRpcError: the call failed.
        """
        if not self._is_wanted():
            self._wanted.clear()
            async with asyncio.timeout(IDLE_S if self.has_begun else None):
                await self._wanted.wait()
        message = await self._answers.take()
        assert message is None or isinstance(message, pb.SubscribeResponse)
        return message

    def _is_wanted(self) -> bool:
        if self._waiting or self._is_writing():
            return True
        if self.state is not State.LIVE:
            return False
        ahead_bytes = self.tail.bytes_from(self._foremost)
        return ahead_bytes < min(PREFETCH_BYTES, self._owner.stream_bytes)

    def _is_writing(self) -> bool:
        return any(self._attached.values())

    def _apply(self, message: pb.SubscribeResponse) -> None:
        renderer = self.key.renderer
        form = renderer.form
        lines = lines_of(self._owner.metrics, renderer, message)
        is_gap = message.HasField("gap")
        if is_gap:  # the door handles it
            self._detach_all()
        for run in runs(lines, lambda each: form.size(each[1])):
            self.tail.extend(run)
            if self._is_writing() and (chunk := form.join(line for _, line in run)):
                self._write(chunk)
        if is_gap:
            self.tail.lack(message.gap.last_seq)
        if self._is_writing():
            self.advance(self.tail.end)
        self._trim()
        self.has_begun = True
        self.is_at_head = message.HasField("heartbeat")
        self._wake_all()

    def _trim(self) -> None:
        if self.state is State.LIVE:
            self.tail.trim(self._owner.stream_bytes, self.tail.end - 1)
        else:
            # untaken lines are kept: one message may be larger than a stream's share
            is_shared = self._readers > 1 or self.is_joinable
            self.tail.trim(self._owner.stream_bytes if is_shared else 0, self._foremost)

    def _write(self, chunk: Line) -> None:
        """Write lines of the tail: a write may detach its reader, which has then passed them.

        Hundreds of clients take a piece, so the loop touches only their transports.
        """
        for framed, attached in list(self._attached.items()):
            frame = framed(chunk)
            for sink in tuple(attached.values()):
                try:
                    sink.write(frame)
                except Exception as error:  # noqa: BLE001 - the others are written to all the same
                    for reader in [each for each, its in attached.items() if its is sink]:
                        reader.fail(error)

    def _wake_all(self) -> None:
        woken, self._waiting = self._waiting, set()  # their tasks have not run yet
        for waiter in woken:
            waiter.wake()

    def _finish(self, state: State) -> None:
        if self.state in (State.PACED, State.LIVE):
            self.state = state
        self.has_begun = True
        self._owner.forget(self)
        self._answers.cancel()
        self._wake_all()
        self._detach_all()

    def _detach_all(self) -> None:
        for attached in list(self._attached.values()):
            for reader in list(attached):
                reader.detach()
