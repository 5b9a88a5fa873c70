from __future__ import annotations

import asyncio

import pytest

from tests.kit.clock import ManualClock
from tests.kit.jumping import scenario, until
from tests.kit.log import HeldStore, draft, envelope_of, select, words
from tests.kit.log import seqs as seqs_of
from tidings.core.errors import CursorExpired, PositionAhead
from tidings.log.limits import LogLimits
from tidings.log.pages import Pages
from tidings.log.publisher_priority import PublisherPriority
from tidings.log.tail import Tail
from tidings.store.memory import MemoryStore

MANY = 1_000_000


async def pages_of(
    count: int, *, tail_count: int = 3, priority: PublisherPriority | None = None
) -> tuple[Pages, HeldStore, Tail]:
    """Return pages over so many nomad records, of which a tail has the newest."""
    limits = LogLimits(tail_count=tail_count)
    store = HeldStore(MemoryStore(clock=ManualClock()))
    await store.append([draft("job" if place % 2 else "node") for place in range(count)])
    tail = Tail(limits)
    tail.start_at(1)
    tail.advance(await store.inner.read(1, MANY))
    return Pages(store, tail, envelope_of, limits, priority or PublisherPriority(0)), store, tail


@pytest.mark.parametrize(
    ("after_seq", "found", "position", "reads"),
    [
        (1, [3, 5], 5, 1),  # nodes at 2, 4, ... and jobs at 3, 5, ...
        (4, [5, 7], 8, 1),
        (8, [9, 11], 11, 0),
        (10, [11], 11, 0),
    ],
)
@scenario
async def test_a_page_comes_from_the_tail_or_else_from_the_store(
    after_seq: int, found: list[int], position: int, reads: int
) -> None:
    pages, store, _ = await pages_of(10)
    batch = await pages.read(select(nomad=words("job")), after_seq, {}, 4, MANY)
    assert (seqs_of(batch), batch.position) == (found, position)
    assert store.reads == reads


@pytest.mark.parametrize(("limit", "found"), [(4, [2, 3]), (1, [2]), (5, [2, 3])])
@scenario
async def test_a_page_is_short_while_publishers_are_at_work(limit: int, found: list[int]) -> None:
    priority = PublisherPriority(0.03)
    pages, _, _ = await pages_of(10, priority=priority)
    with priority:
        batch = await pages.read(select(), 1, {}, limit, MANY)
    assert (seqs_of(batch), batch.position) == (found, found[-1])


@scenario
async def test_a_page_without_records_ends_at_the_head() -> None:
    pages, _, _ = await pages_of(10)
    batch = await pages.read(select(puppet=words("job")), 1, {}, 4, MANY)
    assert (seqs_of(batch), batch.position) == ([], 11)


@scenario
async def test_a_page_ends_where_the_tail_did_when_it_was_asked_for() -> None:
    pages, store, tail = await pages_of(4)
    store.may_read.clear()
    async with asyncio.TaskGroup() as tasks:
        reading = tasks.create_task(pages.read(select(), 1, {}, 100, MANY))
        await until(lambda: store.reading == 1)
        await store.append([draft("late")])
        tail.advance(await store.inner.read(5, 1))
        store.may_read.set()
    batch = reading.result()
    assert (seqs_of(batch), batch.position) == ([2, 3, 4, 5], 5)


@scenario
async def test_losses_are_told_from_what_the_reader_knows() -> None:
    pages, store, _ = await pages_of(10)
    await store.inner.trim("nomad", 6)
    for told, first_seq in (({}, 3), ({"consul": 9}, 3), ({"nomad": 4}, 5)):
        with pytest.raises(CursorExpired) as caught:
            await pages.read(select(), 2, told, 100, MANY)
        assert (caught.value.first_seq, caught.value.last_seq) == (first_seq, 6)
    batch = await pages.read(select(), 2, {"nomad": 6}, 100, MANY)
    assert seqs_of(batch) == [7, 8, 9, 10, 11]


@scenario
async def test_a_cancelled_read_gives_its_place_to_the_next() -> None:
    pages, store, _ = await pages_of(10)
    store.may_read.clear()
    async with asyncio.TaskGroup() as tasks:
        reading = [tasks.create_task(pages.read(select(), 1, {}, 100, MANY)) for _ in range(5)]
        await until(lambda: store.reads == 2)
        reading[0].cancel()
        reading[3].cancel()
        await until(lambda: store.reads == 3)
        store.may_read.set()
    done = [task for task in reading if not task.cancelled()]
    assert [len(task.result().picks) for task in done] == [10, 10, 10]


@scenario
async def test_waiting_for_a_position_of_neither_is_refused() -> None:
    pages, _, _ = await pages_of(3)
    await pages.wait_for(4)
    with pytest.raises(PositionAhead) as caught:
        await pages.wait_for(5)
    assert (caught.value.after_seq, caught.value.last_seq) == (5, 4)
