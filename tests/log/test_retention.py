from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from itertools import pairwise
from typing import Any, ClassVar

import pytest

from tests.kit.clock import ManualClock
from tests.kit.jumping import scenario
from tests.kit.log import draft
from tidings.core.errors import StoreUnavailable
from tidings.core.record import Record
from tidings.log.retention import Retention, last_to_go, trim_through
from tidings.log.retention_rule import (
    WHOLE_LOG,
    AgeTrusted,
    AgeWaits,
    Keep,
    News,
    RuleApplied,
    RuleChanged,
    RuleWaits,
    Taken,
)
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


async def trim_to(store: Store, system: str, keep: Keep, now_us: int | None) -> int:
    taken = Taken(system)
    await trim_through(store, system, await last_to_go(store, system, keep, now_us), taken)
    return taken.count


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
@scenario
async def test_a_system_is_trimmed_to_its_rule_and_no_further(keep: Keep, kept: int) -> None:
    store = await filled(days=10)
    before = await store.seqs("nomad")
    deleted = await trim_to(store, "nomad", keep, store.clock.now_us())
    assert await store.seqs("nomad") == before[20 - kept :]
    assert deleted == 20 - kept
    assert len(await store.seqs("consul")) == 20
    assert (await store.bounds("consul")).trimmed_through == 0


@scenario
async def test_an_empty_system_is_left_alone() -> None:
    store = await filled(days=1)
    assert await trim_to(store, "puppet", Keep(0.0, 0, 0), store.clock.now_us()) == 0
    assert store.trims == []


@scenario
async def test_a_large_backlog_goes_in_bounded_steps() -> None:
    store = await filled(days=1, a_day=3000)
    assert await trim_to(store, "nomad", Keep(max_count=100), store.clock.now_us()) == 2900
    ends = [through_seq for _, through_seq in store.trims]
    assert len(ends) == 6
    assert all(later - earlier <= 1001 for earlier, later in pairwise(ends))


@scenario
async def test_a_store_that_deletes_nothing_is_not_asked_on_and_on() -> None:
    class Lagging(Store):
        async def trim(self, subject: str, through_seq: int) -> int:
            self.trims.append((subject, through_seq))
            return 0

    store = Lagging(ManualClock())
    await store.append([draft("a"), draft("b")])
    keep = Keep(max_count=1)
    assert await trim_to(store, "nomad", keep, store.clock.now_us()) == 0
    assert store.trims == [("nomad", 2)]


@scenario
async def test_a_time_that_is_not_trusted_takes_nothing_by_age() -> None:
    store = await filled(days=10)
    assert await trim_to(store, "nomad", Keep(max_age_s=DAY_S), None) == 0
    assert await trim_to(store, "nomad", Keep(max_age_s=DAY_S, max_count=15), None) == 5


class Rounds:
    """Rounds of retention over a store, one after another, and all that it told."""

    def __init__(self, store: Store, rules: Mapping[str, Keep], *, applies: bool = False) -> None:
        self.store = store
        self.told: list[News] = []
        self.steady_s = 0.0
        self._retention = Retention(
            store,
            rules,
            clock=store.clock,
            applies=applies,
            steady_s=lambda: self.steady_s,
            told=self.told.append,
        )

    async def go(self, count: int = 1) -> list[News]:
        """Let so many rounds pass and return what they told."""
        already = len(self.told)
        left = count

        async def sleep(_: float) -> None:
            nonlocal left
            left -= 1
            if not left:
                raise _Enough

        with suppress(_Enough):
            await self._retention.run(sleep=sleep)
        return self.told[already:]


class _Enough(Exception):
    pass


async def ruled(rule: Keep, days: int = 10) -> Store:
    """Return a store of nomad and consul whose rule for nomad is this."""
    store = await filled(days=days)
    await Rounds(store, {"nomad": rule}, applies=True).go()
    return store


@scenario
async def test_the_task_trims_every_system_again_and_again_until_the_store_closes() -> None:
    store = await filled(days=3)
    rounds: list[tuple[float, int, int]] = []

    async def sleep(pause_s: float) -> None:
        nomad, consul = await store.seqs("nomad"), await store.seqs("consul")
        rounds.append((pause_s, len(nomad), len(consul)))
        await store.append([draft("a", "puppet")])
        store.clock.at_s += DAY_S
        if len(rounds) == 3:
            await store.close()

    rules = {"nomad": Keep(max_age_s=3 * DAY_S), "consul": Keep(max_count=3)}
    retention = Retention(store, rules, clock=store.clock, applies=True)
    await retention.run(every_s=7.0, sleep=sleep)
    assert rounds == [(7.0, 6, 3), (7.0, 4, 3), (7.0, 2, 3)]


