"""Shared live streams, over upstream streams that say what the test says, in its order."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import grpc
import pytest

from tests.aio import run_async
from tidings.gateway.http.direct_write import Framer, Outlet, Sink
from tidings.gateway.live import feed
from tidings.gateway.live.feed import Plan
from tidings.gateway.live.hub import Feeds
from tidings.gateway.live.reader import Reader
from tidings.gateway.live.tail import BYTES, MAX_CHUNK_BYTES, Form
from tidings.gateway.metrics import Metrics
from tidings.gateway.upstream.failures import Failure
from tidings.v1 import event_pb2
from tidings.v1 import event_service_pb2 as pb

FAR_S = 3600.0


def failure(code: grpc.StatusCode = grpc.StatusCode.UNAVAILABLE) -> Failure:
    nothing = grpc.aio.Metadata()
    return Failure(code, nothing, nothing, details="gone")


class Stream:
    """One upstream call: `say` hands it a message, an error or None for its end."""

    def __init__(self, request: pb.SubscribeRequest) -> None:
        self.request = request
        self.is_cancelled = False
        self._said: asyncio.Queue[pb.SubscribeResponse | Failure | None] = asyncio.Queue()

    def say(self, *messages: pb.SubscribeResponse | Failure | None) -> None:
        for message in messages:
            self._said.put_nowait(message)

    @property
    def left(self) -> int:
        """How many messages nobody has drawn."""
        return self._said.qsize()

    async def take(self) -> pb.SubscribeResponse | None:
        message = await self._said.get()
        if isinstance(message, Failure):
            raise message
        return message

    def cancel(self) -> None:
        self.is_cancelled = True


@dataclass
class Service:
    """Stands in for `Upstream`; `streams` are the calls that were opened, in order."""

    streams: list[Stream] = field(default_factory=list)
    refuses_with: Failure | None = None
    says_position: bool = True
    end_seq: int = 1
    rights: str = "some"

    async def subscribe(self, request: pb.SubscribeRequest, credential: object) -> Any:
        if self.refuses_with is not None:
            raise self.refuses_with
        self.streams.append(Stream(request))
        position = request.after_seq if request.HasField("after_seq") else self.end_seq
        return Opened(
            self.streams[-1], position if self.says_position else None, rights=self.rights
        )


@dataclass
class Opened:
    answers: Stream
    position: int | None
    log_id: str = "log"
    rights: str = ""


class Lines:
    """Prints positions."""

    name = "test"
    form = BYTES

    def __init__(self, width: int = 0) -> None:
        self._width = width
        self.printed = 0
        self.unfit: set[int] = set()

    def record(self, record: event_pb2.Record) -> bytes:
        if record.seq in self.unfit:
            raise ValueError(record.seq)
        self.printed += 1
        return b"%d" % record.seq + b"." * self._width + b"\n"

    def heartbeat(self, heartbeat: pb.Heartbeat) -> bytes:
        return b"h%d\n" % heartbeat.seq

    def gap(self, gap: pb.Gap) -> bytes:
        return b"gap %d-%d\n" % (gap.first_seq, gap.last_seq)

    def unprintable(self, gap: pb.Gap) -> bytes:
        return b"no %d\n" % gap.last_seq


def records(*seqs: int) -> pb.SubscribeResponse:
    return pb.SubscribeResponse(records=[event_pb2.Record(seq=seq) for seq in seqs])


def beat(seq: int) -> pb.SubscribeResponse:
    return pb.SubscribeResponse(heartbeat=pb.Heartbeat(seq=seq))


def gap(first: int, last: int) -> pb.SubscribeResponse:
    return pb.SubscribeResponse(
        gap=pb.Gap(system=event_pb2.SYSTEM_NOMAD, first_seq=first, last_seq=last)
    )


@dataclass
class Bench:
    """Feeds over a service of the test's."""

    feeds: Feeds
    service: Service
    metrics: Metrics
    lines: Lines

    async def read(
        self, *, after: int = 0, lines: Lines | None = None, who: str = ""
    ) -> Reader[bytes]:
        request = pb.SubscribeRequest(after_seq=after, payload_format=pb.PAYLOAD_FORMAT_JSON)
        selection = pb.SubscribeRequest(payload_format=pb.PAYLOAD_FORMAT_JSON).SerializeToString()
        credential = (("authorization", who),) if who else ()
        return await self.feeds.read(Plan(lines or self.lines, selection, credential), request)

    @property
    def last(self) -> Stream:
        return self.service.streams[-1]


