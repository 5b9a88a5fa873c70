from __future__ import annotations

import asyncio

from tests.log.rig import run, turns
from tidings.log.publisher_priority import RETURN_S, Courtesy

LONGEST_S = 0.03


def now_s() -> float:
    return asyncio.get_running_loop().time()


async def settled(*readers: asyncio.Task[bool]) -> list[bool]:
    await turns(5)
    return [reader.done() for reader in readers]


def test_a_reader_waits_for_nobody() -> None:
    async def main() -> None:
        assert not await Courtesy(LONGEST_S).give_way()
        assert now_s() == 0

    run(main())


def test_each_answer_lets_one_reader_go_on_in_their_order() -> None:
    async def main() -> None:
        courtesy = Courtesy(LONGEST_S)
        with courtesy:
            with courtesy:
                readers = [asyncio.create_task(courtesy.give_way()) for _ in range(3)]
                assert await settled(*readers) == [False, False, False]
            assert await settled(*readers) == [True, False, False]
        assert await settled(*readers) == [True, True, False]
        assert await readers[0]
        assert not await readers[2]
        assert now_s() == LONGEST_S

    run(main())


def test_a_publisher_who_is_not_answered_stops_no_reader() -> None:
    async def main() -> None:
        courtesy = Courtesy(LONGEST_S)
        with courtesy:
            assert await courtesy.give_way()
            assert now_s() == LONGEST_S

    run(main())


def test_a_publisher_who_was_answered_may_come_again_first() -> None:
    async def main() -> None:
        courtesy = Courtesy(LONGEST_S)
        with courtesy:
            pass
        assert not await courtesy.give_way()
        assert now_s() == RETURN_S
        await courtesy.give_way()
        assert now_s() == RETURN_S, "nobody came: the next page need not wait"

    run(main())


def test_a_reader_who_goes_takes_no_turn() -> None:
    async def main() -> None:
        courtesy = Courtesy(LONGEST_S)
        with courtesy:
            gone, waiting = (asyncio.create_task(courtesy.give_way()) for _ in range(2))
            await turns(5)
            gone.cancel()
            await turns(1)
        assert await settled(waiting) == [True]
        assert gone.cancelled()

    run(main())
