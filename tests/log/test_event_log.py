from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.kit.clock import ManualClock
from tests.kit.jumping import at_every_await, scenario, turns, until
from tests.kit.log import HeldStore, draft, drain, envelope_of, running, select, texts, words
from tidings.core.errors import Busy, KeyReused, LogClosed, SeqConflict, StoreUnavailable
from tidings.core.record import Record, Stored
from tidings.log.event_log import EventLog
from tidings.log.limits import LogLimits
from tidings.store.memory import MemoryStore


class Newest:
    """Keeps the newest three texts of its system."""

    depth = 3

    def __init__(self) -> None:
        self.texts: list[str] = []

    def apply(self, record: Record) -> None:
        self.texts.append(record.body.decode())
        del self.texts[: -self.depth]


def log_over(store: Any, **options: Any) -> EventLog:
    return EventLog(store, clock=ManualClock(), envelope_of=envelope_of, **options)


# --- append ------------------------------------------------------------------------------------


@scenario
async def test_append_returns_the_position_once_readers_can_see_it() -> None:
    async with running() as rig:
        assert await rig.log.append(draft("a")) == Stored(2)
        assert rig.log.last_seq == 2
        assert await rig.log.append(draft("b")) == Stored(3)
        with rig.log.follow(select(), 1) as follower:
            assert texts(await follower.take(0)) == ["a", "b"]


@scenario
async def test_append_raises_what_became_of_the_draft() -> None:
    async with running() as rig:
        await rig.log.append(draft("a", key="k", digest=b"1"))
        assert await rig.log.append(draft("a", key="k", digest=b"1")) == Stored(2, duplicate=True)
        with pytest.raises(KeyReused):
            await rig.log.append(draft("b", key="k", digest=b"2"))
        with pytest.raises(SeqConflict):
            await rig.log.append(draft("c", expect_last_seq=1))
        rig.store.failures.append(StoreUnavailable("append"))
        with pytest.raises(StoreUnavailable):
            await rig.log.append(draft("d"))
        assert await rig.log.append(draft("e")) == Stored(3)


@scenario
async def test_append_many_answers_each_draft_in_its_place() -> None:
    async with running() as rig:
        first, conflict, second = await rig.log.append_many(
            [draft("a"), draft("b", expect_last_seq=77), draft("c")]
        )
        assert (first, second) == (Stored(2), Stored(3))
        assert isinstance(conflict, SeqConflict)
        assert rig.store.groups == [3]


@scenario
async def test_a_publisher_without_room_in_time_is_told_that_the_log_is_busy() -> None:
    async with running(LogLimits(queue_count=1)) as rig, asyncio.TaskGroup() as tasks:
        rig.store.may_append.clear()
        tasks.create_task(rig.log.append(draft("a")))
        await until(lambda: rig.store.groups == [1])
        tasks.create_task(rig.log.append(draft("b")))
        await until(lambda: rig.log.queued_count == 1)
        with pytest.raises(Busy):
            await rig.log.append(draft("c"), patience_s=3)
        rig.store.may_append.set()


@scenario
async def test_append_waits_for_a_slow_tail_a_second_and_no_longer() -> None:
    async with running() as rig:
        rig.store.may_feed.clear()
        assert await rig.log.append(draft("a")) == Stored(2)
        assert asyncio.get_running_loop().time() == pytest.approx(1)
        rig.store.may_feed.set()


@scenario
async def test_append_waits_until_the_tail_has_passed_it() -> None:
    async with running() as rig, asyncio.TaskGroup() as tasks:
        rig.store.may_feed.clear()
        appending = tasks.create_task(rig.log.append(draft("a")))
        await until(lambda: rig.store.groups == [1])
        await turns(5)
        assert not appending.done()
        rig.store.may_feed.set()
        assert await appending == Stored(2)
        assert rig.log.last_seq == 2


@scenario
async def test_cancelling_append_at_every_await_stores_the_draft_once_or_not_at_all() -> None:
    async with running() as rig:
        numbers = iter(range(1000))

        async def attempt() -> str:
            text = f"n{next(numbers)}"
            await rig.log.append(draft(text))
            return text

        acknowledged = [text for text in await at_every_await(attempt) if text]
        await rig.log.append(draft("last"))
        found = [each.body.decode() for each in await rig.log.read(1, 1000)]
        assert len(set(found)) == len(found)
        assert set(acknowledged) <= set(found)
        with rig.log.follow(select(), 1) as follower:
            assert texts(await follower.take(0)) == found