def on_bench(
    test: Callable[[Bench], Awaitable[None]], *, tail_bytes: int = 2**20, width: int = 0
) -> None:
    async def main() -> None:
        service, metrics = Service(), Metrics()
        stand_in: Any = service
        async with asyncio.TaskGroup() as tasks:
            feeds = Feeds(stand_in, tasks, tail_bytes=tail_bytes, metrics=metrics)
            await test(Bench(feeds, service, metrics, Lines(width)))
            feeds.drain()

    run_async(main())


async def take(reader: Reader[bytes]) -> bytes | None:
    return await reader.take(asyncio.get_running_loop().time() + FAR_S)


async def text_of(reader: Reader[bytes], size: int) -> bytes:
    """Return what the reader gets, in however many pieces, until it is so much."""
    text = b""
    while len(text) < size:
        chunk = await take(reader)
        assert chunk is not None, text
        text += chunk
    return text


async def at_head(bench: Bench, seq: int, **how: Any) -> Reader[bytes]:
    """Return a reader that has reached the head at a position."""
    reader = await bench.read(**how)
    bench.last.say(beat(seq))
    assert await take(reader) == b"h%d\n" % seq
    return reader


class Client(Outlet[bytes]):
    """A client that is written to as long as it reads."""

    streaming: Outlet[bytes] | None = None
    framed = Framer(bytes)

    def __init__(self, take: Callable[[bytes], object], *, reads: bool = True) -> None:
        super().__init__(self)
        self.reads = reads
        self._take = take

    def sink(self) -> Sink | None:
        return self if self.reads else None

    def write(self, data: bytes) -> None:
        self._take(data)

    async def writable(self) -> None:
        assert self.reads

    def stop_reading(self) -> None:
        """Read no more, as its connection tells it, also in the middle of a write."""
        self.reads = False
        if self.streaming is not None:
            self.streaming.halt()


def test_a_lone_reader_goes_on_with_the_stream_it_began_with() -> None:
    async def test(bench: Bench) -> None:
        reader = await bench.read(after=3)
        assert bench.last.request.after_seq == 3
        bench.last.say(records(4, 5), beat(5), records(6))
        assert await take(reader) == b"4\n5\n"
        assert await take(reader) == b"h5\n"
        assert await take(reader) == b"6\n"
        assert len(bench.service.streams) == 1
        reader.close()
        assert bench.last.is_cancelled

    on_bench(test)


def test_a_second_reader_joins_at_its_first_heartbeat_and_ends_its_own_stream() -> None:
    async def test(bench: Bench) -> None:
        first = await at_head(bench, 5)
        second = await bench.read()
        shared, own = bench.service.streams
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

    on_bench(test)


def test_a_joiner_behind_the_feed_gets_what_the_feed_has_had_since() -> None:
    async def test(bench: Bench) -> None:
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

    on_bench(test)


def test_a_joiner_ahead_of_the_feed_gets_nothing_twice() -> None:
    async def test(bench: Bench) -> None:
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

    on_bench(test)


def test_another_credential_or_another_print_is_another_feed() -> None:
    async def test(bench: Bench) -> None:
        readers = [
            await at_head(bench, 1),
            await at_head(bench, 1, who="a"),
            await at_head(bench, 1, who="b"),
            await at_head(bench, 1, lines=Lines()),
        ]
        assert [stream.is_cancelled for stream in bench.service.streams] == [False] * 4
        for reader in readers:
            reader.close()

    on_bench(test)


