from __future__ import annotations

import asyncio
from itertools import pairwise

import pytest

from tests.log.rig import ManualClock, draft, run
from tidings.core.errors import StoreUnavailable
from tidings.log.retention import Keep, keep_within, trim_to
from tidings.store.memory import MemoryStore

DAY_S = 86_400.0


class Store(MemoryStore):
    """Counts its trims, and fails when it is told to."""

    def __init__(self, clock: ManualClock) -> None:
        super().__init__(clock=clock)
        self.clock = clock
        self.trims: list[tuple[str, int]] = []
        self.failures = 0

    async def trim(self, subject: str, through_seq: int) -> int:
        if self.failures:
            self.failures -= 1
            raise StoreUnavailable("trim")
        self.trims.append((subject, through_seq))
        return await super().trim(subject, through_seq)

    async def seqs(self, system: str) -> list[int]:
        return [record.seq for record in await self.read(0, 100_000, systems={system})]


async def filled(days: int, *, a_day: int = 2) -> Store:
    """Return a store with so many nomad records a day, each followed by one of consul; today is
    over."""
    store = Store(ManualClock())
    for _ in range(days):
        for _ in range(a_day):
            await store.append([draft("a"), draft("b", "consul")])
        store.clock.at_s += DAY_S
    return store


@pytest.mark.parametrize(
    ("keep", "kept"),
    [
        (Keep(), 20),
        (Keep(None, None, 0), 20),
        (Keep(max_age_s=3 * DAY_S), 6),  # exactly three days old is not older
        (Keep(max_age_s=3 * DAY_S - 1), 4),
        (Keep(max_age_s=0.0, min_count=0), 0),
        (Keep(max_age_s=0.0), 1),
        (Keep(max_age_s=0.0, min_count=5), 5),
        (Keep(max_age_s=0.0, min_count=50), 20),
        (Keep(max_count=7), 7),
        (Keep(max_count=7, min_count=9), 9),
        (Keep(max_count=20), 20),
        (Keep(max_age_s=3 * DAY_S, max_count=5), 5),
        (Keep(max_age_s=2 * DAY_S, max_count=5), 4),
    ],
)
def test_a_system_is_trimmed_to_its_rule_and_no_further(keep: Keep, kept: int) -> None:
    async def scenario() -> None:
        store = await filled(days=10)
        before = await store.seqs("nomad")
        deleted = await trim_to(store, "nomad", keep, store.clock.now_us())
        assert await store.seqs("nomad") == before[20 - kept :]
        assert deleted == 20 - kept
        assert len(await store.seqs("consul")) == 20
        assert (await store.bounds("consul")).trimmed_through == 0

    run(scenario())


def test_an_empty_system_is_left_alone() -> None:
    async def scenario() -> None:
        store = await filled(days=1)
        assert await trim_to(store, "puppet", Keep(0.0, 0, 0), store.clock.now_us()) == 0
        assert store.trims == []

    run(scenario())


def test_a_large_backlog_goes_in_bounded_steps() -> None:
    async def scenario() -> None:
        store = await filled(days=1, a_day=3000)
        assert await trim_to(store, "nomad", Keep(max_count=100), store.clock.now_us()) == 2900
        ends = [through_seq for _, through_seq in store.trims]
        assert len(ends) == 6
        assert all(later - earlier <= 1001 for earlier, later in pairwise(ends))

    run(scenario())


def test_a_store_that_deletes_nothing_is_not_asked_on_and_on() -> None:
    class Lagging(Store):
        async def trim(self, subject: str, through_seq: int) -> int:
            self.trims.append((subject, through_seq))
            return 0

    async def scenario() -> None:
        store = Lagging(ManualClock())
        await store.append([draft("a"), draft("b")])
        keep = Keep(max_count=1)
        assert await trim_to(store, "nomad", keep, store.clock.now_us()) == 0
        assert store.trims == [("nomad", 2)]

    run(scenario())


def test_the_task_trims_every_system_again_and_again_until_the_store_closes() -> None:
    async def scenario() -> None:
        store = await filled(days=3)
        rounds: list[tuple[float, int, int]] = []

        async def sleep(pause_s: float) -> None:
            nomad, consul = await store.seqs("nomad"), await store.seqs("consul")
            rounds.append((pause_s, len(nomad), len(consul)))
            store.clock.at_s += DAY_S
            if len(rounds) == 3:
                await store.close()

        rules = {"nomad": Keep(max_age_s=3 * DAY_S), "consul": Keep(max_count=3)}
        await keep_within(store, rules, clock=store.clock, every_s=7.0, sleep=sleep)
        assert rounds == [(7.0, 6, 3), (7.0, 4, 3), (7.0, 2, 3)]

    run(scenario())


def test_a_failing_store_is_asked_again_the_next_time() -> None:
    async def scenario() -> None:
        store = await filled(days=3)
        store.failures = 1
        counts: list[int] = []

        async def sleep(_: float) -> None:
            counts.append(len(await store.seqs("nomad")))
            if len(counts) == 2:
                await store.close()

        rules = {"nomad": Keep(max_count=1)}
        await keep_within(store, rules, clock=store.clock, sleep=sleep)
        assert counts == [6, 1]

    run(scenario())


def test_by_default_it_looks_once_a_minute() -> None:
    async def scenario() -> None:
        store = await filled(days=3)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(150):
                await keep_within(store, {"nomad": Keep(max_count=1)}, clock=store.clock)
        assert len(store.trims) == 1

    run(scenario())
