"""A concurrency limit: calls go through a few at a time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tests.kit.loop import becomes, scenario
from tidings.gateway.upstream.concurrency_limit import ConcurrencyLimit, Held

NEVER_S = 3600.0
# Of the loop, in which whoever can pass has passed.
TURNS = 10


class Crowd:
    """Some who come at once; each stays inside until told to leave.

    `entered` is in the order of entering.
    """

    def __init__(self, limit: ConcurrencyLimit, size: int) -> None:
        self.entered: list[int] = []
        self._told = [asyncio.Event() for _ in range(size)]
        self._tasks = [asyncio.ensure_future(self._pass(limit, each)) for each in range(size)]

    async def _pass(self, limit: ConcurrencyLimit, number: int) -> None:
        async with limit.passing():
            self.entered.append(number)
            await self._told[number].wait()

    async def leave(self, number: int) -> None:
        self._told[number].set()
        await self._tasks[number]
        await self.settle()

    async def give_up(self, number: int) -> None:
        self._tasks[number].cancel()
        await asyncio.wait([self._tasks[number]])
        await self.settle()

    async def settle(self) -> None:
        loop = asyncio.get_running_loop()
        for _ in range(TURNS):
            turn = loop.create_future()
            loop.call_soon(turn.set_result, None)
            await turn

    def disperse(self) -> None:
        for task in self._tasks:
            task.cancel()


@asynccontextmanager
async def a_crowd(*, places: int, held_s: float = NEVER_S, size: int) -> AsyncIterator[Crowd]:
    crowd = Crowd(ConcurrencyLimit(places, held_s), size)
    await crowd.settle()
    yield crowd
    crowd.disperse()


@scenario
async def test_so_many_are_inside_and_the_next_come_in_order() -> None:
    async with a_crowd(places=2, size=5) as crowd:
        assert crowd.entered == [0, 1]
        await crowd.leave(1)
        assert crowd.entered == [0, 1, 2]
        await crowd.leave(0)
        assert crowd.entered == [0, 1, 2, 3]


@scenario
async def test_who_gives_up_leaves_no_place_taken_and_none_too_many() -> None:
    async with a_crowd(places=1, size=4) as crowd:
        await crowd.give_up(1)  # outside
        await crowd.give_up(0)  # inside
        assert crowd.entered == [0, 2]


@scenario
async def test_who_takes_long_keeps_nobody_waiting() -> None:
    async with a_crowd(places=1, held_s=0.0, size=3) as crowd:
        await becomes(lambda: crowd.entered == [0, 1, 2])


@scenario
async def test_who_took_long_gives_nothing_back_a_second_time() -> None:
    places = asyncio.Semaphore(0)
    held = Held(places)
    held.give_back()
    held.give_back()
    await places.acquire()
    assert places.locked()
