"""Work that grows with what a caller sends: who does it, when, and who goes on meanwhile."""

from __future__ import annotations

import asyncio
import threading

from tests.kit.loop import becomes, run_async, scenario
from tidings.gateway.time_slices import TimeSlices

LARGE = 1024**2


async def next_round() -> None:
    """Return in the next round of the event loop."""
    came = asyncio.get_running_loop().create_future()
    asyncio.get_running_loop().call_soon(came.set_result, None)
    await came


def test_those_who_have_much_to_do_take_turns_in_the_order_in_which_they_wait() -> None:
    done: list[str] = []

    async def main() -> None:
        slices = TimeSlices(slice_s=0.0)

        async def work(name: str) -> None:
            for _ in range(4):
                done.append(name)
                await slices.step()

        async with asyncio.TaskGroup() as tasks:
            for name in "abc":
                tasks.create_task(work(name))

    run_async(main())
    assert "".join(done) == "a" + "abc" * 3 + "bc", "the first has the moment that it begins"


def test_others_go_on_between_any_two_turns() -> None:
    """However many there are with much to do, a round of the loop has one moment of it."""
    pieces = 0
    a_round: list[int] = []

    async def main() -> None:
        slices = TimeSlices(slice_s=0.0)
        loop = asyncio.get_running_loop()

        def look_on() -> None:
            nonlocal pieces
            a_round.append(pieces)
            pieces = 0
            loop.call_soon(look_on)

        async def work() -> None:
            nonlocal pieces
            for _ in range(20):
                pieces += 1
                await slices.step()

        look_on()
        async with asyncio.TaskGroup() as tasks:
            for _ in range(10):
                tasks.create_task(work())

    run_async(main())
    assert sum(a_round) >= 190
    many = [count for count in a_round if count > 1]
    assert len(many) <= 1, "only those who begin look after a piece, and not before"


@scenario
async def test_a_moment_is_not_cut_for_who_is_alone_and_quick() -> None:
    slices = TimeSlices(slice_s=3600.0)
    came = asyncio.get_running_loop().create_future()
    asyncio.get_running_loop().call_soon(came.set_result, None)
    for _ in range(1000):
        await slices.step()
    assert not came.done(), "nobody else had a turn of the loop"


@scenario
async def test_who_is_cancelled_while_he_waits_keeps_nobody_waiting() -> None:
    slices = TimeSlices(slice_s=0.0)
    done: list[str] = []

    async def work(name: str) -> None:
        await slices.step()
        await slices.step()
        done.append(name)

    tasks = [asyncio.create_task(work(name)) for name in "abcd"]
    await next_round()
    tasks[0].cancel()
    tasks[2].cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert done == ["b", "d"]


@scenario
async def test_large_work_is_done_beside_the_loop_one_at_a_time() -> None:
    under_way = most = 0
    may_end = threading.Event()

    def work() -> int:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        may_end.wait(10.0)
        under_way -= 1
        return threading.get_ident()

    slices = TimeSlices()
    large = [asyncio.create_task(slices.apart(LARGE, work)) for _ in range(3)]
    await becomes(lambda: under_way == 1)
    assert await slices.apart(10, threading.get_ident) == threading.get_ident()
    may_end.set()
    assert threading.get_ident() not in await asyncio.gather(*large)
    assert most == 1