# --- the store's own answers -------------------------------------------------------------------


@scenario
async def test_the_log_answers_what_the_store_knows() -> None:
    async with running() as rig:
        log, store = rig.log, rig.store.inner
        await log.append(draft("a", key="k", digest=b"1"))
        rig.clock.at_s += 1
        await log.append(draft("b", "consul"))
        assert log.log_id == store.log_id
        assert log.state is store.state
        assert [each.seq for each in await log.read(1, 9, systems={"consul"})] == [3]
        assert [each.seq for each in await log.read(1, 9, subject="nomad")] == [2]
        assert [each.seq for each in await log.read(1, 9, max_bytes=1)] == [2]
        assert [each.seq for each in await log.read_last("consul", 5)] == [3]
        assert await log.seek(None, rig.clock.now_us()) == 3
        assert await log.bounds() == await store.bounds()
        assert await log.bounds("consul") == await store.bounds("consul")
        assert await log.find_keys("nomad", ["k", "l"]) == {"k": (2, b"1")}


# --- open and projections ----------------------------------------------------------------------


@scenario
async def test_an_opened_log_starts_at_the_stores_end() -> None:
    store = MemoryStore(clock=ManualClock())
    await store.append([draft(text) for text in "abc"])
    async with running(store=store) as rig:
        assert rig.log.last_seq == 4
        await rig.add("d")
        with rig.log.follow(select(), 1) as follower:
            assert await drain(follower) == [2, 3, 4, 5]


@scenario
async def test_projections_are_filled_on_opening_and_go_on_with_every_record() -> None:
    store = MemoryStore(clock=ManualClock())
    await store.append([draft(text) for text in "abcd"])
    await store.append([draft(text, "consul") for text in "xyz"])
    nomad, consul = Newest(), Newest()
    async with running(store=store, projections={"nomad": nomad, "consul": consul}) as rig:
        assert (nomad.texts, consul.texts) == (["b", "c", "d"], ["x", "y", "z"])
        await rig.add("e")
        await rig.add("?", system="puppet")
        assert (nomad.texts, consul.texts) == (["c", "d", "e"], ["x", "y", "z"])


@scenario
async def test_what_is_committed_while_a_projection_is_filled_is_applied_once() -> None:
    class Racing(HeldStore):
        """Another node writes between the two questions of `open`."""

        async def nth_last(self, system: str, count: int) -> int:
            await self.inner.append([draft("b")])
            return await self.inner.nth_last(system, count)

    store = Racing(MemoryStore(clock=ManualClock()))
    await store.inner.append([draft("a")])
    newest = Newest()
    log = log_over(store, projections={"nomad": newest})
    await log.open()
    assert newest.texts == ["a"]
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(log.run())
        await until(lambda: log.last_seq == 3)
        assert newest.texts == ["a", "b"]
        await log.close()


@scenario
async def test_a_projection_knows_a_record_before_its_readers_do() -> None:
    newest = Newest()
    async with running(projections={"nomad": newest}) as rig, asyncio.TaskGroup() as tasks:
        seen: list[list[str]] = []

        async def reading() -> None:
            with rig.log.follow(select(), 1) as follower:
                await follower.take(60)
                seen.append(list(newest.texts))

        tasks.create_task(reading())
        await turns(3)
        await rig.store.inner.append([draft("a")])
        await until(lambda: bool(seen))
        assert seen == [["a"]]


# --- the feed ----------------------------------------------------------------------------------


@scenario
async def test_a_broken_feed_goes_on_where_it_was_and_waits_longer_each_time() -> None:
    pauses: list[float] = []

    async def sleep(pause_s: float) -> None:
        pauses.append(pause_s)
        await turns()

    async with running(sleep=sleep) as rig:
        await rig.add("a")
        rig.store.feed_failures += [StoreUnavailable("feed") for _ in range(8)]
        await rig.add("b", "c")
        with rig.log.follow(select(), 1) as follower:
            assert texts(await follower.take(0)) == ["a", "b", "c"]
        longest = [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0]
        shares = [pause / whole for pause, whole in zip(pauses, longest, strict=True)]
        assert all(0.5 <= share <= 1 for share in shares), pauses
        assert len(set(shares)) > 1, "nodes that fell together would come back together"
        assert rig.store.feeds == [1, *[2] * 8]
        rig.store.feed_failures.append(StoreUnavailable("feed"))
        await rig.add("d")
        assert [0.05 <= pause <= 0.1 for pause in pauses[8:]] == [True]  # it had worked