def test_the_end_of_a_call_ends_its_readers_and_no_others() -> None:
    async def test(bench: Bench) -> None:
        one, two, other = [await at_head(bench, 1, who=who) for who in ("a", "a", "b")]
        bench.service.streams[0].say(records(2), failure(grpc.StatusCode.UNAUTHENTICATED))
        for reader in (one, two):
            assert await take(reader) == b"2\n"
            assert await take(reader) is None
            assert reader.failure is not None
            reader.close()
        bench.service.streams[2].say(records(2))
        assert await take(other) == b"2\n"
        again = await at_head(bench, 2, who="a")
        assert len(bench.service.streams) == 4, "nobody joins a feed that has ended"
        again.close()
        other.close()

    on_bench(test)


def test_a_call_that_ends_while_catching_up_ends_its_reader() -> None:
    async def test(bench: Bench) -> None:
        broken, ended = await bench.read(), await bench.read(after=1)
        bench.service.streams[0].say(records(2), failure())
        assert await take(broken) == b"2\n"
        assert await take(broken) is None
        assert broken.failure is not None
        bench.service.streams[1].say(None)
        assert await take(ended) is None
        assert ended.failure is None

    on_bench(test)


def test_those_who_begin_at_the_same_place_catch_up_on_one_stream_printed_once() -> None:
    async def test(bench: Bench) -> None:
        readers = [await bench.read(after=1) for _ in range(3)]
        assert [stream.is_cancelled for stream in bench.service.streams] == [False, True, True]
        shared = bench.service.streams[0]
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

    on_bench(test)


def test_who_leaves_a_convoy_takes_nothing_from_the_others() -> None:
    async def test(bench: Bench) -> None:
        first, second = await bench.read(after=1), await bench.read(after=1)
        reading = asyncio.ensure_future(take(first))
        await asyncio.wait([reading], timeout=0)
        reading.cancel()
        await asyncio.wait([reading])
        first.close()
        bench.service.streams[0].say(records(2), beat(2))
        assert await text_of(second, 5) == b"2\nh2\n"
        second.close()
        assert bench.service.streams[0].is_cancelled

    on_bench(test)


def test_a_convoy_whose_stream_became_a_feed_that_has_ended_goes_on_by_other_streams() -> None:
    async def test(bench: Bench) -> None:
        first, second = await bench.read(after=1), await bench.read(after=1)
        shared = bench.service.streams[0]
        shared.say(records(2), beat(2))
        assert await text_of(first, 5) == b"2\nh2\n"
        first.close()
        assert shared.is_cancelled
        assert await text_of(second, 5) == b"2\nh2\n"
        reading = asyncio.ensure_future(take(second))
        while len(bench.service.streams) < 3:
            await asyncio.wait([reading], timeout=0)
        assert bench.last.request.after_seq == 2
        bench.last.say(records(3), beat(3))
        assert await reading == b"3\n"
        second.close()

    on_bench(test)


def test_who_falls_behind_a_convoy_reads_on_from_the_log() -> None:
    async def test(bench: Bench) -> None:
        quick, slow, late = [await bench.read(after=1) for _ in range(3)]
        shared = bench.service.streams[0]
        shared.say(*(records(seq) for seq in range(2, 5)))
        assert await take(slow) == await take(quick)
        for payload in range(5, 40):
            big = records(payload)
            big.records[0].events.add(id="x" * 10_000)
            shared.say(big)
        for _ in range(4, 40):
            assert await take(quick)
        reading = asyncio.ensure_future(take(slow))
        while len(bench.service.streams) < 4:
            await asyncio.wait([reading], timeout=0)
        assert bench.last.request.after_seq == 2
        bench.last.say(records(3))
        assert await reading == b"3\n"
        reading = asyncio.ensure_future(take(late))
        while len(bench.service.streams) < 5:
            await asyncio.wait([reading], timeout=0)
        assert bench.last.request.after_seq == 1, "it has not taken anything yet"
        bench.last.say(records(2))
        assert await reading == b"2\n"
        for reader in (quick, slow, late):
            reader.close()

    on_bench(test, tail_bytes=16 * 1024)


