"""What lets a crowd through a few at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from tests.aio import becomes, run_async
from tidings.gateway.upstream.concurrency_limit import Held, Turnstile

NEVER_S = 3600.0
# Of the loop, in which whoever can pass has passed.
TURNS = 10


class Crowd:
    """Some who come at once; each stays inside until told to leave.

    `entered` is in the order of entering.
    """

    def __init__(self, turnstile: Turnstile, size: int) -> None:
        self.entered: list[int] = []
        self._told = [asyncio.Event() for _ in range(size)]
        self._tasks = [asyncio.ensure_future(self._pass(turnstile, each)) for each in range(size)]

    async def _pass(self, turnstile: Turnstile, number: int) -> None:
        async with turnstile.passing():
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


def with_crowd(
    test: Callable[[Crowd], Awaitable[None]], *, places: int, held_s: float = NEVER_S, size: int
) -> None:
    async def main() -> None:
        crowd = Crowd(Turnstile(places, held_s), size)
        await crowd.settle()
        await test(crowd)
        crowd.disperse()

    run_async(main())


def test_so_many_are_inside_and_the_next_come_in_order() -> None:
    async def test(crowd: Crowd) -> None:
        assert crowd.entered == [0, 1]
        await crowd.leave(1)
        assert crowd.entered == [0, 1, 2]
        await crowd.leave(0)
        assert crowd.entered == [0, 1, 2, 3]

    with_crowd(test, places=2, size=5)


def test_who_gives_up_leaves_no_place_taken_and_none_too_many() -> None:
    async def test(crowd: Crowd) -> None:
        await crowd.give_up(1)  # outside
        await crowd.give_up(0)  # inside
        assert crowd.entered == [0, 2]

    with_crowd(test, places=1, size=4)


def test_who_takes_long_keeps_nobody_waiting() -> None:
    async def test(crowd: Crowd) -> None:
        await becomes(lambda: crowd.entered == [0, 1, 2])

    with_crowd(test, places=1, held_s=0.0, size=3)


def test_who_took_long_gives_nothing_back_a_second_time() -> None:
    async def main() -> None:
        places = asyncio.Semaphore(0)
        held = Held(places)
        held.give_back()
        held.give_back()
        await places.acquire()
        assert places.locked()

    run_async(main())
