"""Polls of one job at the same time: one look for all of them, and never one that is too old."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable

import pytest

from tests.kit.http import gateway
from tests.kit.loop import becomes, scenario
from tests.rpc.serving import serving
from tidings.gateway.single_flight import SingleFlight


class Looks:
    """Answers a look with its number once it may end; a look that is to fail raises it."""

    def __init__(self, *failing: int) -> None:
        self.begun = 0
        self._failing = failing
        self._may_end = asyncio.Semaphore(0)

    async def __call__(self) -> int:
        self.begun += 1
        mine = self.begun
        await self._may_end.acquire()
        if mine in self._failing:
            raise ValueError(mine)
        return mine

    def end_one(self) -> None:
        self._may_end.release()


async def asked(flight: SingleFlight[int], look: Looks, count: int) -> list[asyncio.Task[int]]:
    """Let so many ask, and return when they wait."""
    asking = [asyncio.ensure_future(flight.ask("job", look)) for _ in range(count)]
    await turn()
    return asking


async def turn() -> None:
    """Let all others have their turn of the loop."""
    turned = asyncio.Event()
    asyncio.get_running_loop().call_soon(turned.set)
    await turned.wait()


@scenario
async def test_who_comes_during_a_look_shares_the_next() -> None:
    flight, look = SingleFlight[int](), Looks()
    first = await asked(flight, look, 1)
    second = await asked(flight, look, 20)
    assert look.begun == 1
    look.end_one()
    assert await asyncio.gather(*first) == [1]
    await becomes(lambda: look.begun == 2)
    third = await asked(flight, look, 20)
    look.end_one()
    look.end_one()
    assert await asyncio.gather(*second, *third) == [2] * 20 + [3] * 20
    assert len(flight) == 0


@scenario
async def test_a_failed_look_fails_for_those_who_shared_it_alone() -> None:
    flight, look = SingleFlight[int](), Looks(2)
    first = await asked(flight, look, 1)
    second = await asked(flight, look, 2)
    look.end_one()
    await becomes(lambda: look.begun == 2)
    third = await asked(flight, look, 2)
    look.end_one()
    look.end_one()
    assert await asyncio.gather(*first) == [1]
    for one in second:
        with pytest.raises(ValueError, match="2"):
            await one
    assert await asyncio.gather(*third) == [3, 3]


@scenario
async def test_when_the_one_who_looks_leaves_another_looks() -> None:
    flight, look = SingleFlight[int](), Looks()
    (leaving,) = await asked(flight, look, 1)
    staying = await asked(flight, look, 2)
    leaving.cancel()
    await becomes(lambda: look.begun == 2)
    look.end_one()
    assert await asyncio.gather(*staying) == [2, 2]
    assert leaving.cancelled()
    assert len(flight) == 0


def test_only_the_same_job_with_the_same_token_is_the_same_question(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    questions: list[Hashable] = []
    real = SingleFlight.ask

    async def noted(
        self: SingleFlight[object], question: Hashable, look: Callable[[], Awaitable[object]]
    ) -> object:
        questions.append(question)
        return await real(self, question, look)

    monkeypatch.setattr(SingleFlight, "ask", noted)
    with serving(address) as served, gateway(served.server, served.address) as http:
        for job, token in ((1, "a"), (1, "b"), (2, "a"), (1, "a")):
            http.ask("GET", f"/orchestrator/v1/jobs/{job}/events?token={token}")
    assert questions[0] == questions[3]
    assert len(set(questions)) == 3