LATEST: dict[str, Any] = {"latest": True}


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
        ({"after_seq": 0}, {"earliest": True}, 0, 0, False),
    ],
)
def test_who_begins_at_the_same_position_travels_together_however_he_asked(
    start: dict[str, Any],
    other_start: dict[str, Any],
    end_seq: int,
    other_end_seq: int,
    *,
    is_shared: bool,
) -> None:
    async def test(bench: Bench) -> None:
        plan = Plan(bench.lines, b"", ())
        bench.service.end_seq = end_seq
        one = await bench.feeds.read(plan, pb.SubscribeRequest(**start))
        bench.service.end_seq = other_end_seq
        other = await bench.feeds.read(plan, pb.SubscribeRequest(**other_start))
        assert len(bench.service.streams) == 2, "each was checked by the service"
        assert bench.last.is_cancelled is is_shared
        one.close()
        other.close()

    on_bench(test)


def test_a_service_that_does_not_say_where_a_stream_begins_has_none_shared() -> None:
    async def test(bench: Bench) -> None:
        bench.service.says_position = False
        readers = [await bench.read(after=1) for _ in range(2)]
        assert not bench.last.is_cancelled
        for reader in readers:
            reader.close()

    on_bench(test)


def test_whose_rights_have_changed_shares_nothing_with_those_who_came_before() -> None:
    async def test(bench: Bench) -> None:
        before = await bench.read(after=1)
        bench.service.rights = "fewer"
        after = await bench.read(after=1)
        assert not bench.last.is_cancelled
        before.close()
        after.close()

    on_bench(test)


def test_who_wanted_what_is_new_and_has_nothing_yet_goes_back_to_where_he_began() -> None:
    async def test(bench: Bench) -> None:
        plan = Plan(bench.lines, b"", ())
        bench.service.end_seq = 7
        latest = pb.SubscribeRequest(latest=True)
        quick, slow = [await bench.feeds.read(plan, latest) for _ in range(2)]
        for seq in range(8, 12):
            big = records(seq)
            big.records[0].events.add(id="x" * 10_000)
            bench.service.streams[0].say(big)
            assert await take(quick) == b"%d\n" % seq
        bench.service.end_seq = 11
        reading = asyncio.ensure_future(take(slow))
        while len(bench.service.streams) < 3:
            await asyncio.wait([reading], timeout=0)
        assert bench.last.request.WhichOneof("start") == "after_seq"
        assert bench.last.request.after_seq == 7
        bench.last.say(records(8))
        assert await reading == b"8\n"
        for reader in (quick, slow):
            reader.close()

    on_bench(test, tail_bytes=16 * 1024)


def test_a_refusal_is_the_callers() -> None:
    async def test(bench: Bench) -> None:
        bench.service.refuses_with = failure(grpc.StatusCode.PERMISSION_DENIED)
        with pytest.raises(Failure):
            await bench.read()

    on_bench(test)


def test_nothing_new_is_an_empty_answer_at_the_time_asked_for() -> None:
    async def test(bench: Bench) -> None:
        reader = await at_head(bench, 5)
        now_s = asyncio.get_running_loop().time()
        assert await reader.take(now_s + 0.05) == b""
        assert asyncio.get_running_loop().time() >= now_s + 0.05
        reader.close()

    on_bench(test)


def test_nothing_new_is_an_empty_answer_while_catching_up_too() -> None:
    async def test(bench: Bench) -> None:
        reader = await bench.read()
        now_s = asyncio.get_running_loop().time()
        assert await reader.take(now_s + 0.05) == b""
        bench.last.say(records(2), beat(2))
        assert await text_of(reader, 5) == b"2\nh2\n"
        reader.close()

    on_bench(test)


def test_what_comes_while_readers_wait_is_written_without_waking_them() -> None:
    async def test(bench: Bench) -> None:
        got: list[bytes] = []
        quick, other = await at_head(bench, 1), await at_head(bench, 1)
        far_s = asyncio.get_running_loop().time() + FAR_S
        waits = [
            asyncio.ensure_future(reader.take(far_s, Client(got.append)))
            for reader in (quick, other)
        ]
        await asyncio.wait(waits, timeout=0)
        shared = bench.service.streams[0]
        shared.say(records(2), records(3, 4))
        while len(got) < 4:
            await asyncio.wait(waits, timeout=0)
        assert got == [b"2\n", b"2\n", b"3\n4\n", b"3\n4\n"]
        assert got[2] is got[3], "made once"
        assert not any(wait.done() for wait in waits)
        shared.say(None)
        assert [await wait for wait in waits] == [None, None]
        quick.close()
        other.close()

    on_bench(test)


