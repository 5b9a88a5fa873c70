"""What readers are told of records that are gone or cannot be printed."""

from __future__ import annotations

from tests.gateway.live.kit import (
    Lines,
    a_bench,
    at_head,
    beat,
    begin_take,
    gap,
    records,
    take,
    text_of,
)
from tests.kit.loop import scenario
from tidings.v1 import event_service_pb2 as pb


@scenario
async def test_a_joiner_is_told_of_a_gap_that_the_live_stream_has_had_already() -> None:
    async with a_bench() as bench:
        first = await at_head(bench, 5)
        shared = bench.last
        second = await bench.read()
        own = bench.last
        shared.say(gap(6, 9), records(10))
        assert await text_of(first, 11) == b"gap 6-9\n10\n"
        own.say(beat(5), gap(6, 9), records(10), beat(10))
        assert await text_of(second, 18) == b"h5\ngap 6-9\n10\nh10\n"
        assert own.is_cancelled, "past the gap it has joined"
        shared.say(records(11))
        assert await take(second) == b"11\n"
        first.close()
        second.close()


@scenario
async def test_a_joiner_ahead_of_the_live_stream_is_told_of_a_gap_that_reaches_beyond_it() -> None:
    async with a_bench() as bench:
        first = await at_head(bench, 5)
        shared = bench.last
        second = await bench.read()
        bench.last.say(records(7), beat(7))
        assert await text_of(second, 5) == b"7\nh7\n"
        shared.say(gap(6, 9), records(10))
        reading = await begin_take(second)
        await bench.opened(3)
        assert bench.last.request.after_seq == 7
        bench.last.say(gap(8, 9), records(10), beat(10))
        assert await reading == b"gap 8-9\n"
        assert await text_of(second, 7) == b"10\nh10\n"
        first.close()
        second.close()


@scenario
async def test_a_gap_of_ones_own_does_not_become_that_of_others() -> None:
    async with a_bench() as bench:
        first = await bench.read()
        bench.last.say(gap(2, 9), beat(5))
        assert await text_of(first, 11) == b"gap 2-9\nh5\n"
        second = await at_head(bench, 5)
        bench.service.calls[0].say(records(10))
        assert await take(first) == b"10\n"
        bench.last.say(gap(6, 9), records(10))
        assert await text_of(second, 11) == b"gap 6-9\n10\n"
        first.close()
        second.close()


@scenario
async def test_a_gap_is_printed_logged_and_counted() -> None:
    async with a_bench() as bench:
        reader = await bench.read()
        bench.last.say(gap(2, 9), records(10), beat(10), gap(11, 12), records(13))
        assert [await take(reader) for _ in range(3)] == [b"gap 2-9\n", b"10\n", b"h10\n"]
        assert await text_of(reader, 13) == b"gap 11-12\n13\n"
        reader.close()
        assert 'tidings_http_gaps_total{door="test"} 2.0' in (await bench.metrics.page()).decode()


@scenario
async def test_a_record_that_cannot_be_printed_is_told_as_such_and_ends_nothing() -> None:
    async with a_bench() as bench:
        bench.lines.unfit = {3, 5}
        reader = await bench.read()
        bench.last.say(records(2, 3, 4), beat(4), records(5), records(6))
        wanted = b"2\nno 3\n4\nh4\nno 5\n6\n"
        assert await text_of(reader, len(wanted)) == wanted
        reader.close()
        assert (
            'tidings_http_unprintable_total{door="test"} 2.0'
            in (await bench.metrics.page()).decode()
        )


@scenario
async def test_a_gap_that_cannot_be_printed_ends_the_stream_and_not_the_gateway() -> None:
    class Broken(Lines):
        def gap(self, gap: pb.Gap) -> bytes:
            raise ZeroDivisionError

    async with a_bench() as bench:
        broken = await at_head(bench, 1, lines=Broken())
        well = await at_head(bench, 1)
        bench.service.calls[0].say(gap(2, 3))
        assert await take(broken) is None
        bench.service.calls[1].say(records(2))
        assert await take(well) == b"2\n"
        broken.close()
        well.close()
