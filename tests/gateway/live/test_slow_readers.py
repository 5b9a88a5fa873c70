"""What readers cost that are slow or dead: bounded memory, and nobody else anything."""

from __future__ import annotations

import asyncio

import pytest

from tests.gateway.live.kit import (
    FAR_S,
    Client,
    Lines,
    a_bench,
    at_head,
    beat,
    begin_take,
    failure,
    records,
    settle,
    take,
    text_of,
)
from tests.kit.loop import scenario
from tidings.gateway.live import stream as live_stream
from tidings.gateway.live.stream_key import StreamKey
from tidings.gateway.live.waiter import Waiter
from tidings.v1 import event_service_pb2 as pb


@scenario
async def test_a_reader_slower_than_the_tail_reads_on_from_the_log() -> None:
    width = 10_000
    async with a_bench(tail_bytes=16 * 1024, width=width) as bench:
        quick, slow = await at_head(bench, 1), await at_head(bench, 1)
        shared = bench.service.calls[0]
        for seq in range(2, 12):
            shared.say(records(seq))
            chunk = await take(quick)
            assert chunk is not None
            assert chunk.startswith(b"%d." % seq)
        reading = await begin_take(slow)
        await bench.opened(3)
        own = bench.last
        assert (own.request.after_seq, own.request.log_id) == (1, "log")
        assert own.request.payload_format == pb.PAYLOAD_FORMAT_JSON
        own.say(records(*range(2, 12)), beat(11))
        chunk = await reading
        assert chunk is not None
        assert chunk.count(b"\n") == 10
        assert await take(slow) == b"h11\n"
        assert own.is_cancelled, "it has joined again"
        shared.say(records(12))
        for reader in (quick, slow):
            assert (await take(reader) or b"").startswith(b"12.")
            reader.close()
        assert 'fallen_back_total{door="test"} 1.0' in (await bench.metrics.page()).decode()


@scenario
async def test_who_falls_behind_goes_back_to_where_the_quiet_stream_had_come() -> None:
    class Quiet(Lines):
        def heartbeat(self, heartbeat: pb.Heartbeat) -> bytes:
            return b""

    async with a_bench(tail_bytes=16 * 1024) as bench:
        lines = Quiet(10_000)
        quick, slow = await bench.read(lines=lines), await bench.read(lines=lines)
        shared, own = bench.service.calls
        shared.say(beat(1), beat(500))
        own.say(beat(1))
        now_s = asyncio.get_running_loop().time()
        await quick.begin(now_s + FAR_S)
        for _ in range(2):
            assert [await quick.take(now_s), await slow.take(now_s)] == [b"", b""]
            await settle()
        for seq in range(501, 511):
            shared.say(records(seq))
            assert await take(quick)
        reading = await begin_take(slow)
        await bench.opened(3)
        assert bench.last.request.after_seq == 500
        bench.last.say(records(501))
        assert await reading
        quick.close()
        slow.close()


@scenario
async def test_who_falls_behind_those_who_catch_up_reads_on_from_the_log() -> None:
    async with a_bench(tail_bytes=16 * 1024, width=10_000) as bench:
        quick, slow, late = [await bench.read(after=1) for _ in range(3)]
        shared = bench.service.calls[0]
        shared.say(*(records(seq) for seq in range(2, 40)))
        assert await take(slow) == await take(quick)
        for _ in range(3, 40):
            assert await take(quick)
        for number, reader, position in ((4, slow, 2), (5, late, 1)):
            reading = await begin_take(reader)
            await bench.opened(number)
            assert bench.last.request.after_seq == position
            bench.last.say(records(position + 1))
            assert (await reading or b"").startswith(b"%d." % (position + 1))
        for reader in (quick, slow, late):
            reader.close()


@scenario
async def test_who_wanted_what_is_new_and_has_nothing_yet_goes_back_to_where_he_began() -> None:
    async with a_bench(tail_bytes=16 * 1024, width=10_000) as bench:
        key = StreamKey(bench.lines, b"", ())
        bench.service.end_seq = 7
        latest = pb.SubscribeRequest(position=pb.START_POSITION_LATEST)
        quick, slow = [await bench.hub.read(key, latest) for _ in range(2)]
        for seq in range(8, 12):
            bench.service.calls[0].say(records(seq))
            assert await take(quick)
        bench.service.end_seq = 11
        reading = await begin_take(slow)
        await bench.opened(3)
        assert bench.last.request.WhichOneof("start") == "after_seq"
        assert bench.last.request.after_seq == 7
        bench.last.say(records(8))
        assert (await reading or b"").startswith(b"8.")
        for reader in (quick, slow):
            reader.close()