def test_nothing_is_put_together_for_those_who_follow_no_more() -> None:
    async def test(bench: Bench) -> None:
        joined: list[bytes] = []

        def join(parts: Iterable[bytes]) -> bytes:
            joined.append(b"".join(parts))
            return joined[-1]

        lines = Lines()
        lines.form = Form(join, len)
        reader = await at_head(bench, 1, lines=lines)
        got: list[bytes] = []
        client = Client(got.append)
        far_s = asyncio.get_running_loop().time() + FAR_S
        taking = asyncio.ensure_future(reader.take(far_s, client))
        await asyncio.wait([taking], timeout=0)
        bench.last.say(records(2, 3))
        while not got:
            await asyncio.wait([taking], timeout=0)
        assert joined[-1] == b"2\n3\n"
        client.stop_reading()
        joined.clear()
        bench.last.say(records(4, 5))
        assert await taking == b"4\n5\n"
        assert joined == [b"4\n5\n"], "for the one who takes it, and nobody else"
        reader.close()

    on_bench(test)


def test_what_is_not_written_is_returned_and_what_breaks_is_the_readers_own() -> None:
    class Broken(Exception):
        pass

    def breaks(chunk: bytes) -> None:
        raise Broken(chunk)

    async def test(bench: Bench) -> None:
        slow, broken, fine = [await at_head(bench, 1) for _ in range(3)]
        far_s = asyncio.get_running_loop().time() + FAR_S
        waits = [
            asyncio.ensure_future(slow.take(far_s, Client(breaks, reads=False))),
            asyncio.ensure_future(broken.take(far_s, Client(breaks))),
            asyncio.ensure_future(fine.take(far_s)),
        ]
        await asyncio.wait(waits, timeout=0)
        bench.service.streams[0].say(records(2), records(3))
        assert await waits[0] == b"2\n3\n"
        with pytest.raises(Broken):
            await waits[1]
        assert await waits[2] == b"2\n3\n"
        for reader in (slow, broken, fine):
            reader.close()

    on_bench(test)


def test_a_client_that_stops_reading_in_a_write_has_got_it_and_what_follows_is_returned() -> None:
    async def test(bench: Bench) -> None:
        got: list[bytes] = []
        reader = await at_head(bench, 1)

        def take_one(chunk: bytes) -> None:
            got.append(chunk)
            client.stop_reading()

        client = Client(take_one)
        far_s = asyncio.get_running_loop().time() + FAR_S
        taking = asyncio.ensure_future(reader.take(far_s, client))
        await asyncio.wait([taking], timeout=0)
        bench.service.streams[0].say(records(2), records(3))
        assert await taking == b"3\n"
        assert got == [b"2\n"]
        reader.close()

    on_bench(test)


def test_a_gap_is_returned_and_never_written_past_the_door() -> None:
    async def test(bench: Bench) -> None:
        got: list[bytes] = []
        reader = await at_head(bench, 1)
        far_s = asyncio.get_running_loop().time() + FAR_S
        taking = asyncio.ensure_future(reader.take(far_s, Client(got.append)))
        await asyncio.wait([taking], timeout=0)
        bench.service.streams[0].say(records(2), gap(3, 4))
        chunk = await taking
        assert got == [b"2\n"]
        assert chunk == bench.lines.gap(gap(3, 4).gap)
        reader.close()

    on_bench(test)