@scenario
async def test_a_failing_store_is_asked_again_the_next_time() -> None:
    store = await filled(days=3)
    store.failures = 1
    rounds = Rounds(store, {"nomad": Keep(max_count=1)}, applies=True)
    await rounds.go()
    assert len(await store.seqs("nomad")) == 6
    await rounds.go()
    assert len(await store.seqs("nomad")) == 1


@scenario
async def test_by_default_it_looks_once_a_minute() -> None:
    store = await filled(days=3)
    retention = Retention(store, {"nomad": Keep(max_count=1)}, clock=store.clock, applies=True)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(150):
            await retention.run()
    assert len(store.trims) == 1


@scenario
async def test_what_is_taken_is_told_once_a_round_and_system_with_its_end() -> None:
    store = await filled(days=1, a_day=3000)
    last = (await store.seqs("nomad"))[-101]
    rounds = Rounds(store, {"nomad": Keep(max_count=100)}, applies=True)
    assert (await rounds.go())[1:] == [Taken("nomad", 2900, last)]
    assert await rounds.go() == []


@scenario
async def test_what_is_taken_before_the_store_fails_is_told_too() -> None:
    class Failing(Store):
        async def trim(self, subject: str, through_seq: int) -> int:
            self.failures = len(self.trims)
            return await super().trim(subject, through_seq)

    store = Failing(ManualClock())
    await store.append([draft("a") for _ in range(3000)])
    told = await Rounds(store, {"nomad": Keep(max_count=1)}, applies=True).go()
    assert told[1:] == [Taken("nomad", 1000, 1001)]


OLD = Keep(max_age_s=30 * DAY_S, max_count=1000, min_count=1)


@pytest.mark.parametrize(
    ("wanted", "waits_for"),
    [
        (Keep(3 * DAY_S, 1000, 1), 14),
        (Keep(None, 7, 1), 13),
        (Keep(30 * DAY_S, 17, 1), 3),
        (Keep(3 * DAY_S, 7, 1), 14),
        (Keep(30 * DAY_S, 18, 1), 0),  # a tenth is not more than a tenth
        (Keep(30 * DAY_S, 999, 1), 0),
        (Keep(31 * DAY_S, None, 1), 0),
        (Keep(None, None, 5), 0),
        (Keep(30 * DAY_S, 1000, 0), 0),  # would take more only later
        (OLD, None),
    ],
)
@scenario
async def test_a_start_with_stricter_rules_waits_when_it_would_take_more_than_a_tenth(
    wanted: Keep, waits_for: int | None
) -> None:
    store = await ruled(OLD)
    rounds = Rounds(store, {"nomad": wanted})
    told = await rounds.go(3)
    kept = await store.seqs("nomad")
    if waits_for:
        through_us = (await store.read(0, 100, systems={"nomad"}))[waits_for - 1].recorded_at_us
        assert told == [RuleWaits("nomad", wanted, OLD, waits_for, 20, through_us)]
        assert len(kept) == 20
        told = await Rounds(store, {"nomad": wanted}, applies=True).go()
        assert told[0] == RuleApplied("nomad", wanted, OLD)
        assert len(await store.seqs("nomad")) == 20 - waits_for
    else:
        assert told[:1] == ([] if waits_for is None else [RuleApplied("nomad", wanted, OLD)])


@scenario
async def test_a_rule_that_waits_goes_on_waiting_and_the_one_before_holds() -> None:
    store = await ruled(Keep(None, 20, 1))
    rounds = Rounds(store, {"nomad": Keep(None, 10, 1)})
    assert [type(news) for news in await rounds.go()] == [RuleWaits]
    await store.append([draft() for _ in range(200)])
    assert [type(news) for news in await rounds.go()] == [Taken]
    assert len(await store.seqs("nomad")) == 20


@scenario
async def test_a_log_without_a_rule_keeps_everything_until_one_is_applied() -> None:
    store = await filled(days=10)
    through_us = (await store.read(0, 100, systems={"nomad"}))[14].recorded_at_us
    wanted = Keep(None, 5, 1)
    told = await Rounds(store, {"nomad": wanted}).go(2)
    assert told == [RuleWaits("nomad", wanted, None, 15, 20, through_us)]
    assert len(await store.seqs("nomad")) == 20
    new = Store(ManualClock())
    assert await Rounds(new, {"nomad": wanted}).go() == [RuleApplied("nomad", wanted, None)]
    await new.append([draft() for _ in range(20)])
    assert await Rounds(new, {"nomad": wanted}).go() == [Taken("nomad", 15, 16)]


