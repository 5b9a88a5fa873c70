"""Publish and PublishStream: check, append, and try again when somebody was faster."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, Awaitable, Callable, Mapping, Sequence
from functools import cache
from typing import NamedTuple

import structlog

from tidings.core import record as core
from tidings.core.clock import Clock
from tidings.core.errors import (
    Busy,
    KeyReused,
    LogClosed,
    OrderRefused,
    SeqConflict,
    StoreUnavailable,
    TidingsError,
)
from tidings.core.record import Stored
from tidings.dialects.dialect import CheckContext, Dialect
from tidings.dialects.rules import system_field
from tidings.log.event_log import EventLog
from tidings.rpc.access_events import OWN_SOURCE
from tidings.rpc.draft_buffer import Intake
from tidings.rpc.duplicates import Duplicates
from tidings.rpc.metrics import Metrics
from tidings.rpc.outcomes import outcome_of
from tidings.rpc.results import responses
from tidings.rpc.subject_locks import Turns
from tidings.rpc.time_slices import LARGE_BYTES, Bench, Pace
from tidings.v1 import event_pb2, event_service_pb2

MAX_ATTEMPTS = 16
"""For a draft whose order matters; another node's publisher got in before each but the first."""

_COMMIT_S = 0.05
"""For a store that hangs, past the time in which there must be room in the queue: the caller hears
that before his own deadline, which would tell him nothing."""

ENDS_STREAM = (StoreUnavailable, LogClosed, Busy)
"""Failures that are not the draft's: the stream ends with them."""

Outcome = Stored | TidingsError


class _Checked(NamedTuple):
    """A draft that may be stored: as it was given, and as it is to be appended."""

    dialect: Dialect
    given: event_pb2.Draft
    checked: core.Draft


Allow = Callable[[str], None]
"""Raises when events of a system may not be published."""

_logger = structlog.get_logger()


def anybody(system: str) -> None:
    """Let events of any system be published."""


