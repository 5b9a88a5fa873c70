from __future__ import annotations

import asyncio

import pytest

from tests.kit.jumping import at_every_await, scenario, turns, until
from tests.kit.log import Rig, drain, running, select, seqs, texts, words
from tidings.core.errors import CursorExpired, LogClosed, PositionAhead, StoreUnavailable
from tidings.log.batch import Batch
from tidings.log.follower import Follower
from tidings.log.limits import LogLimits
from tidings.log.timed_wait import PassOn, TimedWait

SMALL = LogLimits(tail_count=4, group_count=4)
"""Bounds that make a reader who is ten records behind read from the store."""


@scenario
async def test_a_follower_gets_what_comes_after_it_started() -> None:
    async with running() as rig:
        await rig.add("a")
        with rig.log.follow(select(), 2) as follower:
            await rig.add("b", "c")
            batch = await follower.take(60)
            assert (texts(batch), batch.position) == (["b", "c"], 4)
            assert follower.position == 4


@scenario
async def test_a_follower_waits_for_a_match_and_only_for_a_match() -> None:
    async with running() as rig, asyncio.TaskGroup() as tasks:
        with rig.log.follow(select(nomad=words("job")), 1) as follower:
            taking = tasks.create_task(follower.take(60))
            await rig.add("node", "node")
            assert not taking.done()
            await rig.add("job")
            assert seqs(await taking) == [4]


@scenario
async def test_silence_gives_an_empty_batch_with_the_position_reached() -> None:
    async with running() as rig, asyncio.TaskGroup() as tasks:
        with rig.log.follow(select(nomad=words("job")), 1) as follower:
            taking = tasks.create_task(follower.take(30))
            started_s = asyncio.get_running_loop().time()
            await rig.add("node", "node", "node")
            batch = await taking
            assert (seqs(batch), batch.position) == ([], 4)
            assert asyncio.get_running_loop().time() - started_s == pytest.approx(30)
            assert follower.at_head


@scenario
async def test_taking_without_patience_never_waits() -> None:
    async with running() as rig:
        with rig.log.follow(select(), 1) as follower:
            assert not await follower.take(0)
            await rig.add("a")
            assert texts(await follower.take(0)) == ["a"]
            assert not await follower.take(0)
            assert asyncio.get_running_loop().time() == 0


@pytest.mark.parametrize("limits", [SMALL, LogLimits()], ids=["store", "tail"])
@scenario
async def test_a_reader_who_is_behind_catches_up_and_goes_on_live(limits: LogLimits) -> None:
    async with running(limits) as rig:
        old = await rig.add(*["job", "node"] * 20)
        with rig.log.follow(select(nomad=words("job")), 1) as follower:
            assert await drain(follower, limit=3) == old[::2]
            assert follower.position == old[-1]
            (new,) = await rig.add("job")
            assert seqs(await follower.take(60)) == [new]


@scenario
async def test_a_reader_in_the_middle_of_the_tail_needs_no_store() -> None:
    async with running() as rig:
        await rig.add("a", "b", "c")
        with rig.log.follow(select(), 2) as follower:
            assert await drain(follower) == [3, 4]
            assert rig.store.reads == 0


@scenario
async def test_a_batch_is_bounded_by_count_and_by_size() -> None:
    for limits in (SMALL, LogLimits()):
        async with running(limits) as rig:
            await rig.add(*["12345"] * 10)
            with rig.log.follow(select(), 1) as follower:
                assert len((await follower.take(0, limit=3)).picks) == 3
                assert len((await follower.take(0, max_bytes=10)).picks) == 2
                assert len((await follower.take(0, max_bytes=1)).picks) == 1


@scenario
async def test_a_selection_of_old_records_holds_the_places_of_its_events() -> None:
    for limits in (SMALL, LogLimits()):
        async with running(limits) as rig:
            await rig.add("job node job", "job", *["node"] * 10)
            with rig.log.follow(select(nomad=words("job")), 1) as follower:
                batch = await follower.take(0)
                assert [pick.places for pick in batch.picks] == [(0, 2), None]


@scenario
async def test_a_long_search_says_how_far_it_has_come() -> None:
    async with running(SMALL) as rig:
        await rig.add(*["node"] * 100)
        with rig.log.follow(select(nomad=words("job")), 1) as follower:
            batch = await follower.take(0, limit=10)
            assert (seqs(batch), batch.position) == ([], 11)
            assert not follower.at_head
            batch = await follower.take(0, limit=10)
            assert batch.position == 21


@scenario
async def test_a_long_search_ends_when_patience_does() -> None:
    async with running(SMALL) as rig, asyncio.TaskGroup() as tasks:
        await rig.add(*["node"] * 100)
        rig.store.may_read.clear()
        with rig.log.follow(select(nomad=words("job")), 1) as follower:
            taking = tasks.create_task(follower.take(30, limit=10))
            await until(lambda: rig.store.reading == 1)
            rig.clock.at_s += 31
            rig.store.may_read.set()
            assert (await taking).position == 11


