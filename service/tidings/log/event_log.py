"""The log: append, read, follow, close."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress

import structlog

from tidings.core.backoff import Backoff
from tidings.core.clock import Clock
from tidings.core.errors import LogClosed, StoreUnavailable, TidingsError
from tidings.core.projection import Projection
from tidings.core.record import Draft, Record, Stored
from tidings.core.selection import Opened, Selection
from tidings.log.checks import Checks
from tidings.log.commit_traces import CommitTraces
from tidings.log.follower import Follower
from tidings.log.groups import Groups
from tidings.log.inbox import Outcome
from tidings.log.limits import DEFAULT_LIMITS, LogLimits
from tidings.log.pages import Pages
from tidings.log.projections import Projections
from tidings.log.publisher_priority import PublisherPriority
from tidings.log.reads import LogReads
from tidings.log.storing import FIRST_PAUSE_S, LONGEST_PAUSE_S, Storing
from tidings.log.tail import Tail
from tidings.log.times import Times
from tidings.log.writer import Writer
from tidings.store.base import EventStore

_log = structlog.get_logger("tidings.log")


class EventLog(LogReads):
    """One durable log for many publishers and readers. Made, opened, run and closed by the app.

    `open`, then `run` in a task of its own, then everything else. Readers see only the store's feed
    of committed records, which no crash can lose.
    """

    def __init__(
        self,
        store: EventStore,
        *,
        clock: Clock,
        envelope_of: Callable[[Record], Opened],
        projections: Mapping[str, Projection] | None = None,
        limits: LogLimits = DEFAULT_LIMITS,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        tail = Tail(limits)
        priority = PublisherPriority(limits.publisher_priority_s)
        super().__init__(store, tail, Pages(store, tail, envelope_of, limits, priority))
        self._clock = clock
        self._projections = Projections(store, projections or {}, clock)
        self._append_lag_s = limits.append_lag_s
        self._sleep = sleep
        self._groups = Groups(tail, envelope_of, limits.group_count)
        self._priority = priority
        self._checks = Checks()
        self.times = Times()
        """Callbacks with durations; set before `run`."""
        self._storing = Storing(store, self._checks, clock, sleep, self.times)
        self.traces = CommitTraces()
        """The publish of each recent record."""
        self._writer = Writer(self._storing, limits, self.traces)
        store.damage.follow(_tell_of_damage)
        self._is_running = False
        self._stopped = asyncio.Event()

    @property
    def checks(self) -> Checks:
        """The state of the service, for health."""
        return self._checks

    @property
    def queued_count(self) -> int:
        """Drafts that wait for the next commit."""
        return self._writer.queued_count

    @property
    def group_count(self) -> int:
        """Different selections that are being followed."""
        return len(self._groups)

    async def open(self) -> None:
        """Start at the store's end, with the projections filled up to there.

        Raises:
            StoreUnavailable: the store cannot be read.
        """
        end_seq = (await self._store.bounds()).end_seq
        await self._projections.fill(end_seq)
        self._tail.start_at(end_seq)

    async def run(self) -> None:
        """Write and feed until `close`; returns when everything queued by then is committed.

        A failing store does not end it, any unexpected error does (an ExceptionGroup). Then the log
        is closed.
        """
        self._is_running = True
        try:
            async with asyncio.TaskGroup() as tasks:
                beside = [tasks.create_task(self._feed()), tasks.create_task(self._storing.run())]
                await self._writer.run()
                for task in beside:
                    task.cancel()
        finally:
            self._shut()
            self._stopped.set()

    async def close(self) -> None:
        """Refuse new drafts, end all followers, and wait until what is queued is committed.

        Does not close the store. A second call only waits, also after a cancelled one.
        """
        self._shut()
        if self._is_running:
            await self._stopped.wait()
        else:
            self._writer.abandon()

    async def append(self, draft: Draft, *, patience_s: float | None = None) -> Stored:
        """Commit one draft and return its position; readers here can see it (see `append_lag_s`).

        Waits for room in the queue for `patience_s` seconds (None = for ever). When cancelled, the
        draft may be stored or not.

        Raises:
            KeyReused: the key is stored with other content.
            SeqConflict: `expect_last_seq` is not the subject's newest position.
            Busy: there was no room in time; nothing was stored.
            LogClosed: the service is going down; nothing was stored.
            StoreUnavailable: the store failed; the draft may be stored or not.
        """
        (outcome,) = await self._append([draft], patience_s)
        if isinstance(outcome, TidingsError):
            raise outcome
        return outcome

    async def append_many(self, drafts: Sequence[Draft]) -> list[Outcome]:
        """Commit drafts as one group, or several if that is too large; answer each in its place.

        An answer is what `append` would return or raise. Positions rise in the order of the drafts;
        the failure of one does not stop the others. When cancelled, each draft may be stored or
        not.
        """
        return await self._append(drafts)

    def follow(self, selection: Selection, after_seq: int) -> Follower:
        """Return a follower of everything selected past `after_seq`; the caller closes it.

        Raises:
            LogClosed: the service is going down.
        """
        if self._tail.closed:
            raise LogClosed
        return Follower(
            self._groups.join(selection),
            after_seq,
            tail=self._tail,
            pages=self._pages,
            clock=self._clock,
            leave=self._groups.leave,
        )

    async def _append(
        self, drafts: Sequence[Draft], patience_s: float | None = None
    ) -> list[Outcome]:
        began_s = self._clock.monotonic_s()
        with self._priority:
            outcomes = await self._writer.append(drafts, patience_s)
            last_seq = max((o.seq for o in outcomes if isinstance(o, Stored)), default=0)
            if last_seq > self._tail.last_seq:
                # If that takes too long, the answer is the same: the drafts are stored.
                with suppress(TimeoutError):
                    async with asyncio.timeout(self._append_lag_s):
                        await self._tail.passed(last_seq)
            self.times.answered(self._clock.monotonic_s() - began_s)
            return outcomes

    async def _feed(self) -> None:
        """Pass on every committed record, once and in order, also across failures of the store."""
        pauses = Backoff(FIRST_PAUSE_S, LONGEST_PAUSE_S)
        while True:
            try:
                async for committed in self._store.committed(self._tail.last_seq):
                    await self._groups.look(committed)
                    await self._projections.take(committed)
                    self._tail.advance(committed)
                    self._groups.advance(committed)
                    pauses.reset()
            except LogClosed:  # the store was closed
                self._shut()
                return
            except StoreUnavailable:
                pass  # handled as a feed that ends without an error: it is opened again
            await self._sleep(pauses.next_s())

    def _shut(self) -> None:
        self._writer.close()
        self._tail.close()
        self._groups.close()


def _tell_of_damage(seq: int, system: str) -> None:
    _log.error("a record is damaged, and told as a gap", seq=seq, system=system)
