"""Publish and PublishStream: check, append, answer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from functools import cache

from tidings.core import record as core
from tidings.core.clock import Clock
from tidings.core.errors import (
    BadRequest,
    Busy,
    LogClosed,
    StoreUnavailable,
    TidingsError,
)
from tidings.core.record import Stored
from tidings.core.tracing import Tracer, span_of
from tidings.dialects.checking import check_draft
from tidings.dialects.dialect import CheckContext, Dialect
from tidings.dialects.rules import OWN_SOURCE, system_field
from tidings.log.event_log import EventLog
from tidings.log.time_slices import TimeSlice
from tidings.log.work_thread import LARGE_BYTES, WorkThread
from tidings.rpc.appending import Appender, Checked, Outcome
from tidings.rpc.draft_buffer import DraftBuffer
from tidings.rpc.metrics import Metrics
from tidings.rpc.outcomes import outcome_of
from tidings.rpc.results import responses
from tidings.rpc.status import reason_of
from tidings.v1 import event_pb2, event_service_pb2

_COMMIT_S = 0.05
"""For a store that hangs, longer than the time limit for space in the queue: the caller gets that
error before its own deadline, whose error would not name the cause."""

ENDS_STREAM = (StoreUnavailable, LogClosed, Busy)
"""Failures that are not the draft's: the stream ends with them."""


Allow = Callable[[str], None]
"""Raises when events of a system may not be published."""


def anybody(system: str) -> None:
    """Let events of any system be published."""