@scenario
async def test_a_quiet_reader_skips_what_was_not_for_him_without_reading_it() -> None:
    async with running(SMALL) as rig:
        with rig.log.follow(select(nomad=words("job")), 1) as follower:
            await rig.add(*["node"] * 100)
            await rig.store.inner.trim("nomad", 50)
            assert (await follower.take(0)).position == 101
            assert rig.store.reads == 0


# --- losses -----------------------------------------------------------------------------------


async def gaps(follower: Follower, count: int) -> list[tuple[str, int, int]]:
    found = []
    for _ in range(count):
        with pytest.raises(CursorExpired) as caught:
            await follower.take(0)
        found.append((caught.value.system, caught.value.first_seq, caught.value.last_seq))
    return found


@scenario
async def test_a_trimmed_start_is_told_once_for_each_selected_system() -> None:
    async with running(SMALL) as rig:
        nomad = await rig.add(*["a"] * 10)
        consul = await rig.add(*["b"] * 10, system="consul")
        await rig.add(*["c"] * 10, system="puppet")
        await rig.store.inner.trim("nomad", nomad[4])
        await rig.store.inner.trim("consul", consul[2])
        await rig.store.inner.trim("puppet", 32)
        with rig.log.follow(select(), 3) as follower:
            assert await gaps(follower, 2) == [
                ("consul", 4, consul[2]),
                ("nomad", 4, nomad[4]),
            ]
            assert await drain(follower) == nomad[5:] + consul[3:]


@scenario
async def test_a_trim_before_the_position_is_nobodys_loss() -> None:
    async with running(SMALL) as rig:
        await rig.add(*["a"] * 20)
        await rig.store.inner.trim("nomad", 10)
        with rig.log.follow(select(), 10) as follower:
            assert await drain(follower) == list(range(11, 22))


@scenario
async def test_a_trim_that_overtakes_a_slow_reader_is_told() -> None:
    async with running(SMALL) as rig:
        await rig.add(*["a"] * 40)
        with rig.log.follow(select(), 1) as follower:
            assert seqs(await follower.take(0, limit=5)) == [2, 3, 4, 5, 6]
            await rig.store.inner.trim("nomad", 20)
            assert await gaps(follower, 1) == [("nomad", 7, 20)]
            assert seqs(await follower.take(0, limit=5)) == [21, 22, 23, 24, 25]
            await rig.store.inner.trim("nomad", 30)
            assert await gaps(follower, 1) == [("nomad", 26, 30)]
            assert await drain(follower) == list(range(31, 42))


@scenario
async def test_a_second_trim_before_the_reader_went_on_is_told_from_where_the_first_ended() -> None:
    async with running(SMALL) as rig:
        await rig.add(*["a"] * 40)
        await rig.store.inner.trim("nomad", 10)
        with rig.log.follow(select(), 1) as follower:
            assert await gaps(follower, 1) == [("nomad", 2, 10)]
            await rig.store.inner.trim("nomad", 20)
            assert await gaps(follower, 1) == [("nomad", 11, 20)]
            assert await drain(follower) == list(range(21, 42))


@scenario
async def test_a_trim_while_the_page_is_read_is_told() -> None:
    async with running(SMALL) as rig, asyncio.TaskGroup() as tasks:
        await rig.add(*["a"] * 40)
        rig.store.may_read.clear()
        with rig.log.follow(select(), 1) as follower:
            gap = tasks.create_task(gaps(follower, 1))
            await until(lambda: rig.store.reading == 1)
            await rig.store.inner.trim("nomad", 20)
            rig.store.may_read.set()
            assert await gap == [("nomad", 2, 20)]


@scenario
async def test_what_the_tail_still_holds_is_delivered_although_it_was_trimmed() -> None:
    async with running() as rig:
        await rig.add("a", "b", "c")
        with rig.log.follow(select(), 1) as follower:
            await rig.store.inner.trim("nomad", 3)
            assert await drain(follower) == [2, 3, 4]


# --- the position and the tail ----------------------------------------------------------------


@scenario
async def test_a_reader_ahead_of_the_tail_waits_for_it() -> None:
    async with running() as rig, asyncio.TaskGroup() as tasks:
        rig.store.may_feed.clear()
        await rig.add("a", "b")  # answered after a second without the tail
        assert rig.log.last_seq == 1
        with rig.log.follow(select(), 3) as follower:
            assert not follower.at_head
            taking = tasks.create_task(follower.take(60))
            await turns(5)
            rig.store.may_feed.set()
            (new,) = await rig.add("c")
            assert seqs(await taking) == [new]