def test_more_than_one_write_holds_is_written_in_parts_that_all_share() -> None:
    async def test(bench: Bench) -> None:
        got: list[bytes] = []
        one, other = await at_head(bench, 1), await at_head(bench, 1)
        far_s = asyncio.get_running_loop().time() + FAR_S
        waits = [
            asyncio.ensure_future(reader.take(far_s, Client(got.append))) for reader in (one, other)
        ]
        await asyncio.wait(waits, timeout=0)
        bench.service.streams[0].say(records(2, 3, 4, 5))
        while len(got) < 4:
            await asyncio.wait(waits, timeout=0)
        assert not any(wait.done() for wait in waits), "nobody's task has had a turn"
        assert all(len(part) <= MAX_CHUNK_BYTES for part in got)
        assert [line[:1] for line in b"".join(got[::2]).splitlines()] == [b"2", b"3", b"4", b"5"]
        assert all(part is same for part, same in zip(got[::2], got[1::2], strict=True))
        bench.service.streams[0].say(None)
        assert [await wait for wait in waits] == [None, None]
        one.close()
        other.close()

    on_bench(test, width=100_000)


def test_who_stops_reading_in_the_first_part_is_given_the_rest() -> None:
    async def test(bench: Bench) -> None:
        got: list[bytes] = []

        def take_one(part: bytes) -> None:
            got.append(part)
            client.stop_reading()

        client = Client(take_one)
        reader = await at_head(bench, 1)
        far_s = asyncio.get_running_loop().time() + FAR_S
        taking = asyncio.ensure_future(reader.take(far_s, client))
        await asyncio.wait([taking], timeout=0)
        bench.service.streams[0].say(records(2, 3, 4, 5))
        rest = await taking
        assert rest is not None
        assert [line[:1] for line in (got[0] + rest).splitlines()] == [b"2", b"3", b"4", b"5"]
        assert len(got) == 1
        reader.close()

    on_bench(test, width=100_000)


def test_a_reader_slower_than_the_tail_reads_on_from_the_log() -> None:
    width = 10_000

    async def test(bench: Bench) -> None:
        quick, slow = await at_head(bench, 1), await at_head(bench, 1)
        shared = bench.service.streams[0]
        for seq in range(2, 12):
            shared.say(records(seq))
            chunk = await take(quick)
            assert chunk is not None
            assert chunk.startswith(b"%d." % seq)
        reading = asyncio.ensure_future(take(slow))
        while len(bench.service.streams) < 3:
            await asyncio.wait([reading], timeout=0)
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
        assert 'fallen_back_total{door="test"} 1.0' in bench.metrics.page().decode()

    on_bench(test, tail_bytes=16 * 1024, width=width)


def test_who_falls_behind_goes_back_to_where_the_quiet_stream_had_come() -> None:
    class Quiet(Lines):
        def heartbeat(self, heartbeat: pb.Heartbeat) -> bytes:
            return b""

    async def test(bench: Bench) -> None:
        lines = Quiet(10_000)
        quick, slow = await bench.read(lines=lines), await bench.read(lines=lines)
        shared, own = bench.service.streams
        shared.say(beat(1), beat(500))
        own.say(beat(1))
        soon_s = asyncio.get_running_loop().time() + 0.05
        assert [await quick.take(soon_s), await slow.take(soon_s)] == [b"", b""]
        for seq in range(501, 511):
            shared.say(records(seq))
            assert await take(quick)
        reading = asyncio.ensure_future(take(slow))
        while len(bench.service.streams) < 3:
            await asyncio.wait([reading], timeout=0)
        assert bench.last.request.after_seq == 500
        bench.last.say(records(501))
        assert await reading
        quick.close()
        slow.close()

    on_bench(test, tail_bytes=16 * 1024)


def test_a_reader_that_cannot_go_back_to_the_log_ends() -> None:
    async def test(bench: Bench) -> None:
        quick, slow = await at_head(bench, 1), await at_head(bench, 1)
        for seq in range(2, 12):
            bench.service.streams[0].say(records(seq))
            await take(quick)
        bench.service.refuses_with = failure()
        assert await take(slow) is None
        assert slow.failure is not None
        quick.close()
        slow.close()

    on_bench(test, tail_bytes=16 * 1024, width=10_000)


def test_a_joiner_is_told_of_a_gap_that_the_feed_has_had_already() -> None:
    async def test(bench: Bench) -> None:
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

    on_bench(test)


