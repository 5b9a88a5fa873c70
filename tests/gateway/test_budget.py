"""How much a gateway holds for its callers, and what it does when there is no room."""

from __future__ import annotations

import asyncio

import pytest

from tests.kit.loop import scenario
from tidings.gateway import budget as budgets
from tidings.gateway.budget import Budget
from tidings.gateway.transcode.errors import Busy


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(budgets, "WAIT_S", 0.05)
    monkeypatch.setattr(budgets, "STALLED_S", 0.0)


@scenario
async def test_what_is_held_follows_the_size_of_a_body_and_its_end() -> None:
    budget = Budget(100)
    hold = budget.hold("a")
    held = []
    for size in (10, 40, 15, 0, 20):
        await hold.resize(size)
        held.append(budget.held_bytes)
    hold.close()
    hold.close()
    assert [*held, budget.held_bytes] == [10, 40, 15, 0, 20, 0]


@scenario
async def test_a_caller_has_half_and_all_have_the_whole() -> None:
    budget = Budget(100)
    mine, also_mine, other, last = (budget.hold(each) for each in "aabc")
    await mine.resize(30)
    with pytest.raises(Busy):
        await also_mine.resize(21)
    await also_mine.resize(20)
    await other.resize(50)
    with pytest.raises(Busy):
        await last.resize(1)
    assert budget.held_bytes == 100
    mine.close()
    await last.resize(30)
    assert budget.held_bytes == 100


@scenario
async def test_the_first_of_a_caller_may_have_more_than_his_share() -> None:
    budget = Budget(100)
    await budget.hold("a").resize(80)
    with pytest.raises(Busy):
        await budget.hold("b").resize(21)


@scenario
async def test_who_finds_no_room_waits_for_it_a_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(budgets, "WAIT_S", 60.0)
    budget = Budget(100)
    first, second = budget.hold("a"), budget.hold("b")
    await first.resize(90)
    waiting = asyncio.ensure_future(second.resize(50))
    await asyncio.wait([waiting], timeout=0)
    assert not waiting.done()
    first.close()
    await waiting
    assert budget.held_bytes == 50


@scenario
async def test_an_answer_that_many_are_given_counts_once() -> None:
    budget = Budget(100)
    answer, twin = bytes(30), bytearray(30)
    holds = [budget.hold(each) for each in "aabc"]
    for hold in holds:
        await hold.keep(answer)
    assert budget.held_bytes == 30
    holds[0].close()
    holds[2].close()
    assert budget.held_bytes == 30
    other = budget.hold("d")
    await other.keep(bytes(twin))
    assert budget.held_bytes == 60
    for hold in (holds[1], holds[3], other):
        hold.close()
    assert budget.held_bytes == 0


@scenario
async def test_who_does_not_read_makes_room_for_others() -> None:
    budget = Budget(100)
    dead, alive = budget.hold("a"), budget.hold("b")

    async def wait_for_client() -> None:
        await dead.keep(bytes(90))
        try:
            async with dead.patience(3600.0):
                await asyncio.get_running_loop().create_future()
        finally:
            dead.close()

    waiting = asyncio.ensure_future(wait_for_client())
    await asyncio.wait([waiting], timeout=0)
    await alive.resize(60)
    with pytest.raises(TimeoutError):
        await waiting
    assert budget.held_bytes == 60


@scenario
async def test_memory_is_given_back_once_much_was_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(budgets, "_GIVE_BACK_BYTES", 50)
    given: list[int] = []

    budget = Budget(1000, give_back=lambda: given.append(budget.held_bytes))
    for size in (10, 0, 30, 0, 40, 0, 20, 0):
        hold = budget.hold("a")
        await hold.resize(size)
        hold.close()
        await asyncio.wait([asyncio.get_running_loop().create_future()], timeout=0)
    assert given == [0]
