from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from tests.kit.clock import ManualClock
from tests.kit.jumping import at_every_await, scenario, turns, until
from tests.kit.log import HeldStore, draft
from tidings.core.errors import Busy, KeyReused, LogClosed, SeqConflict, StoreUnavailable
from tidings.core.record import Record, Stored
from tidings.log.limits import LogLimits
from tidings.log.writer import Writer
from tidings.store.memory import MemoryStore


@asynccontextmanager
async def writing(**limits: Any) -> AsyncIterator[tuple[Writer, HeldStore]]:
    store = HeldStore(MemoryStore(clock=ManualClock()))
    writer = Writer(store, LogLimits(**limits))
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(writer.run())
        try:
            yield writer, store
        finally:
            writer.close()


async def stored(store: HeldStore) -> list[str]:
    records: list[Record] = await store.inner.read(1, 10_000)
    return [record.body.decode() for record in records]


@scenario
async def test_a_lone_draft_is_committed_at_once() -> None:
    async with writing() as (writer, store):
        started_s = asyncio.get_running_loop().time()
        assert await writer.append([draft("a")]) == [Stored(2)]
        assert await writer.append([draft("b")]) == [Stored(3)]
        assert asyncio.get_running_loop().time() == started_s
        assert store.groups == [1, 1]


@scenario
async def test_what_comes_during_a_commit_shares_the_next_one() -> None:
    async with writing() as (writer, store), asyncio.TaskGroup() as tasks:
        store.may_append.clear()
        first = tasks.create_task(writer.append([draft("a")]))
        await until(lambda: store.groups == [1])
        others = [tasks.create_task(writer.append([draft(text)])) for text in "bcde"]
        await until(lambda: writer.queued_count == 4)
        store.may_append.set()
        assert await first == [Stored(2)]
        assert [await other for other in others] == [[Stored(seq)] for seq in (3, 4, 5, 6)]
        assert store.groups == [1, 4]


@scenario
async def test_a_group_holds_no_more_drafts_than_it_may() -> None:
    async with writing(commit_count=3) as (writer, store):
        outcomes = await writer.append([draft(text) for text in "abcdefgh"])
        assert outcomes == [Stored(seq) for seq in range(2, 10)]
        assert store.groups == [3, 3, 2]


@scenario
async def test_a_group_weighs_no_more_than_it_may_but_one_larger_draft_passes() -> None:
    async with writing(commit_bytes=4) as (writer, store):
        outcomes = await writer.append([draft(text) for text in ("aa", "bb", "c", "12345")])
        assert outcomes == [Stored(seq) for seq in (2, 3, 4, 5)]
        assert store.groups == [2, 1, 1]


@scenario
async def test_no_drafts_have_no_outcomes() -> None:
    async with writing() as (writer, store):
        assert await writer.append([]) == []
        assert store.groups == []


@scenario
async def test_each_draft_has_its_own_outcome() -> None:
    async with writing() as (writer, _):
        drafts = [
            draft("a", key="k", digest=b"1"),
            draft("a", key="k", digest=b"1"),
            draft("b", key="k", digest=b"2"),
            draft("c", expect_last_seq=9),
            draft("d"),
        ]
        first, again, reused, conflict, last = await writer.append(drafts)
        assert (first, again) == (Stored(2), Stored(2, duplicate=True))
        assert isinstance(reused, KeyReused)
        assert isinstance(conflict, SeqConflict)
        assert last == Stored(3)


@scenario
async def test_a_cancelled_publisher_takes_no_one_elses_answer_along() -> None:
    async with writing() as (writer, store), asyncio.TaskGroup() as tasks:
        store.may_append.clear()
        publishers = [tasks.create_task(writer.append([draft(text)])) for text in "abc"]
        await until(lambda: store.groups == [3])
        publishers[1].cancel()
        await turns(2)
        store.may_append.set()
        assert await publishers[0] == [Stored(2)]
        assert await publishers[2] == [Stored(4)]
        assert await stored(store) == ["a", "b", "c"]  # its commit had begun


@scenario
async def test_a_draft_whose_publisher_left_the_queue_is_not_stored() -> None:
    async with writing() as (writer, store), asyncio.TaskGroup() as tasks:
        store.may_append.clear()
        tasks.create_task(writer.append([draft("a")]))
        await until(lambda: store.groups == [1])
        gone = tasks.create_task(writer.append([draft("b")]))
        await until(lambda: writer.queued_count == 1)
        gone.cancel()
        store.may_append.set()
        assert await writer.append([draft("c")]) == [Stored(3)]
        assert await stored(store) == ["a", "c"]


@scenario
async def test_a_publisher_who_leaves_takes_all_his_queued_drafts_along() -> None:
    async with writing(commit_count=1) as (writer, store), asyncio.TaskGroup() as tasks:
        store.may_append.clear()
        gone = tasks.create_task(writer.append([draft(text) for text in "abc"]))
        await until(lambda: store.groups == [1] and writer.queued_count == 2)
        gone.cancel()
        await turns(2)
        store.may_append.set()
        assert await writer.append([draft("d")]) == [Stored(3)]
        assert await stored(store) == ["a", "d"]