class Publisher:
    """Turns drafts into records. If a call is cancelled, its drafts may or may not be stored."""

    def __init__(
        self,
        log: EventLog,
        dialects: Mapping[str, Dialect],
        clock: Clock,
        token: Callable[[int], bytes],
        metrics: Metrics,
        tracer: Tracer | None = None,
    ) -> None:
        self._tracer = tracer
        self._log = log
        self._dialects = dialects
        self._clock = clock
        self._token = token
        self._drafts = cache(metrics.drafts.labels)
        self._refusals = cache(metrics.draft_refusals.labels)
        self._buffers: set[DraftBuffer] = set()
        self._remarks = cache(metrics.remarks.labels)
        self._appender = Appender(log, self._context)
        self._thread = WorkThread()
        self._is_closed = False

    def close(self) -> None:
        """Let every open PublishStream answer what it has received, and end."""
        self._is_closed = True
        for buffer in self._buffers:
            buffer.close(LogClosed())

    async def publish(
        self,
        draft: event_pb2.Draft,
        patience_s: float | None = None,
        allow: Allow = anybody,
        stamp: bytes = b"",
    ) -> tuple[Stored, core.Draft]:
        """Store one draft; return where it is, and what was stored.

        `allow` is called with the draft's system, and with "tidings" if the source of an event is
        that, before anything else of it is checked. `stamp` is who publishes
        (`stamp_of`), empty = the service itself.

        Raises:
            BadRequest, PayloadTooLarge, OrderRefused, KeyReused: nothing was stored.
            SeqConflict: others appended to the subject each time.
            Busy, LogClosed, StoreUnavailable: see `EventLog.append`.
        """
        with span_of(self._tracer, "publish") as span:
            stored, checked = await self._publish(draft, patience_s, allow, stamp)
            span["tidings.seq"] = stored.seq
            span["tidings.duplicate"] = stored.duplicate
        return stored, checked

    async def _publish(
        self, draft: event_pb2.Draft, patience_s: float | None, allow: Allow, stamp: bytes
    ) -> tuple[Stored, core.Draft]:
        try:
            dialect, checked = await self._checked(draft, allow, stamp)
            if patience_s is None:
                stored = await self._appender.append(dialect, draft, checked, None)
            else:
                async with asyncio.timeout(patience_s + _COMMIT_S):
                    stored = await self._appender.append(dialect, draft, checked, patience_s)
        except TidingsError as error:
            self._count(error)
            raise
        except TimeoutError:
            late = StoreUnavailable("no answer in the time that the caller has")
            self._count(late)
            raise late from None
        self._count(stored)
        return stored, checked

    async def publish_stream(
        self,
        requests: AsyncIterable[event_service_pb2.PublishStreamRequest],
        write: Callable[[event_service_pb2.PublishStreamResponse], Awaitable[object]],
        allow: Allow = anybody,
        stamp: bytes = b"",
    ) -> None:
        """Store drafts as they arrive and answer each in order; waiting drafts share one commit.

        Raises:
            LogClosed, StoreUnavailable, Busy: unanswered drafts may or may not be stored.
            BadRequest: a request is not valid; those before it are answered.
        """
        buffer = DraftBuffer()
        if self._is_closed:
            raise LogClosed
        self._buffers.add(buffer)
        try:
            async with asyncio.TaskGroup() as tasks:
                filling = tasks.create_task(buffer.fill(requests))
                failure = await outcome_of(self._answer(buffer, write, allow, stamp))
                filling.cancel()
        finally:
            self._buffers.discard(buffer)
        if failure is not None:
            raise failure

    async def _answer(
        self,
        buffer: DraftBuffer,
        write: Callable[[event_service_pb2.PublishStreamResponse], Awaitable[object]],
        allow: Allow,
        stamp: bytes,
    ) -> TidingsError | None:
        while taken := await buffer.take():
            outcomes = await self.publish_many([each.draft for each in taken], allow, stamp)
            for each, outcome in zip(taken, outcomes, strict=False):
                if isinstance(outcome, BadRequest):
                    outcome.holder = f"drafts[{each.place}]"
            failure = next((each for each in outcomes if isinstance(each, ENDS_STREAM)), None)
            if failure is not None:
                outcomes = outcomes[: outcomes.index(failure)]
            for response in responses(outcomes):
                await write(response)
            if failure is not None:
                return failure
        return buffer.failure

    async def publish_many(
        self, drafts: Sequence[event_pb2.Draft], allow: Allow = anybody, stamp: bytes = b""
    ) -> list[Outcome]:
        """Store drafts in order, a bad one failing alone; positions rise in their order.

        After the first failure that is not a draft's own (`ENDS_STREAM`) nothing more is tried.
        """
        with span_of(self._tracer, "publish") as span:
            outcomes = await self._publish_many(drafts, allow, stamp)
            span["tidings.drafts"] = len(drafts)
            span["tidings.refused"] = sum(isinstance(each, TidingsError) for each in outcomes)
        for outcome in outcomes:
            self._count(outcome)
        return outcomes

    async def _publish_many(
        self, drafts: Sequence[event_pb2.Draft], allow: Allow, stamp: bytes
    ) -> list[Outcome]:
        outcomes: list[Outcome] = []
        group: list[Checked | Outcome] = []
        time_slice = TimeSlice(self._clock)
        for draft in drafts:
            await time_slice.step()
            try:
                dialect, checked = await self._checked(draft, allow, stamp)
                known = await self._appender.claimed(dialect, draft)
            except TidingsError as error:
                group.append(error)
                if isinstance(error, ENDS_STREAM):
                    break
                continue
            if known is not None or not dialect.ordered:
                group.append(known or Checked(dialect, draft, checked))
                continue
            # the record that it must follow may be in the group, so that is stored first
            newest = await self._appender.append_group(group)
            group = []
            if not _is_over(newest):
                try:
                    newest.append(await self._appender.append(dialect, draft, checked, None))
                except TidingsError as error:
                    newest.append(error)
            outcomes += newest
            if _is_over(newest):
                break
        outcomes += await self._appender.append_group(group)
        return outcomes

    def _count(self, outcome: Outcome) -> None:
        if isinstance(outcome, TidingsError):
            self._drafts("refused").inc()
            self._refusals(reason_of(outcome)).inc()
        else:
            self._drafts("duplicate" if outcome.duplicate else "stored").inc()

    async def _checked(
        self, draft: event_pb2.Draft, allow: Allow, stamp: bytes
    ) -> tuple[Dialect, core.Draft]:
        if draft.ByteSize() <= LARGE_BYTES:
            dialect, checked = self._check(draft, allow)
        else:
            dialect, checked = await self._thread.do(lambda: self._check(draft, allow))
        # in front, so that it is cut off without parsing the rest for readers who must not see it
        return dialect, replace(checked, body=stamp + checked.body) if stamp else checked

    def _check(self, draft: event_pb2.Draft, allow: Allow) -> tuple[Dialect, core.Draft]:
        dialect = self._dialects[system_field(draft)]
        allow(dialect.system)
        if any(event.source == OWN_SOURCE for event in draft.events):
            allow("tidings")  # callers that may not publish as Tidings must not appear to
        if any(event.copied_from for event in draft.events):
            allow("tidings")  # logs that it names leave it out
        checked = check_draft(dialect, draft, self._context())
        for remark in dialect.remarks(draft.events):
            self._remarks(dialect.system, remark).inc()
        return dialect, checked

    def _context(self) -> CheckContext:
        return CheckContext(self._clock.now_us(), self._token, self._log.last_seq)


def _is_over(outcomes: Sequence[Outcome]) -> bool:
    return any(isinstance(outcome, ENDS_STREAM) for outcome in outcomes)
