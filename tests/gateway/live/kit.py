"""A hub over upstream calls that say what the test says, with readers and their clients."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import grpc

from tidings.gateway.http.direct_write import DirectWriter, Framer, Sink
from tidings.gateway.live.hub import StreamHub
from tidings.gateway.live.reader import Reader
from tidings.gateway.live.stream_key import StreamKey
from tidings.gateway.live.tail import BYTES
from tidings.gateway.metrics import Metrics
from tidings.gateway.upstream.failures import Failure
from tidings.v1 import event_pb2, event_system_pb2
from tidings.v1 import event_service_pb2 as pb

FAR_S = 3600.0


def failure(code: grpc.StatusCode = grpc.StatusCode.UNAVAILABLE) -> Failure:
    nothing = grpc.aio.Metadata()
    return Failure(code, nothing, nothing, details="gone")


class UpstreamCall:
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
    """Stands in for `Upstream`; `calls` are those that were opened, in order."""

    calls: list[UpstreamCall] = field(default_factory=list)
    refuses_with: Failure | None = None
    says_position: bool = True
    end_seq: int = 1
    rights: str = "some"

    async def subscribe(self, request: pb.SubscribeRequest, credential: object) -> Any:
        if self.refuses_with is not None:
            raise self.refuses_with
        self.calls.append(UpstreamCall(request))
        position = request.after_seq if request.HasField("after_seq") else self.end_seq
        return Opened(self.calls[-1], position if self.says_position else None, rights=self.rights)


@dataclass
class Opened:
    answers: UpstreamCall
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

    def record(self, record: event_pb2.EventRecord) -> bytes:
        if record.seq in self.unfit:
            raise ValueError(record.seq)
        self.printed += 1
        return b"%d" % record.seq + b"." * self._width + b"\n"

    def heartbeat(self, heartbeat: pb.Heartbeat) -> bytes:
        return b"h%d\n" % heartbeat.seq

    def gap(self, gap: pb.Gap) -> bytes:
        if gap.reason == pb.GAP_REASON_UNPRINTABLE:
            return b"no %d\n" % gap.resume_seq
        return b"gap %d-%d\n" % (gap.first_seq, gap.last_seq)


def records(*seqs: int) -> pb.SubscribeResponse:
    return pb.SubscribeResponse(
        batch=pb.RecordBatch(records=[event_pb2.EventRecord(seq=seq) for seq in seqs])
    )


def beat(seq: int) -> pb.SubscribeResponse:
    return pb.SubscribeResponse(heartbeat=pb.Heartbeat(seq=seq))


def gap(first: int, last: int) -> pb.SubscribeResponse:
    return pb.SubscribeResponse(
        gap=pb.Gap(
            system=event_system_pb2.EVENT_SYSTEM_NOMAD,
            first_seq=first,
            last_seq=last,
            reason=pb.GAP_REASON_RETENTION,
            resume_seq=first - 1,
        )
    )


@dataclass
class Bench:
    """A hub over a service of the test's."""

    hub: StreamHub
    service: Service
    metrics: Metrics
    lines: Lines

    async def read(
        self, *, after: int = 0, lines: Lines | None = None, who: str = ""
    ) -> Reader[bytes]:
        request = pb.SubscribeRequest(after_seq=after, payload_format=pb.PAYLOAD_FORMAT_JSON)
        selection = pb.SubscribeRequest(payload_format=pb.PAYLOAD_FORMAT_JSON).SerializeToString()
        credential = (("authorization", who),) if who else ()
        return await self.hub.read(StreamKey(lines or self.lines, selection, credential), request)

    @property
    def last(self) -> UpstreamCall:
        return self.service.calls[-1]

    async def opened(self, count: int) -> None:
        """Return when so many upstream calls have been opened."""
        while len(self.service.calls) < count:
            await settle()


@asynccontextmanager
async def a_bench(*, tail_bytes: int = 2**20, width: int = 0) -> AsyncIterator[Bench]:
    """Give the streams of a gateway, with a service that says what a test has it say."""
    service, metrics = Service(), Metrics()
    stand_in: Any = service
    async with asyncio.TaskGroup() as tasks:
        hub = StreamHub(stand_in, tasks, tail_bytes=tail_bytes, metrics=metrics)
        yield Bench(hub, service, metrics, Lines(width))
        hub.drain()


async def take(reader: Reader[bytes]) -> bytes | None:
    return await reader.take(asyncio.get_running_loop().time() + FAR_S)


async def begin_take(
    reader: Reader[bytes], client: DirectWriter[bytes] | None = None
) -> asyncio.Future[bytes | None]:
    """Have the reader wait for what comes, which is written to the client if it takes it."""
    until_s = asyncio.get_running_loop().time() + FAR_S
    taking = asyncio.ensure_future(reader.take(until_s, client))
    await asyncio.wait([taking], timeout=0)
    return taking


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


async def settle() -> None:
    """Let every task go as far as it can."""
    for _ in range(20):
        await asyncio.wait([asyncio.get_running_loop().create_future()], timeout=0)


class Client(DirectWriter[bytes]):
    """A client that is written to as long as it reads."""

    streaming: DirectWriter[bytes] | None = None
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
