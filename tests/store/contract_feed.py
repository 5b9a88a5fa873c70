"""The feed of committed records, and what closing ends. Part of the contract."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

import pytest

from tests.kit.loop import scenario
from tests.store.places import Place, append, draft, feed_of, opened, seqs, texts, turn
from tidings.core.errors import LogClosed
from tidings.store.base import TRIM_MARKS


class FeedContract:
    @scenario
    async def test_feed_yields_what_is_there_and_what_comes(self, place: Place) -> None:
        async with opened(place) as store, feed_of(store, 0) as feed:
            await append(store, draft("a", "nomad"), draft("b", "puppet.1"))
            first = await feed.take(2)
            async with asyncio.TaskGroup() as group:
                taken = group.create_task(feed.take(3))
                for text in ("c", "d", "e"):
                    await append(store, draft(text, "consul"))
            assert texts(first + taken.result()) == ["a", "b", "c", "d", "e"]
            assert first + taken.result() == await store.read(0, 9)

    @scenario
    async def test_feed_starts_past_a_position_and_goes_on_after_a_restart(
        self, place: Place
    ) -> None:
        async with opened(place) as store:
            given = await append(store, *(draft(f"{n}") for n in range(9)))
            async with feed_of(store, given[2]) as feed:
                assert texts(await feed.take(3)) == ["3", "4", "5"]
        async with opened(place) as store, feed_of(store, given[5]) as feed:
            assert texts(await feed.take(2)) == ["6", "7"]
            await append(store, draft("9"))
            assert texts(await feed.take(2)) == ["8", "9"]

    @scenario
    async def test_feed_neither_skips_nor_repeats_while_many_append(self, place: Place) -> None:
        async with opened(place) as store:
            old = await append(store, *(draft() for _ in range(1500)))

            async def publish(name: int) -> list[int]:
                groups = [[draft(f"{name}.{n}") for _ in range(3)] for n in range(40)]
                return [seq for group in groups for seq in await append(store, *group)]

            async with AsyncExitStack() as stack, asyncio.TaskGroup() as group:
                feed = await stack.enter_async_context(feed_of(store, old[99]))
                publishers = [group.create_task(publish(name)) for name in range(4)]
                taken = await feed.take(1400 + 4 * 120)
            given = sorted(seq for publisher in publishers for seq in publisher.result())
            assert seqs(taken) == old[100:] + given

    @scenario
    async def test_feed_passes_over_what_is_trimmed(self, place: Place) -> None:
        async with opened(place) as store:
            given = await append(store, *(draft(f"{n}") for n in range(5)))
            await store.trim("nomad", given[1])
            async with feed_of(store, 0) as feed:
                assert texts(await feed.take(3)) == ["2", "3", "4"]

    @scenario
    async def test_new_feed_may_follow_a_closed_one(self, place: Place) -> None:
        async with opened(place) as store:
            for n in range(3):
                (seq,) = await append(store, draft(f"{n}"))
                async with feed_of(store, seq - 1) as feed:
                    assert texts(await feed.take(1)) == [f"{n}"]


class CloseContract:
    @scenario
    async def test_closed_store_refuses_everything(self, place: Place) -> None:
        async with opened(place) as store:
            await append(store, draft())
            await store.state.list(TRIM_MARKS)  # a store may remember them
        await store.close()
        for late in (
            store.append([draft()]),
            store.read(0, 1),
            store.read_before(9, 1),
            store.read_last("nomad", 1),
            store.nth_last("nomad", 1),
            store.find_keys("nomad", ["k"]),
            store.seek(None, 0),
            store.bounds(),
            store.end_seq(),
            store.size_bytes(),
            store.trim("nomad", 2),
            store.state.get("a"),
            store.state.put("a", b""),
            store.state.delete("a"),
            store.state.list(""),
            store.state.list(TRIM_MARKS),
            anext(aiter(store.committed(0))),
            anext(aiter(store.state.watch(""))),
        ):
            with pytest.raises(LogClosed):
                await late

    @scenario
    async def test_closing_ends_who_waits(self, place: Place) -> None:
        async with opened(place) as store, feed_of(store, 0) as feed:
            async with asyncio.TaskGroup() as group:
                watch = store.state.watch("")
                waiting = [
                    group.create_task(_closed(feed.take(1))),
                    group.create_task(_closed(anext(watch))),
                ]
                await turn()  # both have begun by now
                await store.bounds()
                await store.close()
            assert [task.result() for task in waiting] == [True, True]


async def _closed(waiting: object) -> bool:
    with pytest.raises(LogClosed):
        await waiting  # type: ignore[misc]  # any awaitable
    return True
