"""Who shares a stream with whom, and what that prints and opens."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.gateway.live.kit import (
    Lines,
    a_bench,
    at_head,
    beat,
    records,
    take,
    text_of,
)
from tests.kit.loop import scenario
from tidings.gateway.live.stream_key import StreamKey
from tidings.v1 import event_service_pb2 as pb


@scenario
async def test_a_lone_reader_goes_on_with_the_stream_it_began_with() -> None:
    async with a_bench() as bench:
        reader = await bench.read(after=3)
        assert bench.last.request.after_seq == 3
        bench.last.say(records(4, 5), beat(5), records(6))
        assert await take(reader) == b"4\n5\n"
        assert await take(reader) == b"h5\n"
        assert await take(reader) == b"6\n"
        assert len(bench.service.calls) == 1
        reader.close()
        assert bench.last.is_cancelled


@scenario
async def test_a_second_reader_joins_at_its_first_heartbeat_and_ends_its_own_stream() -> None:
    async with a_bench() as bench:
        first = await at_head(bench, 5)
        second = await bench.read()
        shared, own = bench.service.calls
        own.say(records(2, 5), beat(5))
        assert await take(second) == b"2\n5\n"
        assert await take(second) == b"h5\n"
        assert own.is_cancelled
        printed = bench.lines.printed
        shared.say(records(6))
        assert await take(first) == b"6\n"
        assert await take(second) == b"6\n"
        assert bench.lines.printed == printed + 1, "printed once for both"
        first.close()
        assert not shared.is_cancelled
        second.close()
        assert shared.is_cancelled


@scenario
async def test_a_joiner_behind_the_live_stream_gets_what_the_live_stream_has_had_since() -> None:
    async with a_bench() as bench:
        first = await at_head(bench, 5)
        shared = bench.last
        second = await bench.read()
        shared.say(records(6), records(7))
        assert await text_of(first, 4) == b"6\n7\n"
        bench.last.say(beat(6))
        assert await take(second) == b"h6\n"
        assert await take(second) == b"7\n"
        first.close()
        second.close()


@scenario
async def test_a_joiner_ahead_of_the_live_stream_gets_nothing_twice() -> None:
    async with a_bench() as bench:
        first = await at_head(bench, 5)
        shared = bench.last
        second = await bench.read()
        bench.last.say(records(6, 7), beat(7))
        assert await take(second) == b"6\n7\n"
        assert await take(second) == b"h7\n"
        shared.say(records(6))
        assert await take(first) == b"6\n"
        shared.say(records(7), records(8), beat(8))
        assert await text_of(second, 5) == b"8\nh8\n"
        assert await text_of(first, 7) == b"7\n8\nh8\n"
        first.close()
        second.close()


@scenario
async def test_another_credential_or_another_print_is_another_stream() -> None:
    async with a_bench() as bench:
        readers = [
            await at_head(bench, 1),
            await at_head(bench, 1, who="a"),
            await at_head(bench, 1, who="b"),
            await at_head(bench, 1, lines=Lines()),
        ]
        assert [call.is_cancelled for call in bench.service.calls] == [False] * 4
        for reader in readers:
            reader.close()


@scenario
async def test_those_who_begin_at_the_same_place_catch_up_on_one_stream_printed_once() -> None:
    async with a_bench() as bench:
        readers = [await bench.read(after=1) for _ in range(3)]
        assert [call.is_cancelled for call in bench.service.calls] == [False, True, True]
        shared = bench.service.calls[0]
        shared.say(records(2, 3), records(4), beat(4))
        chunks = [await text_of(reader, 9) for reader in readers]
        assert chunks == [b"2\n3\n4\nh4\n"] * 3
        assert bench.lines.printed == 3
        shared.say(records(5))
        assert [await take(reader) for reader in readers] == [b"5\n"] * 3
        for reader in readers:
            assert not shared.is_cancelled
            reader.close()
        assert shared.is_cancelled


@scenario
async def test_who_leaves_while_catching_up_takes_nothing_from_the_others() -> None:
    async with a_bench() as bench:
        first, second = await bench.read(after=1), await bench.read(after=1)
        reading = asyncio.ensure_future(take(first))
        await asyncio.wait([reading], timeout=0)
        reading.cancel()
        await asyncio.wait([reading])
        first.close()
        bench.service.calls[0].say(records(2), beat(2))
        assert await text_of(second, 5) == b"2\nh2\n"
        second.close()
        assert bench.service.calls[0].is_cancelled


@scenario
async def test_when_the_quick_one_leaves_at_the_head_the_slow_one_keeps_the_stream() -> None:
    async with a_bench() as bench:
        first, second = await bench.read(after=1), await bench.read(after=1)
        shared = bench.service.calls[0]
        shared.say(records(2), beat(2))
        assert await text_of(first, 5) == b"2\nh2\n"
        first.close()
        assert not shared.is_cancelled
        assert await text_of(second, 5) == b"2\nh2\n"
        shared.say(records(3))
        assert await take(second) == b"3\n"
        second.close()
        assert shared.is_cancelled


LATEST: dict[str, Any] = {"position": pb.START_POSITION_LATEST}


@pytest.mark.parametrize(
    ("start", "other_start", "end_seq", "other_end_seq", "is_shared"),
    [
        (LATEST, LATEST, 5, 5, True),
        (LATEST, LATEST, 5, 6, False),
        ({}, LATEST, 5, 5, True),
        ({"nomad_index": 0}, {"nomad_index": 0}, 5, 5, True),
        ({"nomad_index": 7}, {"after_seq": 5}, 5, 5, True),
        ({"after_seq": 4}, LATEST, 5, 5, False),
        # the one is told of what is gone, the other is not
        ({"after_seq": 0}, {"position": pb.START_POSITION_EARLIEST}, 0, 0, False),
    ],
)
@scenario
async def test_who_begins_at_the_same_position_travels_together_however_he_asked(
    start: dict[str, Any],
    other_start: dict[str, Any],
    end_seq: int,
    other_end_seq: int,
    *,
    is_shared: bool,
) -> None:
    async with a_bench() as bench:
        key = StreamKey(bench.lines, b"", ())
        bench.service.end_seq = end_seq
        one = await bench.hub.read(key, pb.SubscribeRequest(**start))
        bench.service.end_seq = other_end_seq
        other = await bench.hub.read(key, pb.SubscribeRequest(**other_start))
        assert len(bench.service.calls) == 2, "each was checked by the service"
        assert bench.last.is_cancelled is is_shared
        one.close()
        other.close()


@scenario
async def test_a_service_that_does_not_say_where_a_stream_begins_has_none_shared() -> None:
    async with a_bench() as bench:
        bench.service.says_position = False
        readers = [await bench.read(after=1) for _ in range(2)]
        assert not bench.last.is_cancelled
        for reader in readers:
            reader.close()


@scenario
async def test_whose_rights_have_changed_shares_nothing_with_those_who_came_before() -> None:
    async with a_bench() as bench:
        before = await bench.read(after=1)
        bench.service.rights = "fewer"
        after = await bench.read(after=1)
        assert not bench.last.is_cancelled
        before.close()
        after.close()


@scenario
async def test_nothing_new_is_an_empty_answer_at_the_time_asked_for() -> None:
    async with a_bench() as bench:
        reader = await at_head(bench, 5)
        now_s = asyncio.get_running_loop().time()
        assert await reader.take(now_s + 0.05) == b""
        assert asyncio.get_running_loop().time() >= now_s + 0.05
        reader.close()


@scenario
async def test_nothing_new_is_an_empty_answer_while_catching_up_too() -> None:
    async with a_bench() as bench:
        reader = await bench.read()
        now_s = asyncio.get_running_loop().time()
        assert await reader.take(now_s + 0.05) == b""
        bench.last.say(records(2), beat(2))
        assert await text_of(reader, 5) == b"2\nh2\n"
        reader.close()