@scenario
async def test_what_another_node_trims_while_a_start_decides_ends_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    store = await filled(days=10)

    async def read(*_place: Any, **_limits: Any) -> list[Record]:
        return []  # it was there when it was counted

    monkeypatch.setattr(store, "read", read)
    wanted = Keep(None, 5, 1)
    assert await Rounds(store, {"nomad": wanted}).go() == [
        RuleWaits("nomad", wanted, None, 15, 20, 0)
    ]


@scenario
async def test_ordinary_growth_and_a_long_time_down_ask_nobody() -> None:
    rule = Keep(max_age_s=8 * DAY_S, max_count=None)
    store = await ruled(rule)
    assert len(await store.seqs("nomad")) == 16
    store.clock.at_s += 5 * DAY_S
    rounds = Rounds(store, {"nomad": rule})
    assert await rounds.go(2) == [AgeWaits()]
    await store.append([draft()])
    assert await rounds.go(2) == []  # it recorded that itself
    store.clock.at_s += DAY_S
    await store.append([draft()])
    assert [type(news) for news in await rounds.go(2)] == [Taken, AgeTrusted]
    assert len(await store.seqs("nomad")) == 6


@scenario
async def test_nodes_with_different_rules_have_the_one_applied_last_and_hear_of_it() -> None:
    store = await ruled(OLD)
    lax = Rounds(store, {"nomad": OLD})
    assert await lax.go() == []
    strict = Rounds(store, {"nomad": Keep(None, 5, 1)})
    assert [type(news) for news in await strict.go()] == [RuleWaits]
    assert await lax.go() == []
    asked = Rounds(store, {"nomad": Keep(None, 5, 1)}, applies=True)
    assert [type(news) for news in await asked.go()] == [RuleApplied, Taken]
    assert await lax.go() == [RuleChanged("nomad", Keep(None, 5, 1))]
    assert await Rounds(store, {"nomad": OLD}).go() == [RuleApplied("nomad", OLD, Keep(None, 5, 1))]
    assert await asked.go() == [RuleChanged("nomad", OLD)]
    assert len(await store.seqs("nomad")) == 5


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"[]",
        b"{}",
        b'{"max_age_s": "x", "max_count": null, "min_count": 1}',
        b'{"max_age_s": null, "max_count": 1}',
    ],
)
@scenario
async def test_a_rule_that_makes_no_sense_takes_nothing_and_is_replaced(value: bytes) -> None:
    store = await filled(days=10)
    await store.state.put("retention/nomad", value)
    wanted = Keep(None, 5, 1)
    assert [type(news) for news in await Rounds(store, {"nomad": wanted}).go()] == [RuleWaits]
    assert len(await store.seqs("nomad")) == 20
    told = await Rounds(store, {"nomad": wanted}, applies=True).go()
    assert told == [RuleApplied("nomad", wanted, None), Taken("nomad", 15, 30)]


@scenario
async def test_a_rule_of_a_newer_program_is_understood_as_far_as_we_know_it() -> None:
    store = await filled(days=10)
    value = b'{"max_age_s": null, "max_count": 5, "min_count": 1, "max_noise": 7}'
    await store.state.put("retention/nomad", value)
    told = await Rounds(store, {"nomad": Keep(None, 5, 1)}).go()
    assert [type(news) for news in told] == [Taken]


@scenario
async def test_two_nodes_that_start_at_once_end_with_one_rule() -> None:
    class Quicker(Store):
        """Another node puts its rule in front of ours."""

        others: ClassVar = [b'{"max_age_s": null, "max_count": 9, "min_count": 1}']

        async def nth_last(self, system: str, count: int) -> int:
            if self.others:
                await self.state.put("retention/nomad", self.others.pop())
            return await super().nth_last(system, count)

    store = Quicker(ManualClock())
    told = await Rounds(store, {"nomad": OLD}).go()
    assert told == [RuleApplied("nomad", OLD, Keep(None, 9, 1))]


@pytest.mark.parametrize("rule", [Keep(3 * DAY_S, None), Keep(3600.0, None), Keep(0.5, 1000)])
@scenario
async def test_a_clock_that_jumps_a_year_erases_nothing_for_its_age(rule: Keep) -> None:
    store = await ruled(rule)
    rounds = Rounds(store, {"nomad": rule})
    rounds.steady_s = 30 * DAY_S
    await store.append([draft() for _ in range(10)])
    await rounds.go()
    kept = await store.seqs("nomad")
    store.clock.at_s += 365 * DAY_S
    rounds.steady_s = 0.0
    assert await rounds.go(3) == [AgeWaits()]
    assert await store.seqs("nomad") == kept
    store.clock.at_s -= 365 * DAY_S
    assert await rounds.go(3) == [AgeTrusted()]
    assert await store.seqs("nomad") == kept


