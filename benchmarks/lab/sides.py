"""What is compared: Tidings, bare servers and peers, each with a publisher and a stream."""

from __future__ import annotations

import fcntl
import shutil
import struct
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from queue import SimpleQueue

import psutil

from benchmarks.lab import events, openings
from benchmarks.lab.measure import Missing
from tests.kit.server import Server, serving
from tidings.gateway.live.tail import MAX_CHUNK_BYTES
from tidings.v1 import event_service_pb2 as pb
from tidings.v1.event_pb2 import Draft

ROOT = Path(__file__).parents[2]
SUBSCRIBE = "/tidings.v1.EventService/Subscribe"


@dataclass(frozen=True, slots=True)
class Side:
    """A running server. `publish` takes marks and returns when the server has their events."""

    name: str
    address: str
    opening: bytes
    """The request for what is published from now on."""
    pids: Sequence[int]
    publish: Callable[[Sequence[bytes]], object]
    holding: Callable[[], AbstractContextManager[object]] = nullcontext
    """A block during which published events wait, where that is possible."""


@contextmanager
def publisher(server: Server, make: events.Make) -> Iterator[Callable[[Sequence[bytes]], None]]:
    """Lend a publisher of an event for each mark, 100 a request, on one stream that stays open."""
    asked: SimpleQueue[pb.PublishStreamRequest | None] = SimpleQueue()
    with server.stub() as stub:
        answers = iter(stub.PublishStream(iter(asked.get, None)))

        def publish(marks: Sequence[bytes]) -> None:
            for at in range(0, len(marks), 100):
                drafts = [Draft(events=[make(mark)]) for mark in marks[at : at + 100]]
                asked.put(pb.PublishStreamRequest(drafts=drafts))
                next(answers)

        try:
            yield publish
        finally:
            asked.put(None)


LIVE = pb.SubscribeRequest(position=pb.START_POSITION_LATEST, payload_format=pb.PAYLOAD_FORMAT_JSON)
LIVE.selection.nomad.topics.add(topic="*")


@dataclass(frozen=True, slots=True)
class Way:
    """A way of reading Tidings, with an event for it."""

    make: events.Make
    opening: bytes


WAYS = {
    "grpc": Way(events.node, openings.grpc(SUBSCRIBE, LIVE.SerializeToString())),
    "ndjson": Way(events.node, openings.http("/v1/event/stream?topic=*")),
    "websocket": Way(events.docker, openings.websocket("/api/audit/v1/events")),
    "sse": Way(
        events.node,
        openings.http("/v1/events?position=START_POSITION_LATEST", "Accept: text/event-stream"),
    ),
    "consul": Way(events.consul, openings.http("/v1/event/list?index=0")),
}


@contextmanager
def tidings(
    folder: Path, which: str, make: events.Make | None = None, *, flags: Sequence[str] = ()
) -> Iterator[Side]:
    """Lend Tidings, read in one of its ways."""
    way = WAYS[which]
    with (
        serving(folder / f"tidings-{which}", *flags) as server,
        publisher(server, make or way.make) as publish,
    ):
        address = server.grpc if which == "grpc" else server.http
        holding = partial(_stopped, server.children()["gateway"])
        yield Side("tidings", address, way.opening, [server.process.pid], publish, holding)


@contextmanager
def _stopped(process: psutil.Process) -> Iterator[None]:
    process.suspend()
    try:
        yield
    finally:
        process.resume()


@contextmanager
def _fed(
    name: str,
    command: Sequence[str],
    first: bytes,
    opening: bytes,
    print_: Callable[[bytes], bytes],
    join_bytes: int = 0,
) -> Iterator[Side]:
    """Lend a server that publishes what comes on its stdin, beginning with `first`.

    Events that are published together are joined up to `join_bytes`.
    """
    process = subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0
    )
    assert process.stdin is not None
    assert process.stdout is not None
    pipe = process.stdin
    fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, 2**20)  # so that a backlog can be seen whole

    def say(text: bytes) -> None:
        pipe.write(struct.pack("<I", len(text)) + text)

    def publish(marks: Sequence[bytes]) -> None:
        joined = b""
        for text in map(print_, marks):
            if joined and len(joined) + len(text) > join_bytes:
                say(joined)
                joined = b""
            joined += text
        say(joined)

    try:
        if first:
            say(first)
        address = process.stdout.readline().decode().strip()
        yield Side(name, address, opening, [process.pid], publish)
    finally:
        process.kill()
        process.wait()
        pipe.close()
        process.stdout.close()


_BARE = (sys.executable, "-m", "benchmarks.lab.bare")
_CHUNKED = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
_SWITCHED = b"HTTP/1.1 101 Switching Protocols\r\n\r\n"


@contextmanager
def writer(folder: Path) -> Iterator[Side]:
    """Lend the bare writer of Nomad's lines."""
    del folder
    with _fed("bare writer", (*_BARE, "writer"), _CHUNKED, openings.http("/"), chunk) as side:
        yield side


@contextmanager
def joining_writer(folder: Path) -> Iterator[Side]:
    """Lend the bare writer, which writes as much at once as Tidings does."""
    del folder
    command, opening = (*_BARE, "writer"), openings.http("/")
    with _fed("joining writer", command, _CHUNKED, opening, chunk, MAX_CHUNK_BYTES) as side:
        yield side


@contextmanager
def frame_writer(folder: Path) -> Iterator[Side]:
    """Lend the bare writer of websocket frames."""
    del folder
    with _fed("framed writer", (*_BARE, "writer"), _SWITCHED, openings.http("/"), _frame) as side:
        yield side


@contextmanager
def pass_through(folder: Path) -> Iterator[Side]:
    """Lend grpc.aio with bytes in and the same bytes out."""
    del folder
    opening = openings.grpc("/bench/Subscribe", b"")
    with _fed("grpc.aio bytes", (*_BARE, "grpc"), b"", opening, _response) as side:
        yield side


@contextmanager
def echo() -> Iterator[str]:
    """Lend the address of bare calls: unary /bench/Echo, and /bench/EchoStream."""
    with _fed("grpc.aio bytes", (*_BARE, "grpc"), b"", b"", _response) as side:
        yield side.address


@contextmanager
def answering(table: Path, index: Path, before_seq: int) -> Iterator[str]:
    """Lend the address of a bare table that answers questions from an index."""
    program = "benchmarks.lab.bare_answers"
    command = (sys.executable, "-m", program, str(table), str(index), str(before_seq))
    with _fed("bare table", command, b"", b"", _response) as side:
        yield side.address


@contextmanager
def go(folder: Path) -> Iterator[Side]:
    """Lend the server in Go."""
    compiler = shutil.which("go")
    if compiler is None:
        raise Missing("go")
    program = folder / "server"
    source = Path(__file__).with_name("server.go")
    subprocess.run([compiler, "build", "-o", str(program), str(source)], check=True)
    with _fed("Go net/http", (str(program),), b"", openings.http("/"), events.nomad_line) as side:
        yield side


def chunk(mark: bytes) -> bytes:
    """Return Nomad's line of the event that carries a mark, as HTTP sends it."""
    line = events.nomad_line(mark)
    return b"%x\r\n%s\r\n" % (len(line), line)


def _frame(mark: bytes) -> bytes:
    text = events.docker_text(mark)
    return struct.pack(">BBH", 0x81, 126, len(text)) + text


def _response(mark: bytes) -> bytes:
    return events.response([events.node(mark)])