def test_a_joiner_ahead_of_the_feed_is_told_of_a_gap_that_reaches_beyond_it() -> None:
    async def test(bench: Bench) -> None:
        first = await at_head(bench, 5)
        shared = bench.last
        second = await bench.read()
        bench.last.say(records(7), beat(7))
        assert await text_of(second, 5) == b"7\nh7\n"
        shared.say(gap(6, 9), records(10))
        reading = asyncio.ensure_future(take(second))
        while len(bench.service.streams) < 3:
            await asyncio.wait([reading], timeout=0)
        assert bench.last.request.after_seq == 7
        bench.last.say(gap(8, 9), records(10), beat(10))
        assert await reading == b"gap 8-9\n"
        assert await text_of(second, 7) == b"10\nh10\n"
        first.close()
        second.close()

    on_bench(test)


def test_a_gap_of_ones_own_does_not_become_that_of_others() -> None:
    async def test(bench: Bench) -> None:
        first = await bench.read()
        bench.last.say(gap(2, 9), beat(5))
        assert await text_of(first, 11) == b"gap 2-9\nh5\n"
        second = await at_head(bench, 5)
        bench.service.streams[0].say(records(10))
        assert await take(first) == b"10\n"
        bench.last.say(gap(6, 9), records(10))
        assert await text_of(second, 11) == b"gap 6-9\n10\n"
        first.close()
        second.close()

    on_bench(test)


def test_a_gap_is_printed_logged_and_counted() -> None:
    async def test(bench: Bench) -> None:
        reader = await bench.read()
        bench.last.say(gap(2, 9), records(10), beat(10), gap(11, 12), records(13))
        assert [await take(reader) for _ in range(3)] == [b"gap 2-9\n", b"10\n", b"h10\n"]
        assert await text_of(reader, 13) == b"gap 11-12\n13\n"
        reader.close()
        assert 'tidings_http_gaps_total{door="test"} 2.0' in bench.metrics.page().decode()

    on_bench(test)


def test_a_record_that_cannot_be_printed_is_told_as_such_and_ends_nothing() -> None:
    async def test(bench: Bench) -> None:
        bench.lines.unfit = {3, 5}
        reader = await bench.read()
        bench.last.say(records(2, 3, 4), beat(4), records(5), records(6))
        wanted = b"2\nno 3\n4\nh4\nno 5\n6\n"
        assert await text_of(reader, len(wanted)) == wanted
        reader.close()
        assert 'tidings_http_unprintable_total{door="test"} 2.0' in bench.metrics.page().decode()

    on_bench(test)


def test_draining_gives_readers_what_is_there_and_then_the_end() -> None:
    async def test(bench: Bench) -> None:
        reader, other = await at_head(bench, 1), await at_head(bench, 1)
        bench.service.streams[0].say(records(2))
        assert await take(other) == b"2\n"
        catching_up = await bench.read()
        bench.feeds.drain()
        assert await take(reader) == b"2\n"
        assert await take(reader) is None
        assert await take(catching_up) is None
        late = await bench.read()
        assert await take(late) is None
        assert late.failure is None
        for each in (reader, other, catching_up, late):
            each.close()
        assert all(stream.is_cancelled for stream in bench.service.streams)

    on_bench(test)


def test_draining_ends_a_reader_that_waits_for_its_own_stream() -> None:
    async def test(bench: Bench) -> None:
        reader = await bench.read()
        reading = asyncio.ensure_future(take(reader))
        await asyncio.wait([reading], timeout=0)
        bench.feeds.drain()
        assert await reading is None
        assert reader.failure is None
        reader.close()
        assert bench.last.is_cancelled

    on_bench(test)


def test_a_gap_that_cannot_be_printed_ends_the_feed_and_not_the_gateway() -> None:
    class Broken(Lines):
        def gap(self, gap: pb.Gap) -> bytes:
            raise ZeroDivisionError

    async def test(bench: Bench) -> None:
        broken = await at_head(bench, 1, lines=Broken())
        well = await at_head(bench, 1)
        bench.service.streams[0].say(gap(2, 3))
        assert await take(broken) is None
        bench.service.streams[1].say(records(2))
        assert await take(well) == b"2\n"
        broken.close()
        well.close()

    on_bench(test)


