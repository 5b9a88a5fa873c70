"""How streams and their readers end, and that nothing stays open."""

from __future__ import annotations

import asyncio

import grpc
import pytest

from tests.gateway.live.kit import (
    a_bench,
    at_head,
    beat,
    failure,
    records,
    take,
)
from tests.kit.loop import scenario
from tidings.gateway.upstream.failures import Failure


@scenario
async def test_a_refusal_is_the_callers() -> None:
    async with a_bench() as bench:
        bench.service.refuses_with = failure(grpc.StatusCode.PERMISSION_DENIED)
        with pytest.raises(Failure):
            await bench.read()


@scenario
async def test_the_end_of_a_call_ends_its_readers_and_no_others() -> None:
    async with a_bench() as bench:
        one, two, other = [await at_head(bench, 1, who=who) for who in ("a", "a", "b")]
        bench.service.calls[0].say(records(2), failure(grpc.StatusCode.UNAUTHENTICATED))
        for reader in (one, two):
            assert await take(reader) == b"2\n"
            assert await take(reader) is None
            assert reader.failure is not None
            reader.close()
        bench.service.calls[2].say(records(2))
        assert await take(other) == b"2\n"
        again = await at_head(bench, 2, who="a")
        assert len(bench.service.calls) == 4, "nobody joins a stream that has ended"
        again.close()
        other.close()


@scenario
async def test_a_call_that_ends_while_catching_up_ends_its_reader() -> None:
    async with a_bench() as bench:
        broken, ended = await bench.read(), await bench.read(after=1)
        bench.service.calls[0].say(records(2), failure())
        assert await take(broken) == b"2\n"
        assert await take(broken) is None
        assert broken.failure is not None
        bench.service.calls[1].say(None)
        assert await take(ended) is None
        assert ended.failure is None


@scenario
async def test_draining_gives_readers_what_is_there_and_then_the_end() -> None:
    async with a_bench() as bench:
        reader, other = await at_head(bench, 1), await at_head(bench, 1)
        bench.service.calls[0].say(records(2))
        assert await take(other) == b"2\n"
        catching_up = await bench.read()
        bench.hub.drain()
        assert await take(reader) == b"2\n"
        assert await take(reader) is None
        assert await take(catching_up) is None
        late = await bench.read()
        assert await take(late) is None
        assert late.failure is None
        for each in (reader, other, catching_up, late):
            each.close()
        assert all(call.is_cancelled for call in bench.service.calls)


@scenario
async def test_draining_ends_a_reader_that_waits_for_its_own_stream() -> None:
    async with a_bench() as bench:
        reader = await bench.read()
        reading = asyncio.ensure_future(take(reader))
        await asyncio.wait([reading], timeout=0)
        bench.hub.drain()
        assert await reading is None
        assert reader.failure is None
        reader.close()
        assert bench.last.is_cancelled


@pytest.mark.parametrize("turns", range(12))
@scenario
async def test_cancelling_a_reader_at_any_await_leaves_nothing_open(turns: int) -> None:
    async with a_bench() as bench:

        async def read() -> None:
            reader = await bench.read()
            try:
                while await take(reader) is not None:
                    pass
            finally:
                reader.close()

        async with asyncio.TaskGroup() as tasks:
            reading = tasks.create_task(read())
            for turn in range(turns):
                await asyncio.wait([reading], timeout=0)
                if bench.service.calls:
                    bench.last.say(records(turn + 2) if turn % 2 else beat(turn + 1))
            reading.cancel()
        assert all(call.is_cancelled for call in bench.service.calls)
        assert bench.hub.stream_bytes == 2**20, "no stream is left"
