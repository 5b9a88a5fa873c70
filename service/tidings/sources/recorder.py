"""Runs one source: claims it, publishes what it reads, and keeps its position with the service."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import NoReturn, ParamSpec

import grpc
import structlog

from tidings.core.backoff import Backoff
from tidings.core.clock import Clock
from tidings.core.failures import first_of
from tidings.core.tracing import Tracer, current, span_of
from tidings.gateway.upload.draft_stream import DraftStream
from tidings.gateway.upstream.client import PublishCall
from tidings.sources.failure import UpstreamFailed
from tidings.sources.recording_sink import OVER, RecordingSink, RunCall, Sleep, broken
from tidings.sources.source import Source
from tidings.v1 import event_service_pb2_grpc, source_service_pb2_grpc
from tidings.v1 import source_service_pb2 as pb

P = ParamSpec("P")

FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.5, 30.0
GRACE_S = 5.0
"""For what was read to be stored, when it is told to stop."""

LASTING_PAUSE_S = 60.0
"""Between tries where only a person can help: a refused credential."""

_LASTING = frozenset(
    {
        grpc.StatusCode.FAILED_PRECONDITION,
        grpc.StatusCode.INVALID_ARGUMENT,
        grpc.StatusCode.PERMISSION_DENIED,
        grpc.StatusCode.UNAUTHENTICATED,
        grpc.StatusCode.UNIMPLEMENTED,
    }
)


@dataclass(frozen=True, slots=True)
class Plan:
    """How a source is to be run."""

    name: str
    stale_after_s: float = 300.0
    required: bool = False


class Recorder:
    """Runs a source as a client of a service, over a channel that others may share."""

    def __init__(
        self,
        channel: grpc.aio.Channel,
        source: Source,
        plan: Plan,
        clock: Clock,
        sleep: Sleep = asyncio.sleep,
        tracer: Tracer | None = None,
    ) -> None:
        self._log: structlog.stdlib.BoundLogger = structlog.get_logger("tidings.source")
        self._log = self._log.bind(source=plan.name)
        self._tracer = tracer
        self._events = event_service_pb2_grpc.EventServiceStub(channel)
        self._sources = source_service_pb2_grpc.SourceServiceStub(channel)
        self._source = source
        self._plan = plan
        self._clock = clock
        self._sleep = sleep
        self._backoff = Backoff(FIRST_PAUSE_S, LONGEST_PAUSE_S)
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        """Let `run` return once what was read is stored, and where it reads on."""
        self._stopping.set()

    async def run(self) -> None:
        """Record until `stop`; neither the system nor the service that goes away ends it."""
        async with asyncio.TaskGroup() as tasks:
            recording = tasks.create_task(self._record_again_and_again())
            await self._stopping.wait()
            await asyncio.wait({recording}, timeout=GRACE_S)
            recording.cancel()

    async def _record_again_and_again(self) -> None:
        while not self._stopping.is_set():
            pause_s = self._backoff.next_s()
            try:
                await self._run_once()
            except* grpc.aio.AioRpcError as group:
                if not self._stopping.is_set():
                    pause_s = self._told(first_of(group), pause_s)
            if not self._stopping.is_set():
                await self._sleep(pause_s)

    def _told(self, error: grpc.aio.AioRpcError, pause_s: float) -> float:
        """Log why the service ended it; return how long to wait, at least as long as is given."""
        if error.code() in _LASTING:
            pause_s = max(pause_s, LASTING_PAUSE_S)
        self._log.warning(
            "the service does not take it",
            code=error.code().name,
            reason=(error.details() or "no reason given").splitlines()[0],
            retry_s=round(pause_s, 1),
        )
        return pause_s

    async def _run_once(self) -> None:
        call = self._sources.RunSource()
        try:
            with suppress(*OVER):
                await call.write(pb.RunSourceRequest(claim=self._claim()))
            grant = await self._granted(call)
            self._backoff.reset()
            self._log.info("recording", address=self._source.address)
            with span_of(self._tracer, "source", "consumer") as span:
                span["tidings.source"] = self._plan.name
                try:
                    await self._record(call, grant)
                except* grpc.aio.AioRpcError:
                    if not self._stopping.is_set():  # else it is how a run ends
                        raise
        finally:
            call.cancel()

    def _claim(self) -> pb.SourceClaim:
        claim = pb.SourceClaim(
            source=self._plan.name,
            system=self._source.system,
            address=self._source.address,
            required=self._plan.required,
        )
        claim.stale_after.FromMilliseconds(int(self._plan.stale_after_s * 1000))
        return claim

    async def _granted(self, call: RunCall) -> pb.SourceGrant:
        async for answer in _answers(call):
            if answer.HasField("grant"):
                return answer.grant
            self._log.info("another recorder runs it; standing by")
        raise AssertionError("unreachable")  # `_answers` raises at the end

    async def _record(self, call: RunCall, grant: pb.SourceGrant) -> None:
        async def open_call() -> PublishCall:
            trace = current.get()
            return self._events.PublishStream(metadata=(("traceparent", trace),) if trace else ())

        drafts = DraftStream(open_call)
        sink = RecordingSink(call, drafts, grant, self._clock, self._log, self._tracer)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(_whole(_hear, call, sink))
            tasks.create_task(_whole(drafts.run))
            tasks.create_task(_whole(sink.take_results))
            tasks.create_task(_whole(sink.report_again_and_again, self._sleep))
            following = tasks.create_task(_whole(self._follow, sink))
            await self._stopping.wait()
            following.cancel()
            await sink.finish()

    async def _follow(self, sink: RecordingSink) -> NoReturn:
        pauses = Backoff(FIRST_PAUSE_S, LONGEST_PAUSE_S)
        while True:
            sink.progressed = False
            try:
                await self._source.follow(sink.position, sink)
                failure = UpstreamFailed("ended")
            except UpstreamFailed as error:
                failure = error
            if sink.progressed:
                pauses.reset()
            pause_s = LASTING_PAUSE_S if failure.is_lasting else pauses.next_s()
            pause_s = max(pause_s, failure.pause_s)
            self._log.warning(
                "the system is not read now", reason=failure.reason, retry_s=round(pause_s, 1)
            )
            await sink.disconnected(failure.reason)
            await self._sleep(pause_s)


async def _hear(call: RunCall, sink: RecordingSink) -> None:
    """Read the answers to reports until the call ends."""
    async for _ in _answers(call):
        sink.accepted()


async def _answers(call: RunCall) -> AsyncIterator[pb.RunSourceResponse]:
    """Yield what the service answers.

    Raises:
        grpc.aio.AioRpcError: the call has ended, in whatever way.
    """
    async for answer in call:
        yield answer
    code, details = await call.code(), await call.details()
    ended = code if code is not grpc.StatusCode.OK else grpc.StatusCode.UNAVAILABLE
    raise broken(ended, details or "the service ended the call")


async def _whole(part: Callable[P, Awaitable[None]], *of: P.args, **by: P.kwargs) -> None:
    """Run a part of a run; cancelled, cancel it until it has ended.

    One cancellation may be lost: in a task group when one of its tasks fails at the same time, and
    in a read of gRPC whose call has just begun. The run would wait for the part for ever.

    Raises:
        grpc.aio.AioRpcError: the part was cancelled by something else: gRPC cancels a call of which
            one write is cancelled, for all that wait for it. A task group would go on without it.
    """
    running = asyncio.ensure_future(part(*of, **by))  # noqa: TID251 - awaited below
    try:
        await asyncio.wait({running})
    except asyncio.CancelledError:
        while not running.done():
            running.cancel()
            await asyncio.wait({running}, timeout=0.1)
        if not running.cancelled():
            running.exception()  # seen, but no longer of interest
        raise
    if running.cancelled():
        raise broken(grpc.StatusCode.CANCELLED, "a call was cancelled in the middle")
    running.result()