def test_tails_share_one_budget() -> None:
    async def test(bench: Bench) -> None:
        assert bench.feeds.feed_bytes == 2**20
        readers = [await at_head(bench, 1, who=str(number)) for number in range(4)]
        assert bench.feeds.feed_bytes == 2**18
        for reader in readers:
            reader.close()
        assert bench.feeds.feed_bytes == 2**20

    on_bench(test, tail_bytes=2**20)


@pytest.mark.parametrize("turns", range(12))
def test_cancelling_a_reader_at_any_await_leaves_nothing_open(turns: int) -> None:
    async def test(bench: Bench) -> None:
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
                if bench.service.streams:
                    bench.last.say(records(turn + 2) if turn % 2 else beat(turn + 1))
            reading.cancel()
        assert all(stream.is_cancelled for stream in bench.service.streams)
        assert bench.feeds.feed_bytes == 2**20, "no feed is left"

    on_bench(test)


async def settle() -> None:
    """Let every task go as far as it can."""
    for _ in range(20):
        await asyncio.wait([asyncio.get_running_loop().create_future()], timeout=0)


@pytest.fixture
def draws_one_ahead(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed, "AHEAD_BYTES", 1)


@pytest.mark.usefixtures("draws_one_ahead")
def test_a_feed_whose_readers_do_not_read_draws_nothing_more() -> None:
    async def test(bench: Bench) -> None:
        readers = [await at_head(bench, 5)]
        for _ in range(2):
            readers.append(await bench.read())
            bench.last.say(beat(5))
            assert await take(readers[-1]) == b"h5\n"
        shared = bench.service.streams[0]
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

    on_bench(test)


@pytest.mark.usefixtures("draws_one_ahead")
def test_a_client_that_stops_reading_while_it_is_written_to_stops_its_feed() -> None:
    async def test(bench: Bench) -> None:
        got: list[bytes] = []
        reader = await at_head(bench, 5)
        client = Client(got.append)
        reading = asyncio.ensure_future(
            reader.take(FAR_S + asyncio.get_running_loop().time(), client)
        )
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

    on_bench(test)


@pytest.mark.usefixtures("draws_one_ahead")
def test_readers_of_a_feed_that_sleeps_for_long_go_on_from_the_log(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(feed, "ASLEEP_S", 0.05)

    async def test(bench: Bench) -> None:
        reader = await at_head(bench, 5)
        shared = bench.last
        shared.say(records(6), records(7), records(8))
        assert await take(reader) == b"6\n"
        while not shared.is_cancelled:
            await settle()
        assert bench.feeds.joinable(Plan(bench.lines, b"", ())) is None
        reading = asyncio.ensure_future(take(reader))
        while len(bench.service.streams) < 2:
            await settle()
        assert bench.last.request.after_seq == 6
        bench.last.say(records(7, 8))
        assert await reading == b"7\n8\n"
        reader.close()

    on_bench(test)


@pytest.mark.usefixtures("draws_one_ahead")
def test_who_comes_after_a_feed_has_gone_has_one_of_his_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(feed, "ASLEEP_S", 0.05)

    async def test(bench: Bench) -> None:
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

    on_bench(test)


def test_those_who_catch_up_together_and_read_no_more_go_on_each_when_it_reads(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(feed, "ASLEEP_S", 0.05)

    async def test(bench: Bench) -> None:
        readers = [await bench.read(after=3) for _ in range(2)]
        together = bench.service.streams[0]
        together.say(records(4, 5))
        for reader in readers:
            assert await take(reader) == b"4\n5\n"
        together.say(records(6))
        while not together.is_cancelled:
            await settle()
        reading = asyncio.ensure_future(take(readers[0]))
        while len(bench.service.streams) < 3:
            await settle()
        assert bench.last.request.after_seq == 5
        bench.last.say(records(6))
        assert await reading == b"6\n"
        for reader in readers:
            reader.close()

    on_bench(test)
