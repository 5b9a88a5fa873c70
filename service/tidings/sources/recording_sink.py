"""Where a source puts what it reads: it is published, and what becomes of it is reported."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Final, NamedTuple, NoReturn

import grpc
import structlog
from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp

from tidings.core.clock import Clock
from tidings.core.tracing import Tracer, current
from tidings.gateway.upload.draft_stream import DraftStream
from tidings.v1 import event_pb2, tidings_event_pb2
from tidings.v1 import event_service_pb2 as events
from tidings.v1 import source_service_pb2 as pb

MAX_TEXT_BYTES = 256
"""Of a position or a reason in a report of a gap: the contract's bound."""

REPORT_S = 1.0
"""How often a position is stored while events come."""

ANSWER_S = 30.0
"""How long the service may leave drafts unanswered; then the run ends, and another begins."""

# What grpc raises for a write to a call that is over; whoever reads it gets the cause.
OVER = (asyncio.InvalidStateError, grpc.aio.InternalError)

_ANSWERED: Final = ("position", "gap", "state")
"""A report with one of these is answered once it is stored."""

Sleep = Callable[[float], Awaitable[None]]

RunCall = grpc.aio.StreamStreamCall[pb.RunSourceRequest, pb.RunSourceResponse]


class _Handed(NamedTuple):
    """A draft that is not stored yet, or (without one) a place that was reached."""

    position: str
    occurred_ns: int
    event_count: int
    handed_us: int


