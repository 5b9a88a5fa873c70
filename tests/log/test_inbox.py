from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.kit.jumping import at_every_await, scenario, turns, until
from tests.kit.log import draft
from tidings.core.errors import Busy, LogClosed, StoreUnavailable
from tidings.core.record import Stored
from tidings.log.inbox import Inbox, Part
from tidings.log.limits import LogLimits


def inbox(**limits: Any) -> Inbox:
    return Inbox(LogLimits(**limits))


async def put(box: Inbox, *texts: str, patience_s: float | None = None) -> Part:
    part = Part([draft(text) for text in texts])
    await box.put(part, patience_s)
    return part


def bodies(group: list[Part]) -> list[str]:
    return [each.body.decode() for part in group for each in part.drafts]


@pytest.mark.parametrize(
    ("limits", "groups"),
    [
        ({}, [["a", "a", "bb", "c"]]),
        ({"commit_count": 3}, [["a", "a", "bb"], ["c"]]),
        ({"commit_count": 2}, [["a", "a"], ["bb", "c"]]),
        ({"commit_count": 1}, [["a", "a"], ["bb"], ["c"]]),  # a part is never torn
        ({"commit_bytes": 4}, [["a", "a", "bb"], ["c"]]),
        ({"commit_bytes": 1}, [["a", "a"], ["bb"], ["c"]]),
    ],
)
@scenario
async def test_take_returns_all_that_waits_and_fits_one_commit(
    limits: dict[str, int], groups: list[list[str]]
) -> None:
    box = inbox(**limits)
    await put(box, "a", "a")
    await put(box, "bb")
    await put(box, "c")
    assert [bodies(await box.take()) for _ in groups] == groups
    assert len(box) == 0


@scenario
async def test_take_waits_for_the_first_part() -> None:
    box = inbox()
    async with asyncio.TaskGroup() as tasks:
        taking = tasks.create_task(box.take())
        await turns(3)
        assert not taking.done()
        await put(box, "a")
    assert bodies(taking.result()) == ["a"]


@scenario
async def test_parts_whose_publisher_is_gone_are_not_taken() -> None:
    box = inbox()
    gone = await put(box, "a")
    await put(box, "b")
    gone.answer.cancel()
    assert bodies(await box.take()) == ["b"]


@scenario
async def test_take_waits_on_when_every_publisher_is_gone() -> None:
    box = inbox()
    (await put(box, "a")).answer.cancel()
    async with asyncio.TaskGroup() as tasks:
        taking = tasks.create_task(box.take())
        await until(lambda: len(box) == 0)
        await put(box, "b")
    assert bodies(taking.result()) == ["b"]


@pytest.mark.parametrize("limits", [{"queue_count": 2}, {"queue_bytes": 2}])
@scenario
async def test_a_full_inbox_makes_publishers_wait_and_lets_them_in_as_they_came(
    limits: dict[str, int],
) -> None:
    box = inbox(**limits)
    await put(box, "a", "b")
    async with asyncio.TaskGroup() as tasks:
        waiting = [tasks.create_task(put(box, text)) for text in "cdef"]
        await turns(3)
        assert len(box) == 2
        found = bodies(await box.take())
        await until(lambda: len(box) == 2)
        assert sum(task.done() for task in waiting) == 2
        found += bodies(await box.take())
        await until(lambda: len(box) == 2)
        found += bodies(await box.take())
    assert found == list("abcdef")


@scenario
async def test_a_publisher_who_found_no_room_in_time_is_told() -> None:
    box = inbox(queue_count=1)
    await put(box, "a", patience_s=0)
    with pytest.raises(Busy):
        await put(box, "b", patience_s=5)
    assert bodies(await box.take()) == ["a"]
    assert len(box) == 0


@scenario
async def test_a_put_that_is_cancelled_while_it_waits_queues_nothing() -> None:
    box = inbox(queue_count=1)
    await put(box, "a")
    async with asyncio.TaskGroup() as tasks:
        cancelled = tasks.create_task(put(box, "b"))
        other = tasks.create_task(put(box, "c"))
        await turns(2)
        cancelled.cancel()
        await box.take()
        await other
        assert bodies(await box.take()) == ["c"]


@scenario
async def test_a_cancelled_take_takes_nothing() -> None:
    box = inbox()
    taken: list[str] = []

    async def attempt() -> None:
        await turns()
        taken.extend(bodies(await box.take()))

    async with asyncio.TaskGroup() as tasks:
        trying = tasks.create_task(at_every_await(attempt))
        await turns(20)
        await put(box, "a")
        await trying
    assert taken == ["a"]


@scenario
async def test_a_closed_inbox_gives_what_it_has_and_then_nothing() -> None:
    box = inbox()
    await put(box, "a")
    box.close()
    with pytest.raises(LogClosed):
        await put(box, "b")
    assert bodies(await box.take()) == ["a"]
    assert await box.take() == []


@scenario
async def test_closing_ends_every_wait() -> None:
    box, empty = inbox(queue_count=1), inbox()
    await put(box, "a")
    async with asyncio.TaskGroup() as tasks:
        refused = tasks.create_task(_refused(box))
        taking = tasks.create_task(empty.take())
        await turns(3)
        box.close()
        empty.close()
    assert refused.result()
    assert taking.result() == []


async def _refused(box: Inbox) -> bool:
    try:
        await put(box, "late")
    except LogClosed:
        return True
    return False


@scenario
async def test_abandoned_parts_are_answered() -> None:
    box = inbox()
    part = await put(box, "a", "b")
    box.abandon()
    first, second = await part.answer
    assert isinstance(first, LogClosed)
    assert isinstance(second, LogClosed)
    assert len(box) == 0


@scenario
async def test_a_failure_is_told_as_an_error_of_ones_own() -> None:
    failure = StoreUnavailable("append")
    one, other = Part([draft()]), Part([draft()])
    one.fail(failure)
    other.fail(failure)
    (told,), (told_other,) = await one.answer, await other.answer
    assert isinstance(told, StoreUnavailable)
    assert told is not told_other
    assert told.doing == "append"
    assert told.__cause__ is failure


@scenario
async def test_a_cancelled_publisher_is_not_answered() -> None:
    part = Part([draft()])
    part.answer.cancel()
    part.tell([Stored(2)])
    assert part.answer.cancelled()
