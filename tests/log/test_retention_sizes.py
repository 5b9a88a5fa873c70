"""Through which position records go for the rest to fit, against a plain list."""

from __future__ import annotations

import random
from collections.abc import Mapping

import pytest

from tests.kit.clock import ManualClock
from tests.kit.log import draft
from tests.kit.loop import scenario
from tidings.core.record import Weight
from tidings.log.retention_sizes import Sizes
from tidings.store.memory import MemoryStore

SYSTEMS = ("nomad", "consul", "puppet")


class Counting(MemoryStore):
    """Counts what it is asked for."""

    weighed = 0

    async def weigh(self, after_seq: int, through_seq: int) -> Mapping[str, Weight]:
        self.weighed += 1
        return await super().weigh(after_seq, through_seq)


async def expected(store: MemoryStore, floors: Mapping[str, int], max_bytes: int) -> int:
    records = [r for r in await store.read(0, 100_000) if r.system in floors]
    total = sum(record.size_bytes for record in records)
    through_seq = 0
    for record in records:
        if total <= max_bytes:
            return through_seq
        if record.seq < floors[record.system]:
            total -= record.size_bytes
            through_seq = record.seq
    return through_seq if total <= max_bytes else max(floors.values()) - 1


@pytest.mark.parametrize("seed", range(40))
@scenario
async def test_it_is_the_first_position_that_is_enough(seed: int) -> None:
    rng = random.Random(seed)
    store = MemoryStore(clock=ManualClock())
    sizes = Sizes(store, span=rng.choice((1, 3, 7, 1000)))
    for _ in range(12):
        for _ in range(rng.randrange(12)):
            await store.append([draft("x" * rng.randrange(300), rng.choice(SYSTEMS))])
        if rng.random() < 0.3:
            await store.trim(rng.choice(SYSTEMS), rng.randrange(1, await store.end_seq() + 1))
        if rng.random() < 0.2:  # a hole
            for system in SYSTEMS:
                await store.trim(system, await store.end_seq() - rng.randrange(5))
        some = rng.sample(SYSTEMS, rng.randrange(1, 4))
        floors = {system: rng.randrange(await store.end_seq() + 3) for system in some}
        max_bytes = rng.randrange(6000)
        found = await sizes.last_to_go(floors, max_bytes)
        assert found == await expected(store, floors, max_bytes)


@scenario
async def test_only_what_is_new_is_weighed() -> None:
    store = Counting(clock=ManualClock())
    sizes = Sizes(store, span=10)
    await store.append([draft() for _ in range(1000)])
    assert await sizes.last_to_go({"nomad": 2**63}, 2**40) == 0
    assert store.weighed == 100
    await store.append([draft() for _ in range(25)])
    assert await sizes.last_to_go({"nomad": 2**63}, 2**40) == 0
    assert store.weighed <= 104


@scenario
async def test_a_log_without_records_takes_nothing() -> None:
    sizes = Sizes(MemoryStore(clock=ManualClock()))
    assert await sizes.last_to_go({"nomad": 9}, 0) == 0
