"""The log: append, read, follow, close."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import suppress

import structlog

from tidings.core.backoff import Backoff
from tidings.core.clock import Clock
from tidings.core.errors import LogClosed, PositionAhead, StoreUnavailable, TidingsError
from tidings.core.limits import MIB
from tidings.core.record import Bounds, Draft, Record, Stored
from tidings.core.selection import Envelope, Selection
from tidings.log.checks import Checks
from tidings.log.follower import Follower
from tidings.log.groups import Groups
from tidings.log.inbox import Outcome
from tidings.log.limits import DEFAULT_LIMITS, LogLimits
from tidings.log.pages import Pages
from tidings.log.projection import Projection
from tidings.log.publisher_priority import Courtesy
from tidings.log.storing import FIRST_PAUSE_S, LONGEST_PAUSE_S, Storing
from tidings.log.tail import Tail
from tidings.log.writer import Writer
from tidings.store.base import EventStore, StateStore

_log = structlog.get_logger("tidings.log")

# What a projection is filled with at the start, at a time: all of it at once might not fit.
_FILL_BYTES = 8 * MIB


class EventLog:
    """One durable log for many publishers and readers. Made, opened, run and closed by the app.

    `open`, then `run` in a task of its own, then everything else. What readers see comes from the
    store's feed of committed records alone; nobody sees what a crash could take back.
    """

    def __init__(
        self,
        store: EventStore,
        *,
        clock: Clock,
        envelope_of: Callable[[Record], Envelope],
        projections: Mapping[str, Projection] | None = None,
        limits: LogLimits = DEFAULT_LIMITS,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._store = store
        self._clock = clock
        self._projections = dict(projections or {})
        self._append_lag_s = limits.append_lag_s
        self._sleep = sleep
        self._tail = Tail(limits)
        self._groups = Groups(self._tail, envelope_of, limits.group_count)
        self._courtesy = Courtesy(limits.courtesy_s)
        self._pages = Pages(store, self._tail, envelope_of, limits, self._courtesy)
        self._checks = Checks()
        self._storing = Storing(store, self._checks, clock, sleep)
        self._writer = Writer(self._storing, limits)
        store.damage.follow(_tell_of_damage)
        self._is_running = False
        self._stopped = asyncio.Event()

    @property
    def log_id(self) -> str:
        """The log's identity, a UUID in text."""
        return self._store.log_id

    @property
    def last_seq(self) -> int:
        """The newest position that readers here have been given."""
        return self._tail.last_seq

    @property
    def state(self) -> StateStore:
        """The small values beside the log."""
        return self._store.state

    @property
    def checks(self) -> Checks:
        """What can be done at this moment, for health."""
        return self._checks

    @property
    def damaged_count(self) -> int:
        """Records that were found damaged since the start."""
        return len(self._store.damage)

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
        for system, projection in self._projections.items():
            await self._fill(system, projection, end_seq)
        self._tail.start_at(end_seq)

    async def run(self) -> None:
        """Write and feed until `close`; returns when everything queued by then is committed.

        A failing store does not end it, anything unforeseen does (an ExceptionGroup). The log is
        closed after.
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

        Does not close the store. A second call only waits; so does a cancelled one's successor.
        """
        self._shut()
        if self._is_running:
            await self._stopped.wait()
        else:
            self._writer.abandon()

    async def append(self, draft: Draft, *, patience_s: float | None = None) -> Stored:
        """Commit one draft and return its position; readers here can see it (see `append_lag_s`).

        Waits for room in the queue for `patience_s` seconds (None = for ever). Cancelling leaves
        open whether the draft is stored.

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

    async def append_many(
        self, drafts: Sequence[Draft], *, patience_s: float | None = None
    ) -> list[Outcome]:
        """Commit drafts as one group, or several if that is too large; answer each in its place.

        An answer is what `append` would return or raise. Positions rise in the order of the drafts;
        the failure of one stops none after it. Cancelling leaves open which of them are stored.
        """
        return await self._append(drafts, patience_s)

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

    async def read(
        self,
        after_seq: int,
        limit: int,
        *,
        systems: Collection[str] | None = None,
        subject: str | None = None,
        max_bytes: int | None = None,
    ) -> list[Record]:
        """Return retained records past `after_seq` (`EventStore.read`)."""
        return await self._store.read(
            after_seq, limit, systems=systems, subject=subject, max_bytes=max_bytes
        )

    async def read_last(self, subject: str, limit: int) -> list[Record]:
        """Return the newest records of a subject (`EventStore.read_last`)."""
        return await self._store.read_last(subject, limit)

    async def seek(self, system: str | None, at_or_after_us: int) -> int:
        """Return the first position stored at or after a time (`EventStore.seek`)."""
        return await self._store.seek(system, at_or_after_us)

    async def catch_up(self, seq: int | None = None) -> None:
        """Wait until readers here have been given what the store has up to a position, or has now.

        For a node of several that has not heard of what another answered. For 2 s at most
        (`reader_lag_s`), and then as long for the store to come to it. Cancelling is safe.

        Raises:
            StoreUnavailable: the store cannot be read.
        """
        if seq is not None and seq <= self._tail.last_seq:
            return
        end_seq = await self._store.end_seq(seq or 0)
        wanted_seq = end_seq if seq is None else min(seq, end_seq)
        if self._tail.last_seq < wanted_seq:
            with suppress(PositionAhead, StoreUnavailable):
                await self._pages.wait_for(wanted_seq)

    async def check_position(self, seq: int) -> None:
        """Refuse a position that neither the store nor the tail has come to.

        Raises:
            PositionAhead: it has not, asked afresh.
            StoreUnavailable: the store cannot be read.
        """
        if seq > self._tail.last_seq:
            end_seq = await self._store.end_seq(seq)
            if seq > max(end_seq, self._tail.last_seq):
                raise PositionAhead(seq, end_seq)

    async def bounds(self, system: str | None = None) -> Bounds:
        """Return what is retained (`EventStore.bounds`)."""
        return await self._store.bounds(system)

    async def find_keys(
        self, system: str, keys: Collection[str]
    ) -> Mapping[str, tuple[int, bytes]]:
        """Return the position and digest of each stored key (`EventStore.find_keys`)."""
        return await self._store.find_keys(system, keys)

    async def _fill(self, system: str, projection: Projection, end_seq: int) -> None:
        """Give a projection the newest records up to a position, in pages bounded by bytes."""
        after_seq = max(0, await self._store.nth_last(system, projection.depth) - 1)
        while after_seq < end_seq:  # the feed brings what was committed meanwhile
            page = await self._store.read(
                after_seq, projection.depth, systems=(system,), max_bytes=_FILL_BYTES
            )
            if not page:
                return
            for record in page:
                if record.seq <= end_seq:
                    self._show(projection, record)
            after_seq = page[-1].seq

    async def _append(self, drafts: Sequence[Draft], patience_s: float | None) -> list[Outcome]:
        with self._courtesy:
            outcomes = await self._writer.append(drafts, patience_s)
            last_seq = max((o.seq for o in outcomes if isinstance(o, Stored)), default=0)
            if last_seq > self._tail.last_seq:
                # In vain or not, it is stored, which is what was asked.
                with suppress(TimeoutError):
                    async with asyncio.timeout(self._append_lag_s):
                        await self._tail.passed(last_seq)
            return outcomes

    async def _feed(self) -> None:
        """Pass on every committed record, once and in order, whatever the store goes through."""
        pauses = Backoff(FIRST_PAUSE_S, LONGEST_PAUSE_S)
        while True:
            try:
                async for committed in self._store.committed(self._tail.last_seq):
                    self._advance(committed)
                    pauses.reset()
            except LogClosed:  # somebody closed the store under us
                self._shut()
                return
            except StoreUnavailable:
                pass  # a feed that ends without a word is no better: both are opened again
            await self._sleep(pauses.next_s())

    def _advance(self, committed: Sequence[Record]) -> None:
        for record in committed:
            projection = self._projections.get(record.system)
            if projection is not None:
                self._show(projection, record)
        self._tail.advance(committed)
        self._groups.advance(committed)

    def _show(self, projection: Projection, record: Record) -> None:
        """Let a projection take a record. One that it cannot read must not stop the service."""
        if record.is_damaged:
            return
        try:
            projection.apply(record)
        except Exception:  # noqa: BLE001 - of an older log without checksums, and anything may be in it
            self._store.damage.found(record.seq, record.system)

    def _shut(self) -> None:
        self._writer.close()
        self._tail.close()
        self._groups.close()


def _tell_of_damage(seq: int, system: str) -> None:
    _log.error("a record is damaged, and told as a gap", seq=seq, system=system)
