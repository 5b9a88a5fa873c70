"""A log on NATS whose records have the time of a test's clock, not of the server's."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any

from tests.nats.places import JetStreamPlace
from tests.nats.servers import NatsServer
from tidings.core.clock import Clock
from tidings.core.record import Draft, Record
from tidings.store.base import Result
from tidings.store.jetstream.store import JetStreamStore


async def open_timed(server: NatsServer, clock: Clock) -> TimedStore:
    """Open a new log."""
    return TimedStore(await JetStreamPlace(server).open(), clock)


class TimedStore:
    """The store itself, but for times: a record has that at which its append began."""

    def __init__(self, inner: JetStreamStore, clock: Clock) -> None:
        self._inner = inner
        self._clock = clock
        self._changes: list[tuple[int, int]] = []  # from this position on, this time

    async def append(self, drafts: Sequence[Draft]) -> list[Result]:
        now_us = self._clock.now_us()
        if not self._changes or self._changes[-1][1] != now_us:
            self._changes.append(((await self._inner.bounds()).end_seq + 1, now_us))
        return await self._inner.append(drafts)

    async def read(self, *arguments: Any, **options: Any) -> list[Record]:
        return self._timed(await self._inner.read(*arguments, **options))

    async def read_before(self, *arguments: Any, **options: Any) -> list[Record]:
        return self._timed(await self._inner.read_before(*arguments, **options))

    async def read_last(self, subject: str, limit: int) -> list[Record]:
        return self._timed(await self._inner.read_last(subject, limit))

    async def seek(self, system: str | None, at_or_after_us: int) -> int:
        end_seq = (await self._inner.bounds()).end_seq
        reached = (seq for seq, at_us in self._changes if at_us >= at_or_after_us)
        from_seq = next(reached, end_seq + 1)
        systems = None if system is None else [system]
        found = await self._inner.read(from_seq - 1, 1, systems=systems)
        return found[0].seq if found else end_seq + 1

    async def committed(self, after_seq: int) -> AsyncIterator[Sequence[Record]]:
        async for batch in self._inner.committed(after_seq):
            yield self._timed(batch)

    def _timed(self, records: Sequence[Record]) -> list[Record]:
        return [record._replace(recorded_at_us=self._at_us(record.seq)) for record in records]

    def _at_us(self, seq: int) -> int:
        return next(at_us for from_seq, at_us in reversed(self._changes) if from_seq <= seq)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)
