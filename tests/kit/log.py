"""What the tests of the log stand on: words as events, a store that can be held."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

from tests.kit.clock import ManualClock
from tidings.core.record import Bounds, Draft, Record, Stored
from tidings.core.selection import Envelope, Everything, Matcher, Selection
from tidings.log.batch import Batch
from tidings.log.event_log import EventLog
from tidings.log.follower import Follower
from tidings.log.limits import LogLimits
from tidings.store.base import EventStore, Result
from tidings.store.memory import MemoryStore


@dataclass(frozen=True)
class Words:
    """Wants the events that are one of its words."""

    words: frozenset[str]

    @property
    def terms(self) -> frozenset[str]:
        return self.words

    def selects(self, facts: str) -> bool:
        return facts in self.words


def words(*wanted: str) -> Words:
    return Words(frozenset(wanted))


def select(**matchers: Matcher) -> Selection:
    """Return a selection; without arguments, everything of nomad and consul."""
    return Selection.of(matchers or {"nomad": Everything(), "consul": Everything()})


def envelope_of(record: Record) -> Envelope:
    """Return the words of a record's body as its events and its terms."""
    events = record.body.decode().split()
    return Envelope(frozenset(events), events)


def draft(text: str = "job", system: str = "nomad", **fields: Any) -> Draft:
    return Draft(system, fields.pop("subject", system), text.encode(), **fields)


def record(seq: int, text: str = "job", system: str = "nomad") -> Record:
    return Record(seq, seq, system, system, text.encode())


class HeldStore:
    """A store that can be made to wait or to fail, and that counts what it is asked."""

    def __init__(self, inner: EventStore) -> None:
        self.inner = inner
        self.may_append = asyncio.Event()
        self.may_feed = asyncio.Event()
        self.may_read = asyncio.Event()
        for gate in (self.may_append, self.may_feed, self.may_read):
            gate.set()
        self.failures: list[Exception] = []
        self.feed_failures: list[Exception] = []
        self.read_failures: list[Exception] = []
        self.feed_ends = 0
        self.groups: list[int] = []
        self.feeds: list[int] = []
        self.reads = 0
        self.reading = 0
        self.most_reading = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    async def append(self, drafts: Sequence[Draft]) -> list[Result]:
        self.groups.append(len(drafts))
        await self.may_append.wait()
        if self.failures:
            raise self.failures.pop(0)
        return await self.inner.append(drafts)

    async def read(self, after_seq: int, limit: int, **narrowed: Any) -> list[Record]:
        self.reads += 1
        self.reading += 1
        self.most_reading = max(self.most_reading, self.reading)
        try:
            await self.may_read.wait()
            if self.read_failures:
                raise self.read_failures.pop(0)
            return await self.inner.read(after_seq, limit, **narrowed)
        finally:
            self.reading -= 1

    async def bounds(self, system: str | None = None) -> Bounds:
        return await self.inner.bounds(system)

    async def committed(self, after_seq: int) -> AsyncIterator[Sequence[Record]]:
        self.feeds.append(after_seq)
        async with aclosing(self.inner.committed(after_seq)) as feed:  # type: ignore[type-var]
            async for batch in feed:
                await self.may_feed.wait()
                if self.feed_failures:
                    raise self.feed_failures.pop(0)
                if self.feed_ends:
                    self.feed_ends -= 1
                    return
                yield batch


@dataclass
class Rig:
    """An open, running log over a store that can be held."""

    log: EventLog
    store: HeldStore
    clock: ManualClock

    async def add(self, *texts: str, system: str = "nomad") -> list[int]:
        """Append one record for each text and return their positions."""
        outcomes = await self.log.append_many([draft(text, system) for text in texts])
        return [outcome.seq for outcome in outcomes if isinstance(outcome, Stored)]


@asynccontextmanager
async def running(
    limits: LogLimits | None = None,
    store: EventStore | None = None,
    open_record: Callable[[Record], Envelope] = envelope_of,
    **options: Any,
) -> AsyncIterator[Rig]:
    clock = ManualClock()
    held = HeldStore(store or MemoryStore(clock=clock))
    log = EventLog(
        held,
        clock=clock,
        envelope_of=open_record,
        # a reader who gave way would wait for time to pass, which it does when all else is done
        limits=replace(limits or LogLimits(), publisher_priority_s=0),
        **options,
    )
    await log.open()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(log.run())
        try:
            yield Rig(log, held, clock)
        finally:
            await log.close()


def texts(batch: Batch) -> list[str]:
    return [pick.record.body.decode() for pick in batch.picks]


def seqs(batch: Batch) -> list[int]:
    return [pick.record.seq for pick in batch.picks]


async def drain(follower: Follower, limit: int = 256) -> list[int]:
    """Take until the head and return the positions."""
    found: list[int] = []
    while not follower.at_head:
        found += seqs(await follower.take(0, limit))
    return found