@scenario
async def test_cancelling_at_every_await_stores_a_draft_once_or_not_at_all() -> None:
    async with writing() as (writer, store):
        count = 0

        async def attempt() -> int:
            nonlocal count
            count += 1
            mine = count
            await writer.append([draft(f"{mine}")])
            return mine

        acknowledged = {number for number in await at_every_await(attempt) if number}
        await writer.append([draft("last")])
        found = await stored(store)
        assert len(set(found)) == len(found)
        assert {str(number) for number in acknowledged} <= set(found)


@scenario
async def test_a_failing_store_fails_its_group_and_the_writer_lives_on() -> None:
    async with writing() as (writer, store), asyncio.TaskGroup() as tasks:
        store.failures.append(StoreUnavailable("append"))
        store.may_append.clear()
        publishers = [tasks.create_task(writer.append([draft(text)])) for text in "ab"]
        await until(lambda: store.groups == [2])
        store.may_append.set()
        for publisher in publishers:
            (outcome,) = await publisher
            assert isinstance(outcome, StoreUnavailable)
        assert await writer.append([draft("c")]) == [Stored(2)]


@scenario
async def test_a_store_that_fails_once_fails_one_group_of_many_drafts() -> None:
    async with writing(commit_count=1) as (writer, store):
        store.failures.append(StoreUnavailable("append"))
        first, second = await writer.append([draft("a"), draft("b")])
        assert isinstance(first, StoreUnavailable)
        assert second == Stored(2)


@scenario
async def test_without_room_in_time_the_rest_of_the_drafts_is_refused() -> None:
    limits = {"commit_count": 1, "queue_count": 1}
    async with writing(**limits) as (writer, store), asyncio.TaskGroup() as tasks:
        store.may_append.clear()
        tasks.create_task(writer.append([draft("a")]))
        await until(lambda: store.groups == [1])
        refused = tasks.create_task(writer.append([draft(t) for t in "bcd"], patience_s=1))
        now = asyncio.get_running_loop()
        await until_time(now.time() + 2)
        store.may_append.set()
        first, second, third = await refused
        assert first == Stored(3)
        assert isinstance(second, Busy)
        assert isinstance(third, Busy)
        assert await stored(store) == ["a", "b"]


async def until_time(at_s: float) -> None:
    """Let the loop's time jump there."""
    try:
        async with asyncio.timeout_at(at_s):
            await asyncio.Event().wait()
    except TimeoutError:
        assert asyncio.get_running_loop().time() >= at_s


@scenario
async def test_closing_commits_what_is_queued_and_refuses_what_comes() -> None:
    async with writing() as (writer, store), asyncio.TaskGroup() as tasks:
        store.may_append.clear()
        tasks.create_task(writer.append([draft("a")]))
        await until(lambda: store.groups == [1])
        queued = tasks.create_task(writer.append([draft("b")]))
        await until(lambda: writer.queued_count == 1)
        writer.close()
        (late,) = await writer.append([draft("c")])
        assert isinstance(late, LogClosed)
        store.may_append.set()
        assert await queued == [Stored(3)]


@scenario
async def test_a_closed_store_answers_so() -> None:
    async with writing() as (writer, store):
        await store.inner.close()
        (outcome,) = await writer.append([draft("a")])
        assert isinstance(outcome, LogClosed)


@scenario
async def test_a_cancelled_writer_answers_everybody() -> None:
    store = HeldStore(MemoryStore(clock=ManualClock()))
    writer = Writer(store, LogLimits())
    store.may_append.clear()
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(writer.run())
        committing = tasks.create_task(writer.append([draft("a")]))
        await until(lambda: store.groups == [1])
        queued = tasks.create_task(writer.append([draft("b")]))
        await until(lambda: writer.queued_count == 1)
        running.cancel()
    (unknown,), (refused,) = committing.result(), queued.result()
    assert isinstance(unknown, StoreUnavailable)  # its commit may go through
    assert isinstance(refused, LogClosed)


@scenario
async def test_an_unforeseen_error_ends_the_writer_and_answers_everybody() -> None:
    store = HeldStore(MemoryStore(clock=ManualClock()))
    writer = Writer(store, LogLimits())
    store.failures.append(ZeroDivisionError())
    async with asyncio.TaskGroup() as tasks:
        publishing = tasks.create_task(writer.append([draft("a")]))
        await turns(2)
        with pytest.raises(ZeroDivisionError):
            await writer.run()
    (outcome,) = publishing.result()
    assert isinstance(outcome, StoreUnavailable)
    (late,) = await writer.append([draft("b")])
    assert isinstance(late, LogClosed)