@scenario
async def test_nothing_is_kept_for_a_single_reader_that_nobody_can_join() -> None:
    async with a_bench(tail_bytes=16 * 1024, width=10_000) as bench:
        key = StreamKey(bench.lines, b"", ())
        stream, _ = await bench.hub.open(key, pb.SubscribeRequest(after_seq=1))
        waiter, sizes = Waiter(), []
        for seq in range(2, 6):
            bench.last.say(records(seq))
            await stream.wait(waiter, asyncio.get_running_loop().time() + FAR_S)
            stream.advance(stream.tail.end)
            sizes.append(stream.tail.size_bytes // 10_000)
        assert sizes == [1, 1, 1, 1], "past its bound it holds what the reader has not taken"
        waiter.close()
        stream.leave()


@scenario
async def test_a_reader_that_cannot_go_back_to_the_log_ends() -> None:
    async with a_bench(tail_bytes=16 * 1024, width=10_000) as bench:
        quick, slow = await at_head(bench, 1), await at_head(bench, 1)
        for seq in range(2, 12):
            bench.service.calls[0].say(records(seq))
            await take(quick)
        bench.service.refuses_with = failure()
        assert await take(slow) is None
        assert slow.failure is not None
        quick.close()
        slow.close()


@scenario
async def test_tails_share_one_budget() -> None:
    async with a_bench(tail_bytes=2**20) as bench:
        assert bench.hub.stream_bytes == 2**20
        readers = [await at_head(bench, 1, who=str(number)) for number in range(4)]
        assert bench.hub.stream_bytes == 2**18
        for reader in readers:
            reader.close()
        assert bench.hub.stream_bytes == 2**20


@pytest.fixture
def draws_one_ahead(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_stream, "PREFETCH_BYTES", 1)


@pytest.mark.usefixtures("draws_one_ahead")
@scenario
async def test_a_live_stream_whose_readers_do_not_read_draws_nothing_more() -> None:
    async with a_bench() as bench:
        readers = [await at_head(bench, 5)]
        for _ in range(2):
            readers.append(await bench.read())
            bench.last.say(beat(5))
            assert await take(readers[-1]) == b"h5\n"
        shared = bench.service.calls[0]
        shared.say(records(6))
        for reader in readers:
            assert await take(reader) == b"6\n"
        shared.say(*(records(seq) for seq in range(7, 27)))
        await settle()
        assert shared.left == 19, "one is drawn while what came before it is written"
        assert await take(readers[1]) == b"7\n"
        await settle()
        assert shared.left == 18, "who reads again has the next drawn"
        text = await text_of(readers[0], len(b"".join(b"%d\n" % seq for seq in range(7, 27))))
        assert text == b"".join(b"%d\n" % seq for seq in range(7, 27))
        assert shared.left == 0
        for reader in readers:
            reader.close()


@pytest.mark.usefixtures("draws_one_ahead")
@scenario
async def test_a_client_that_stops_reading_while_it_is_written_to_stops_its_stream() -> None:
    async with a_bench() as bench:
        got: list[bytes] = []
        reader = await at_head(bench, 5)
        client = Client(got.append)
        reading = await begin_take(reader, client)
        await settle()
        bench.last.say(records(6), records(7))
        await settle()
        assert got == [b"6\n", b"7\n"]
        client.stop_reading()
        bench.last.say(*(records(seq) for seq in range(8, 20)))
        assert str(await reading).startswith("b'8")
        await settle()
        assert bench.last.left >= 10
        reader.close()


@pytest.mark.usefixtures("draws_one_ahead")
@scenario
async def test_readers_of_a_live_stream_that_is_idle_go_on_from_the_log(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(live_stream, "IDLE_S", 0.05)
    async with a_bench() as bench:
        reader = await at_head(bench, 5)
        shared = bench.last
        shared.say(records(6), records(7), records(8))
        assert await take(reader) == b"6\n"
        while not shared.is_cancelled:
            await settle()
        reading = await begin_take(reader)
        await bench.opened(2)
        assert bench.last.request.after_seq == 6
        bench.last.say(records(7, 8))
        assert await reading == b"7\n8\n"
        reader.close()


@pytest.mark.usefixtures("draws_one_ahead")
@scenario
async def test_who_comes_after_a_live_stream_has_retired_has_one_of_his_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(live_stream, "IDLE_S", 0.05)
    async with a_bench() as bench:
        dead = await at_head(bench, 5)
        shared = bench.last
        shared.say(records(6), records(7))
        assert await take(dead) == b"6\n"
        while not shared.is_cancelled:
            await settle()
        alive = await at_head(bench, 9)
        bench.last.say(records(10))
        assert await take(alive) == b"10\n"
        dead.close()
        assert not bench.last.is_cancelled
        alive.close()


@scenario
async def test_those_who_catch_up_together_and_read_no_more_go_on_each_when_it_reads(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(live_stream, "IDLE_S", 0.05)
    async with a_bench() as bench:
        readers = [await bench.read(after=3) for _ in range(2)]
        together = bench.service.calls[0]
        together.say(records(4, 5))
        for reader in readers:
            assert await take(reader) == b"4\n5\n"
        together.say(records(6))
        while not together.is_cancelled:
            await settle()
        reading = await begin_take(readers[0])
        await bench.opened(3)
        assert bench.last.request.after_seq == 5
        bench.last.say(records(6))
        assert await reading == b"6\n"
        for reader in readers:
            reader.close()