@scenario
async def test_a_tail_that_does_not_come_within_two_seconds_ends_the_wait() -> None:
    async with running() as rig:
        rig.store.may_feed.clear()
        await rig.add("a", "b")
        started_s = asyncio.get_running_loop().time()
        with rig.log.follow(select(), 3) as follower:
            with pytest.raises(StoreUnavailable, match="has come to 3, and this node to 1"):
                await follower.take(60)
            assert asyncio.get_running_loop().time() - started_s == pytest.approx(2)
            rig.store.may_feed.set()


@scenario
async def test_a_position_past_the_end_of_the_log_is_refused_at_once() -> None:
    async with running() as rig:
        await rig.add("a")
        with rig.log.follow(select(), 3) as follower:
            with pytest.raises(PositionAhead) as caught:
                await follower.take(60)
            assert (caught.value.after_seq, caught.value.last_seq) == (3, 2)
            assert asyncio.get_running_loop().time() == 0


@scenario
async def test_what_the_tail_has_not_yet_is_not_delivered_from_the_store() -> None:
    async with running(SMALL) as rig:
        await rig.add(*["a"] * 10)
        rig.store.may_feed.clear()
        await rig.add("b")
        with rig.log.follow(select(), 1) as follower:
            assert await drain(follower) == list(range(2, 12))
            rig.store.may_feed.set()
            assert seqs(await follower.take(60)) == [12]


# --- many and slow readers ---------------------------------------------------------------------


@scenario
async def test_readers_of_one_group_at_the_head_share_one_batch() -> None:
    async with running() as rig, asyncio.TaskGroup() as tasks:
        followers = [rig.log.follow(select(nomad=words("job")), 1) for _ in range(50)]
        taking = [tasks.create_task(follower.take(60)) for follower in followers]
        await turns(3)
        await rig.add("node", "job")
        first, *others = [await each for each in taking]
        assert all(other is first for other in others)
        for follower in followers:
            follower.close()
        assert rig.log.group_count == 0


@scenario
async def test_readers_who_are_behind_read_few_pages_at_once() -> None:
    async with running(SMALL) as rig, asyncio.TaskGroup() as tasks:
        await rig.add(*["job"] * 50)
        rig.store.may_read.clear()
        taking = [tasks.create_task(_all_of_it(rig)) for _ in range(10)]
        await until(lambda: rig.store.reading == 2)
        await turns(5)
        rig.store.may_read.set()
        for task in taking:
            assert await task == list(range(2, 52))
        assert rig.store.most_reading == 2


async def _all_of_it(rig: Rig) -> list[int]:
    with rig.log.follow(select(), 1) as follower:
        return await drain(follower, limit=7)


@scenario
async def test_a_reader_who_catches_up_lets_publishers_go_first() -> None:
    async with running() as rig, asyncio.TaskGroup() as tasks:
        await rig.add(*["node"] * 1000)
        with rig.log.follow(select(nomad=words("job")), 1) as follower:
            taking = tasks.create_task(follower.take(60, limit=1))
            for _ in range(5):
                await rig.add("node")
            assert not taking.done()
            assert follower.position < 900  # a thousand pages did not come before five appends
            (job,) = await rig.add("job")
            assert seqs(await taking) == [job]


@scenario
async def test_a_reader_who_never_reads_holds_nothing() -> None:
    limits = LogLimits(tail_count=64, tail_bytes=64 * 1024, group_count=16)
    async with running(limits) as rig:
        with rig.log.follow(select(), 1) as slow, rig.log.follow(select(), 1) as quick:
            for _ in range(20):
                added = await rig.add(*["x" * 1000] * 50)
                assert await drain(quick) == added
            log = rig.log
            assert len(log._tail) <= 64  # noqa: SLF001 - counting is the point
            assert log._tail.size_bytes <= 64 * 1024  # noqa: SLF001
            assert len(slow._group) <= 16  # noqa: SLF001
            assert await drain(slow) == list(range(2, 1002))


# --- cancelling and closing --------------------------------------------------------------------


@pytest.mark.parametrize("limits", [SMALL, LogLimits()], ids=["store", "tail"])
@scenario
async def test_cancelling_at_every_await_neither_loses_nor_repeats(limits: LogLimits) -> None:
    async with running(limits) as rig:
        await rig.add(*["a"] * 30)
        with rig.log.follow(select(), 1) as follower:

            async def attempt() -> list[int]:
                await turns()
                return seqs(await follower.take(60, limit=1))

            found: list[int] = []
            while not follower.at_head:
                for each in await at_every_await(attempt):
                    found += each or []
            assert found == list(range(2, 32))