class Publisher:
    """Turns drafts into records. Cancelling a call leaves open what is stored."""

    def __init__(
        self,
        log: EventLog,
        dialects: Mapping[str, Dialect],
        clock: Clock,
        token: Callable[[int], bytes],
        metrics: Metrics,
    ) -> None:
        self._log = log
        self._by_field = {dialect.body_field: dialect for dialect in dialects.values()}
        self._clock = clock
        self._token = token
        self._drafts = cache(metrics.drafts.labels)
        self._intakes: set[Intake] = set()
        self._remarks = cache(metrics.remarks.labels)
        self._queue = Turns()
        self._duplicates = Duplicates(log)
        self._bench = Bench()
        self._is_closed = False

    def close(self) -> None:
        """Let every open PublishStream answer what it has taken, and end."""
        self._is_closed = True
        for intake in self._intakes:
            intake.close(LogClosed())

    async def publish(
        self,
        draft: event_pb2.Draft,
        patience_s: float | None = None,
        allow: Allow = anybody,
    ) -> tuple[Stored, core.Draft]:
        """Store one draft; return where it is, and what was stored.

        `allow` is asked with the draft's system, and with "tidings" if the source of an event is
        that, before anything else of it is looked at.

        Raises:
            BadRequest, PayloadTooLarge, OrderRefused, KeyReused: nothing was stored.
            SeqConflict: others appended to the subject each time.
            Busy, LogClosed, StoreUnavailable: see `EventLog.append`.
        """
        try:
            dialect, checked = await self._checked(draft, allow)
            if patience_s is None:
                stored = await self._store(dialect, draft, checked, None)
            else:
                async with asyncio.timeout(patience_s + _COMMIT_S):
                    stored = await self._store(dialect, draft, checked, patience_s)
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
    ) -> None:
        """Store drafts as they come and answer each in order; what waits shares one commit.

        Raises:
            LogClosed, StoreUnavailable, Busy: what was not answered may or may not be stored.
            BadRequest: a request is none; those before it are answered.
        """
        intake = Intake()
        if self._is_closed:
            raise LogClosed
        self._intakes.add(intake)
        try:
            async with asyncio.TaskGroup() as tasks:
                filling = tasks.create_task(intake.fill(requests))
                failure = await outcome_of(self._answer(intake, write, allow))
                filling.cancel()
        finally:
            self._intakes.discard(intake)
        if failure is not None:
            raise failure

    async def _answer(
        self,
        intake: Intake,
        write: Callable[[event_service_pb2.PublishStreamResponse], Awaitable[object]],
        allow: Allow,
    ) -> TidingsError | None:
        while drafts := await intake.take():
            outcomes = await self.publish_many(drafts, allow)
            failure = next((each for each in outcomes if isinstance(each, ENDS_STREAM)), None)
            if failure is not None:
                outcomes = outcomes[: outcomes.index(failure)]
            for response in responses(outcomes):
                await write(response)
            if failure is not None:
                return failure
        return intake.failure

    async def publish_many(
        self, drafts: Sequence[event_pb2.Draft], allow: Allow = anybody
    ) -> list[Outcome]:
        """Store drafts in order, a bad one failing alone; positions rise in their order.

        After the first failure that is not a draft's own (`ENDS_STREAM`) nothing more is tried.
        """
        outcomes: list[Outcome] = []
        group: list[_Checked | Outcome] = []
        pace = Pace(self._clock)
        for draft in drafts:
            await pace.step()
            try:
                dialect, checked = await self._checked(draft, allow)
                known = await self._duplicates.claimed(dialect, draft)
            except TidingsError as error:
                group.append(error)
                if isinstance(error, ENDS_STREAM):
                    break
                continue
            if known is not None or not dialect.ordered:
                group.append(known or _Checked(dialect, draft, checked))
                continue
            # what it must follow may be in the group, so that goes first
            newest = await self._append_group(group)
            group = []
            if not _is_over(newest):
                try:
                    newest.append(await self._store(dialect, draft, checked, None))
                except TidingsError as error:
                    newest.append(error)
            outcomes += newest
            if _is_over(newest):
                break
        outcomes += await self._append_group(group)
        for outcome in outcomes:
            self._count(outcome)
        return outcomes

    def _count(self, outcome: Outcome) -> None:
        if isinstance(outcome, TidingsError):
            kind = type(outcome).__name__
        else:
            kind = "duplicate" if outcome.duplicate else "stored"
        self._drafts(kind).inc()

    async def _checked(self, draft: event_pb2.Draft, allow: Allow) -> tuple[Dialect, core.Draft]:
        if draft.ByteSize() <= LARGE_BYTES:
            return self._check(draft, allow)
        return await self._bench.do(lambda: self._check(draft, allow))

    def _check(self, draft: event_pb2.Draft, allow: Allow) -> tuple[Dialect, core.Draft]:
        dialect = self._by_field[system_field(draft)]
        allow(dialect.system)
        if any(event.source == OWN_SOURCE for event in draft.events):
            allow("tidings")  # who may not speak as Tidings must not seem to
        checked = dialect.check(draft, self._context())
        for remark in dialect.remarks(draft.events):
            self._remarks(dialect.system, remark).inc()
        return dialect, checked

    def _context(self) -> CheckContext:
        return CheckContext(self._clock.now_us(), self._token, self._log.last_seq)

    async def _append_group(self, group: Sequence[_Checked | Outcome]) -> list[Outcome]:
        good = [each for each in group if isinstance(each, _Checked)]
        stored = iter(await self._log.append_many([each.checked for each in good]) if good else ())
        outcomes: list[Outcome] = []
        for each in group:
            if not isinstance(each, _Checked):
                outcomes.append(each)
                continue
            outcome: Outcome = next(stored)
            if isinstance(outcome, KeyReused):
                same = await self._duplicates.same_at(each.dialect, each.given, outcome.seq)
                outcome = same or outcome
            outcomes.append(outcome)
        return outcomes

    async def _store(
        self,
        dialect: Dialect,
        given: event_pb2.Draft,
        checked: core.Draft,
        patience_s: float | None,
    ) -> Stored:
        known = await self._duplicates.claimed(dialect, given)
        if known is not None:
            return known
        try:
            return await self._append(dialect, checked, patience_s)
        except (KeyReused, OrderRefused) as refused:
            same = None
            if isinstance(refused, KeyReused):
                same = await self._duplicates.same_at(dialect, given, refused.seq)
            same = same or await self._duplicates.in_order(dialect, given)
            if same is None:
                raise
            return same

    async def _append(
        self, dialect: Dialect, draft: core.Draft, patience_s: float | None
    ) -> Stored:
        if not dialect.ordered:
            return await self._log.append(draft, patience_s=patience_s)
        async with self._queue.turn(draft.subject):
            return await self._append_next(dialect, draft, patience_s)

    async def _append_next(
        self, dialect: Dialect, draft: core.Draft, patience_s: float | None
    ) -> Stored:
        for attempt in range(1, MAX_ATTEMPTS + 1):
            # the key before the order: a retry of a job's last event must not meet "job is
            # finished"
            duplicate = await self._find_duplicate(draft)
            if duplicate is not None:
                return duplicate
            last = await self._log.read_last(draft.subject, 1)
            following = dialect.follow(draft, last, self._context())
            try:
                return await self._log.append(following, patience_s=patience_s)
            except SeqConflict as conflict:
                _logger.debug("append conflict", subject=draft.subject, attempt=attempt)
                latest = conflict
        raise latest

    async def _find_duplicate(self, draft: core.Draft) -> Stored | None:
        if draft.key is None:
            return None
        found = await self._log.find_keys(draft.system, [draft.key])
        if draft.key not in found:
            return None
        seq, digest = found[draft.key]
        if digest != draft.digest:
            raise KeyReused(draft.key, seq)
        return Stored(seq, duplicate=True)


def _is_over(outcomes: Sequence[Outcome]) -> bool:
    return any(isinstance(outcome, ENDS_STREAM) for outcome in outcomes)