@scenario
async def test_a_feed_that_ends_without_a_word_is_opened_again() -> None:
    async with running() as rig:
        rig.store.feed_ends = 3
        assert await rig.add("a", "b") == [2, 3]
        await until(lambda: rig.log.last_seq == 3)
        assert rig.store.feeds == [1, 1, 1, 1]


@scenario
async def test_an_unforeseen_error_of_the_feed_ends_the_run_and_closes_the_log() -> None:
    store = HeldStore(MemoryStore(clock=ManualClock()))
    log = log_over(store)
    await log.open()
    store.feed_failures.append(ZeroDivisionError())
    await store.inner.append([draft("a")])
    with pytest.raises(ExceptionGroup) as caught:
        await log.run()
    assert caught.group_contains(ZeroDivisionError)
    with pytest.raises(LogClosed):
        await log.append(draft("b"))
    await log.close()


@scenario
async def test_a_store_that_is_closed_under_it_closes_the_log() -> None:
    store = MemoryStore(clock=ManualClock())
    log = log_over(store)
    await log.open()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(log.run())
        await turns(5)
        await store.close()
    with pytest.raises(LogClosed):
        log.follow(select(), 1)


# --- close -------------------------------------------------------------------------------------


@scenario
async def test_closing_commits_what_is_queued_and_refuses_what_comes() -> None:
    async with running() as rig, asyncio.TaskGroup() as tasks:
        rig.store.may_append.clear()
        first = tasks.create_task(rig.log.append(draft("a")))
        await until(lambda: rig.store.groups == [1])
        queued = tasks.create_task(rig.log.append(draft("b")))
        await until(lambda: rig.log.queued_count == 1)
        closing = tasks.create_task(rig.log.close())
        await turns(5)
        assert not closing.done()
        with pytest.raises(LogClosed):
            await rig.log.append(draft("c"))
        with pytest.raises(LogClosed):
            rig.log.follow(select(), 1)
        rig.store.may_append.set()
        assert (await first, await queued) == (Stored(2), Stored(3))
        await closing
        assert [each.seq for each in await rig.store.inner.read(1, 9)] == [2, 3]


@scenario
async def test_a_second_close_waits_for_the_same_end() -> None:
    async with running() as rig:
        await asyncio.gather(rig.log.close(), rig.log.close())
        await rig.log.close()
        with pytest.raises(LogClosed):
            await rig.log.append(draft("a"))


@scenario
async def test_closing_a_log_that_never_ran_answers_its_publishers() -> None:
    log = log_over(MemoryStore(clock=ManualClock()))
    await log.open()
    async with asyncio.TaskGroup() as tasks:
        appending = tasks.create_task(log.append_many([draft("a")]))
        await until(lambda: log.queued_count == 1)
        await log.close()
        (outcome,) = await appending
        assert isinstance(outcome, LogClosed)
    await log.run()


@scenario
async def test_a_cancelled_run_leaves_nobody_waiting() -> None:
    store = HeldStore(MemoryStore(clock=ManualClock()))
    log = log_over(store)
    await log.open()
    store.may_append.clear()
    async with asyncio.TaskGroup() as tasks:
        living = tasks.create_task(log.run())
        appending = tasks.create_task(log.append_many([draft("a")]))
        await until(lambda: store.groups == [1])
        with log.follow(select(nomad=words("b")), 1) as follower:
            taking = tasks.create_task(_ended(follower.take(60)))
            await turns(3)
            living.cancel()
            assert await taking
        await log.close()
    (outcome,) = appending.result()
    assert isinstance(outcome, StoreUnavailable)


async def _ended(taking: Any) -> bool:
    with pytest.raises(LogClosed):
        await taking
    return True


@scenario
async def test_a_log_reopened_over_its_store_goes_on() -> None:
    store = MemoryStore(clock=ManualClock())
    async with running(store=store) as rig:
        await rig.add("a", "b")
        with rig.log.follow(select(), 1) as follower:
            position = (await follower.take(0, limit=1)).position
    async with running(store=store) as rig:
        await rig.add("c")
        with rig.log.follow(select(), position) as follower:
            assert await drain(follower) == [3, 4]
