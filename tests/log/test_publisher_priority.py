from __future__ import annotations

import asyncio

from tests.kit.jumping import scenario, turns
from tidings.log.publisher_priority import RETURN_S, PublisherPriority

LONGEST_S = 0.03


def now_s() -> float:
    return asyncio.get_running_loop().time()


async def settled(*readers: asyncio.Task[bool]) -> list[bool]:
    await turns(5)
    return [reader.done() for reader in readers]


@scenario
async def test_a_reader_waits_for_nobody() -> None:
    assert not await PublisherPriority(LONGEST_S).wait_for_turn()
    assert now_s() == 0


@scenario
async def test_each_answer_lets_one_reader_go_on_in_their_order() -> None:
    priority = PublisherPriority(LONGEST_S)
    with priority:
        with priority:
            readers = [asyncio.create_task(priority.wait_for_turn()) for _ in range(3)]
            assert await settled(*readers) == [False, False, False]
        assert await settled(*readers) == [True, False, False]
    assert await settled(*readers) == [True, True, False]
    assert await readers[0]
    assert not await readers[2]
    assert now_s() == LONGEST_S


@scenario
async def test_a_publisher_who_is_not_answered_stops_no_reader() -> None:
    priority = PublisherPriority(LONGEST_S)
    with priority:
        assert await priority.wait_for_turn()
        assert now_s() == LONGEST_S


@scenario
async def test_a_publisher_who_was_answered_may_come_again_first() -> None:
    priority = PublisherPriority(LONGEST_S)
    with priority:
        pass
    assert not await priority.wait_for_turn()
    assert now_s() == RETURN_S
    await priority.wait_for_turn()
    assert now_s() == RETURN_S, "nobody came: the next page need not wait"


@scenario
async def test_a_reader_who_goes_takes_no_turn() -> None:
    priority = PublisherPriority(LONGEST_S)
    with priority:
        gone, waiting = (asyncio.create_task(priority.wait_for_turn()) for _ in range(2))
        await turns(5)
        gone.cancel()
        await turns(1)
    assert await settled(waiting) == [True]
    assert gone.cancelled()