@scenario
async def test_cancelling_a_wait_at_the_head_loses_nothing() -> None:
    async with running() as rig:
        with rig.log.follow(select(), 1) as follower, rig.log.follow(select(), 1) as other:
            added: list[int] = []
            found: list[int] = []
            for count in range(12):
                async with asyncio.TaskGroup() as tasks:
                    taking = tasks.create_task(follower.take(60))
                    sharing = tasks.create_task(other.take(60))
                    adding = tasks.create_task(rig.add("a"))
                    await turns(count)
                    taking.cancel()
                added += adding.result()
                found += [] if taking.cancelled() else seqs(taking.result())
                assert seqs(sharing.result()) == adding.result()
            found += await drain(follower)
            assert found == added


@scenario
async def test_a_failing_store_is_told_and_the_next_call_goes_on() -> None:
    async with running(SMALL) as rig:
        await rig.add(*["a"] * 10)
        rig.store.read_failures.append(StoreUnavailable("read"))
        with rig.log.follow(select(), 1) as follower:
            with pytest.raises(StoreUnavailable):
                await follower.take(60)
            assert await drain(follower) == list(range(2, 12))


@scenario
async def test_closing_the_log_ends_a_wait() -> None:
    async with running() as rig, asyncio.TaskGroup() as tasks:
        with rig.log.follow(select(), 1) as follower:
            closing = tasks.create_task(_closed(follower))
            await turns(3)
            await rig.log.close()
            assert await closing
            assert await _closed(follower)


async def _closed(follower: Follower) -> bool:
    with pytest.raises(LogClosed):
        await follower.take(60)
    return True


@scenario
async def test_a_closed_follower_leaves_its_group_once() -> None:
    async with running() as rig:
        one, other = rig.log.follow(select(), 1), rig.log.follow(select(), 1)
        one.close()
        one.close()
        assert rig.log.group_count == 1
        other.close()
        assert rig.log.group_count == 0
        with pytest.raises(AssertionError, match="closed"):
            await one.take(0)


class Offered:
    """Takes over what it is offered, as often as it is told to."""

    def __init__(self, times: int) -> None:
        self.left = times
        self.texts: list[list[str]] = []

    def __call__(self, batch: Batch) -> bool:
        if not self.left:
            return False
        self.left -= 1
        self.texts.append(texts(batch))
        return True


@scenario
async def test_what_comes_during_a_take_is_offered_and_costs_the_reader_no_turn(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    waits: list[float] = []
    moves_within = TimedWait.moves_within

    async def counted(wait: TimedWait, patience_s: float, pass_on: PassOn | None = None) -> bool:
        waits.append(patience_s)
        return await moves_within(wait, patience_s, pass_on)

    monkeypatch.setattr(TimedWait, "moves_within", counted)

    async with running() as rig, asyncio.TaskGroup() as tasks:
        with rig.log.follow(select(nomad=words("job")), 1) as follower:
            offered = Offered(3)
            taking = tasks.create_task(follower.take(30, offer=offered))
            await turns(2)
            await rig.add("job", "job 2")
            await rig.add("node")
            await rig.add("job 3")
            await turns(3)
            assert offered.texts == [["job", "job 2"], ["job 3"]]
            assert follower.position == 5
            assert not taking.done()
            batch = await taking  # silence, 30 s after it began: offers do not prolong it
            assert (seqs(batch), batch.position) == ([], 5)
            assert len(waits) == 1
            assert asyncio.get_running_loop().time() == pytest.approx(30)


@scenario
async def test_what_an_offer_does_not_take_is_returned() -> None:
    async with running() as rig, asyncio.TaskGroup() as tasks:
        with rig.log.follow(select(), 1) as follower:
            offered = Offered(1)
            taking = tasks.create_task(follower.take(30, offer=offered))
            await turns(2)
            await rig.add("a")
            await turns(3)
            await rig.add("b")
            assert texts(await taking) == ["b"]
            assert offered.texts == [["a"]]


@scenario
async def test_what_is_too_much_for_one_offer_wakes_the_reader() -> None:
    async with running() as rig, asyncio.TaskGroup() as tasks:
        with rig.log.follow(select(), 1) as follower:
            offered = Offered(1)
            taking = tasks.create_task(follower.take(30, 2, offer=offered))
            await turns(2)
            await rig.add("a", "b", "c")
            assert texts(await taking) == ["c"]
            assert offered.texts == [["a", "b"]]


@scenario
async def test_an_offer_that_fails_fails_the_take() -> None:
    def broken(_: Batch) -> bool:
        raise ValueError("broken")

    async with running() as rig:
        with rig.log.follow(select(), 1) as follower:
            taking = asyncio.ensure_future(follower.take(30, offer=broken))
            await turns(2)
            await rig.add("a")
            with pytest.raises(ValueError, match="broken"):
                await taking
            assert follower.position == 1
