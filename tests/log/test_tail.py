from __future__ import annotations

import asyncio

import pytest

from tests.kit.jumping import run, scenario, until
from tests.kit.log import record
from tidings.core.record import Record
from tidings.log.limits import LogLimits
from tidings.log.tail import Tail

EVERYTHING = 1_000_000


def tail_of(*seqs: int, count: int = 100, size_bytes: int = EVERYTHING) -> Tail:
    tail = Tail(LogLimits(tail_count=count, tail_bytes=size_bytes))
    tail.start_at(1)
    for seq in seqs:
        tail.advance([record(seq)])
    return tail


def found(records: list[Record] | None) -> list[int] | None:
    return None if records is None else [each.seq for each in records]


@pytest.mark.parametrize(
    ("after_seq", "limit", "expected"),
    [
        (0, 10, None),  # before the floor
        (1, 10, [2, 5, 9]),
        (1, 2, [2, 5]),
        (2, 10, [5, 9]),
        (3, 10, [5, 9]),  # positions have gaps
        (9, 10, []),
        (20, 10, []),
    ],
)
def test_after_is_exclusive_and_says_when_it_does_not_reach_back(
    after_seq: int, limit: int, expected: list[int] | None
) -> None:
    assert found(tail_of(2, 5, 9).after(after_seq, limit, EVERYTHING)) == expected


def test_after_stops_at_the_size_but_not_before_one_record() -> None:
    tail = tail_of(2, 3, 4)
    assert found(tail.after(1, 10, max_bytes=2 * len(b"job"))) == [2, 3]
    assert found(tail.after(1, 10, max_bytes=1)) == [2]


def test_a_tail_never_holds_more_records_than_its_count() -> None:
    tail = tail_of(count=40)
    for seq in range(2, 500):
        tail.advance([record(seq)])
        assert len(tail) <= 40
        assert tail.last_seq == seq
        assert len(tail) >= min(seq - 1, 38)  # cut in slices, but not by more than one
    assert found(tail.after(tail.floor_seq, 1, EVERYTHING)) == [tail.floor_seq + 1]
    assert tail.after(tail.floor_seq - 1, 1, EVERYTHING) is None


def test_a_tail_never_weighs_more_than_its_size() -> None:
    weight = record(2).size_bytes
    tail = tail_of(size_bytes=10 * weight)
    for seq in range(2, 100):
        tail.advance([record(seq)])
        assert tail.size_bytes == len(tail) * weight
        assert len(tail) <= 10


def test_a_record_heavier_than_the_tail_passes_through_it() -> None:
    tail = tail_of(2, size_bytes=200)
    tail.advance([record(3, "x" * 300)])
    assert (len(tail), tail.size_bytes) == (0, 0)
    assert (tail.floor_seq, tail.last_seq) == (3, 3)


@pytest.mark.parametrize("wanted", [[5], [2, 5, 9], [2, 9], [5, 9], []])
def test_at_yields_the_records_of_positions(wanted: list[int]) -> None:
    assert [record.seq for record in tail_of(2, 5, 9).at(wanted)] == wanted


@pytest.mark.parametrize("wanted", [[4], [2, 4], [2, 5, 10]])
def test_at_refuses_a_position_that_is_not_held(wanted: list[int]) -> None:
    with pytest.raises(AssertionError, match=f"no record {wanted[-1]}"):
        list(tail_of(2, 5, 9).at(wanted))


def test_a_feed_that_repeats_itself_is_refused() -> None:
    with pytest.raises(AssertionError, match="repeats"):
        tail_of(2, 3).advance([record(3)])


def test_passed_returns_at_once_when_the_tail_is_there() -> None:
    run(tail_of(2, 3).passed(3))


@scenario
async def test_passed_waits_until_the_tail_is_there() -> None:
    tail = tail_of(2)
    async with asyncio.TaskGroup() as tasks:
        waiting = tasks.create_task(tail.passed(4))
        tail.advance([record(3)])
        await until(lambda: len(asyncio.all_tasks()) == 2)
        assert not waiting.done()
        tail.advance([record(4)])
    assert tail.last_seq == 4


@scenario
async def test_closing_lets_nobody_wait() -> None:
    tail = tail_of(2)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(tail.passed(4))
        await until(lambda: len(asyncio.all_tasks()) == 2)
        tail.close()
    assert tail.closed
