"""Where logs of tests live, and what is put there."""

from __future__ import annotations

import hashlib
import types
from collections.abc import AsyncGenerator, AsyncIterator, Generator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Protocol

from tests.kit.clock import ManualClock
from tidings.core.record import Draft, Record, Stored
from tidings.store.base import EventStore
from tidings.store.memory import MemoryStore
from tidings.store.sqlite.opening import open_sqlite
from tidings.store.sqlite.store import SQLiteStore

DAY_S = 86_400.0


class Place(Protocol):
    """Holds one log, which outlives the stores that are opened on it one after another."""

    async def open(self) -> EventStore: ...


class ClockedPlace(Place, Protocol):
    """A place whose stores ask a clock of ours."""

    clock: ManualClock


class MemoryPlace:
    def __init__(self) -> None:
        self.clock = ManualClock()
        self._last: MemoryStore | None = None

    async def open(self) -> MemoryStore:
        last = self._last
        self._last = last.reopen() if last else MemoryStore(clock=self.clock, key_retention_s=DAY_S)
        return self._last


class SQLitePlace:
    def __init__(self, directory: Path) -> None:
        self.clock = ManualClock()
        self.directory = directory

    async def open(self) -> SQLiteStore:
        return await open_sqlite(self.directory, clock=self.clock, key_retention_s=DAY_S)


@asynccontextmanager
async def opened(place: Place) -> AsyncIterator[EventStore]:
    store = await place.open()
    try:
        yield store
    finally:
        await store.close()


def draft(
    text: str = "x",
    subject: str = "nomad",
    *,
    key: str | None = None,
    expect_last_seq: int | None = None,
) -> Draft:
    """Return a draft with this text as its body; its digest stands for the text."""
    body = text.encode()
    system = subject.partition(".")[0]
    digest = hashlib.sha256(body).digest()
    return Draft(system, subject, body, key, digest, expect_last_seq)


async def append(store: EventStore, *drafts: Draft) -> list[int]:
    """Append drafts that must all be stored anew, and return their positions."""
    results = await store.append(drafts)
    stored = [result for result in results if isinstance(result, Stored) and not result.duplicate]
    assert len(stored) == len(drafts), results
    return [result.seq for result in stored]


@types.coroutine
def turn() -> Generator[None, None, None]:
    """Let every task that was started before have its turn."""
    yield


def texts(records: Sequence[Record]) -> list[str]:
    return [record.body.decode() for record in records]


def seqs(records: Sequence[Record]) -> list[int]:
    return [record.seq for record in records]


@asynccontextmanager
async def feed_of(store: EventStore, after_seq: int) -> AsyncIterator[Feed]:
    batches = store.committed(after_seq)
    try:
        yield Feed(batches)
    finally:
        if isinstance(batches, AsyncGenerator):
            await batches.aclose()


class Feed:
    """Takes records from a feed one after another, however they are batched."""

    def __init__(self, batches: AsyncIterator[Sequence[Record]]) -> None:
        self._batches = batches
        self._ready: list[Record] = []

    async def take(self, count: int) -> list[Record]:
        while len(self._ready) < count:
            batch = await anext(self._batches)
            assert batch, "a feed's batches are not empty"
            self._ready += batch
        taken, self._ready = self._ready[:count], self._ready[count:]
        return taken