class RecordingSink:
    """Publishes the drafts of one run, in order, and reports what has become of them.

    `position` is where the source reads on in this run; what is reported lags behind it by what is
    not stored yet.
    """

    def __init__(
        self,
        call: RunCall,
        drafts: DraftStream,
        grant: pb.SourceGrant,
        clock: Clock,
        log: structlog.stdlib.BoundLogger,
        tracer: Tracer | None = None,
    ) -> None:
        self._log = log
        self._tracer = tracer
        self.log_id = grant.log_id
        self.position = grant.position
        self.progressed = False
        self._call = call
        self._drafts = drafts
        self._clock = clock
        self._handed: deque[_Handed] = deque()
        self._answered_s = 0.0  # when the last was, or when the first of those was handed on
        self._stored_position = self._reported_position = grant.position
        self._counts = pb.SourceReport()
        self._is_connected = False
        self._writing = asyncio.Lock()
        self._asked_count = self._accepted_count = 0  # of reports that are answered
        self._changed = asyncio.Event()

    async def connected(self) -> None:
        """Report a connection, once."""
        if not self._is_connected:
            self._is_connected = True
            self._log.info("connected")
            await self._write(pb.SourceReport(connected=True))

    async def disconnected(self, reason: str) -> None:
        """Report that there is none, and why."""
        self._is_connected = False
        self._counts.errors += 1
        await self.report()
        await self._write(pb.SourceReport(connected=False, reason=_cut(reason)))

    async def begin(self, position: str) -> None:
        """Move to where something begins; returns once the service has stored it."""
        await self.reach(position)
        await self._report_what_is_handed()
        asked_count = self._asked_count
        while self._accepted_count < asked_count:
            self._changed.clear()
            await self._changed.wait()

    def accepted(self) -> None:
        """Count a report as stored: the next of those that are answered."""
        self._accepted_count += 1
        self._changed.set()

    async def put(self, draft: event_pb2.Draft, position: str, size_bytes: int) -> None:
        """Hand a draft on; waits while too many are not stored."""
        occurred_ns = max((event.occurred_at.ToNanoseconds() for event in draft.events), default=0)
        if not self._handed:
            self._answered_s = self._clock.monotonic_s()
        self._handed.append(_Handed(position, occurred_ns, len(draft.events), self._clock.now_us()))
        self._counts.bytes += size_bytes
        self.position = position
        self.progressed = True
        await self._drafts.add(draft)

    async def reach(self, position: str) -> None:
        """Move on without a draft."""
        self.position = position
        if self._handed:  # only once those before it are stored
            last = self._handed[-1]
            self._handed[-1] = last._replace(position=position)
        else:
            self._stored_position = position

    async def lost(
        self, after: str, before: str, reason: str, copied_from: Sequence[str] = ()
    ) -> None:
        """Report a gap at once: one too many is told before one too few."""
        self._log.warning("events may be missing", after=after, before=before, reason=reason)
        gap = pb.SourceReport(copied_from=copied_from)
        gap.gap.after, gap.gap.before, gap.gap.reason = map(_cut, (after, before, reason))
        await self._write(gap)

    async def tell(
        self, state: tidings_event_pb2.SourceState, copied_from: Sequence[str] = ()
    ) -> None:
        """Report how a source of the system is doing."""
        report = pb.SourceReport(state=state, copied_from=copied_from)
        report.state.source, report.state.reason = _cut(state.source), _cut(state.reason)
        await self._write(report)

    def failed(self, reason: str = "") -> None:
        """Count a failure, and log it unless a gap does."""
        if reason:
            self._log.warning("a part of it is not read now", reason=reason)
        self._counts.errors += 1

    async def take_results(self) -> None:
        """Take what becomes of the drafts, until the publishing ends, which is a failure."""
        while results := await self._drafts.take():
            self._trace(len(results))
            for result in results:
                await self._take(result, self._handed.popleft())
            self._answered_s = self._clock.monotonic_s()
            self._changed.set()

    def _trace(self, count: int) -> None:
        if self._tracer is not None:
            began_us = self._handed[0].handed_us
            span = self._tracer.begin("record", "internal", parent=current.get(), at_us=began_us)
            span.end({"tidings.drafts": count})

    async def report_again_and_again(self, sleep: Sleep) -> NoReturn:
        """Report now and then, as long as there is something new and the service answers.

        Raises:
            grpc.aio.AioRpcError: it has not answered a draft for `ANSWER_S`.
        """
        while True:
            await sleep(REPORT_S)
            if self._handed and self._clock.monotonic_s() - self._answered_s > ANSWER_S:
                raise broken(grpc.StatusCode.UNAVAILABLE, "the service does not answer")
            await self.report()

    async def finish(self) -> None:
        """Report once everything handed in is stored, and say that nothing more comes."""
        await self._report_what_is_handed()
        with suppress(*OVER):
            await self._call.done_writing()

    async def _report_what_is_handed(self) -> None:
        while self._handed:
            self._changed.clear()
            await self._changed.wait()
        await self.report()

    async def report(self) -> None:
        """Report the counts, and the position that is stored, if anything is new."""
        report, self._counts = self._counts, pb.SourceReport()
        if self._stored_position != self._reported_position:
            report.position = self._reported_position = self._stored_position
        if report.ListFields():
            await self._write(report)

    async def _take(self, result: events.PublishResult, handed: _Handed) -> None:
        if result.HasField("error"):
            self.failed()
            reason = f"refused: {result.error.message}"
            await self.lost(self._stored_position, "", reason)
        elif not result.stored.duplicate:
            now_us = self._clock.now_us()
            self._counts.events += handed.event_count
            self._counts.last_event_at.CopyFrom(_timestamp(now_us))
            if handed.occurred_ns:
                lag_ns = max(0, now_us * 1000 - handed.occurred_ns)
                self._counts.lag.CopyFrom(_duration(lag_ns))
        self._stored_position = handed.position

    async def _write(self, report: pb.SourceReport) -> None:
        async with self._writing:
            self._asked_count += any(report.HasField(name) for name in _ANSWERED)
            with suppress(*OVER):
                await self._call.write(pb.RunSourceRequest(report=report))


def broken(code: grpc.StatusCode, details: str) -> grpc.aio.AioRpcError:
    """Return what ends a run, though gRPC has not said it."""
    nothing = grpc.aio.Metadata()
    return grpc.aio.AioRpcError(code, nothing, nothing, details=details)


def _cut(text: str) -> str:
    """Cut a text to what a report may hold."""
    return text.encode()[:MAX_TEXT_BYTES].decode("utf-8", "ignore")


def _timestamp(time_us: int) -> Timestamp:
    made = Timestamp()
    made.FromMicroseconds(time_us)
    return made


def _duration(span_ns: int) -> Duration:
    made = Duration()
    made.FromNanoseconds(span_ns)
    return made