EACH_BYTES = 3 + 128
"""What a record of these tests takes: its text, and what each takes in memory."""


@pytest.mark.parametrize(
    ("size_bytes", "kept"),
    [
        (None, 20),
        (20 * EACH_BYTES, 20),
        (20 * EACH_BYTES - 1, 19),
        (7 * EACH_BYTES + 1, 7),
        (7 * EACH_BYTES, 7),
        (7 * EACH_BYTES - 1, 6),
        (1, 1),
    ],
)
@scenario
async def test_a_system_takes_no_more_than_it_may(size_bytes: int | None, kept: int) -> None:
    store = Store(ManualClock())
    for _ in range(20):
        await store.append([draft("job"), draft("job", "consul")])
    before = await store.seqs("nomad")
    rules = {"nomad": Keep(max_bytes=size_bytes), WHOLE_LOG: Keep()}
    await Rounds(store, rules, applies=True).go(2)
    assert await store.seqs("nomad") == before[20 - kept :]
    assert len(await store.seqs("consul")) == 20


@scenario
async def test_a_size_takes_nothing_that_a_systems_own_api_shows() -> None:
    store = Store(ManualClock())
    await store.append([draft("job") for _ in range(20)])
    await Rounds(store, {"nomad": Keep(max_bytes=1, min_count=5)}, applies=True).go()
    assert len(await store.seqs("nomad")) == 5
    few = Store(ManualClock())
    await few.append([draft("job") for _ in range(3)])
    await Rounds(few, {"nomad": Keep(max_bytes=1, min_count=5)}, applies=True).go()
    assert len(await few.seqs("nomad")) == 3


@pytest.mark.parametrize(
    ("records", "nomad", "consul"),
    [
        (30, 20, 10),
        (29, 20, 9),  # the oldest go first, whosever they are
        (20, 20, 4),  # but what a system's own API shows stays
        (10, 10, 4),
        (5, 5, 4),
        (0, 5, 4),
    ],
)
@scenario
async def test_all_systems_together_take_no_more_than_they_may(
    records: int, nomad: int, consul: int
) -> None:
    store = Store(ManualClock())
    await store.append([draft("job", "consul") for _ in range(10)])
    await store.append([draft("job") for _ in range(20)])
    rules = {
        WHOLE_LOG: Keep(max_bytes=max(records * EACH_BYTES, 1)),
        "nomad": Keep(min_count=5),
        "consul": Keep(min_count=4),
    }
    size = records if records >= 24 else max(records - 4, 5) + 4
    told = await Rounds(store, rules, applies=True).go(2)
    counts = [len(await store.seqs(system)) for system in ("nomad", "consul")]
    assert counts == [min(nomad, size - consul), consul]
    taken = {news.system: news.count for news in told if isinstance(news, Taken)}
    assert taken == {
        system: count
        for system, count in (("nomad", 20 - counts[0]), ("consul", 10 - counts[1]))
        if count
    }


@scenario
async def test_a_smaller_size_waits_when_it_would_take_more_than_a_tenth_of_any_system() -> None:
    store = Store(ManualClock())
    await store.append([draft("job", "consul") for _ in range(10)])
    await store.append([draft("job") for _ in range(90)])
    at_us = store.clock.now_us()
    lax, strict = Keep(max_bytes=100 * EACH_BYTES), Keep(max_bytes=98 * EACH_BYTES)
    rules = {"nomad": Keep(), "consul": Keep()}
    assert len(await Rounds(store, {**rules, WHOLE_LOG: lax}).go()) == 3
    told = await Rounds(store, {**rules, WHOLE_LOG: strict}).go(2)
    assert told == [RuleWaits(WHOLE_LOG, strict, lax, 2, 100, at_us)]
    told = await Rounds(store, {**rules, WHOLE_LOG: strict}, applies=True).go()
    assert told == [RuleApplied(WHOLE_LOG, strict, lax), Taken("consul", 2, 3)]
    own = Keep(max_bytes=80 * EACH_BYTES)
    told = await Rounds(store, {"nomad": own}).go()
    assert told == [RuleWaits("nomad", own, Keep(), 10, 90, at_us)]


@scenario
async def test_a_log_that_grows_to_its_size_asks_nobody() -> None:
    store = Store(ManualClock())
    rules = {"nomad": Keep(), WHOLE_LOG: Keep(max_bytes=50 * EACH_BYTES)}
    rounds = Rounds(store, rules)
    await rounds.go()
    for _ in range(4):
        await store.append([draft("job") for _ in range(40)])
        assert [type(news) for news in await rounds.go()] in ([], [Taken])
    assert len(await store.seqs("nomad")) == 50
