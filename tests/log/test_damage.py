"""Damaged records keep their place, reach whoever wants any of their system, and stop nobody."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from typing import Any

import pytest
from structlog.testing import capture_logs

from tests.kit.clock import ManualClock
from tests.kit.jumping import scenario
from tests.kit.log import HeldStore, draft, running, select, seqs, texts, words
from tidings.core.damage import DAMAGED
from tidings.core.record import Record
from tidings.core.selection import Everything, Selection
from tidings.log.limits import LogLimits
from tidings.store.memory import MemoryStore


class DamagingStore(HeldStore):
    """Finds the records damaged whose text is "bad", whenever it reads them."""

    def __init__(self) -> None:
        super().__init__(MemoryStore(clock=ManualClock()))

    def _found(self, record: Record) -> Record:
        if record.body != b"bad":
            return record
        self.inner.damage.found(record.seq, record.system)
        return record._replace(body=DAMAGED)

    async def read(self, after_seq: int, limit: int, **narrowed: Any) -> list[Record]:
        return [self._found(one) for one in await self.inner.read(after_seq, limit, **narrowed)]

    async def committed(self, after_seq: int) -> AsyncIterator[Sequence[Record]]:
        async with aclosing(self.inner.committed(after_seq)) as feed:  # type: ignore[type-var]
            async for batch in feed:
                yield [self._found(one) for one in batch]


class Newest:
    """A projection that takes what it can read, as dialects' do."""

    depth = 10

    def __init__(self) -> None:
        self.texts: list[str] = []

    def apply(self, record: Record) -> None:
        if record.body == b"odd":
            raise ValueError(record.body)
        self.texts.append(record.body.decode())


WANTED = {
    "everything": select(),
    "all of the system": select(nomad=Everything()),
    "words": select(nomad=words("good")),
    "other words": select(nomad=words("x"), consul=words("y")),
}
PICKED = {"everything": [2, 3, 4], "all of the system": [2, 3, 4], "words": [2, 3, 4]}


@pytest.mark.parametrize("which", WANTED)
@pytest.mark.parametrize("tail_count", [1, 1000])
@scenario
async def test_whoever_wants_any_of_the_system_is_told(which: str, tail_count: int) -> None:
    selection: Selection = WANTED[which]

    store: Any = DamagingStore()
    async with running(LogLimits(tail_count=tail_count), store=store) as rig:
        with rig.log.follow(selection, 1) as live:
            assert not await live.take(0)
            await rig.add("good", "bad", "good")
            await rig.add("nothing", system="feldera")
            for follower in (live, rig.log.follow(selection, 1)):
                found: list[int] = []
                damaged: list[int] = []
                while batch := await follower.take(0):
                    found += seqs(batch)
                    damaged += [one.record.seq for one in batch.picks if one.record.is_damaged]
                assert found == PICKED.get(which, [3])
                assert damaged == [3]
                if follower is not live:
                    follower.close()


@scenario
async def test_who_wants_another_system_is_not_told() -> None:
    store: Any = DamagingStore()
    async with running(store=store) as rig:
        with rig.log.follow(select(consul=words("good")), 1) as follower:
            await rig.add("bad")
            await rig.add("good", system="consul")
            batch = await follower.take(60)
            assert texts(batch) == ["good"]


@scenario
async def test_projections_go_without_it_at_the_start_and_live_and_it_is_told_once() -> None:
    store: Any = DamagingStore()
    inner = store.inner
    for text in ("a", "bad", "odd", "b"):
        await inner.append([draft(text)])
    newest = Newest()
    with capture_logs() as lines:
        async with running(store=store, projections={"nomad": newest}) as rig:
            assert newest.texts == ["a", "b"]
            await rig.add("bad", "odd", "c")
            assert newest.texts == ["a", "b", "c"]
            await rig.log.read(0, 100)
            assert rig.log.damaged_count == 4
    said = [line["seq"] for line in lines if "damaged" in line["event"]]
    assert said == [3, 4, 6, 7]
