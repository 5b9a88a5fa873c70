"""What is compared: Tidings, bare servers and peers, each with a way in and a stream to read."""

from __future__ import annotations

import fcntl
import shutil
import struct
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue

from benchmarks.lab import events, openings
from benchmarks.lab.measure import Missing
from tests.e2e.rig import Server, serving
from tidings.v1 import event_service_pb2 as pb
from tidings.v1.event_pb2 import Draft

ROOT = Path(__file__).parents[2]
LIVE = pb.SubscribeRequest(latest=True, payload_format=pb.PAYLOAD_FORMAT_JSON)
LIVE.nomad.topics.add(topic="*")
SUBSCRIBE = "/tidings.v1.EventService/Subscribe"
NDJSON = "/v1/event/stream?topic=*"
WEBSOCKET = "/api/audit/v1/events"


@dataclass(frozen=True, slots=True)
class Side:
    """A server that runs. `publish` takes marks and returns when the server has their events."""

    name: str
    address: str
    opening: bytes
    pids: Sequence[int]
    publish: Callable[[Sequence[bytes]], object]


@contextmanager
def publisher(server: Server, make: events.Make) -> Iterator[Callable[[Sequence[bytes]], None]]:
    """Lend what publishes an event for each mark, 100 a request, on one stream that stays open."""
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


@contextmanager
def tidings(folder: Path, which: str) -> Iterator[Side]:
    """Lend Tidings, read as "ndjson", "grpc" or "websocket"."""
    make, over_grpc, opening = {
        "ndjson": (events.node, False, openings.http(NDJSON)),
        "grpc": (events.node, True, openings.grpc(SUBSCRIBE, LIVE.SerializeToString())),
        "websocket": (events.docker, False, openings.websocket(WEBSOCKET)),
    }[which]
    with (
        serving(folder / f"tidings-{which}") as server,
        publisher(server, make) as publish,
    ):
        address = server.grpc if over_grpc else server.http
        yield Side("tidings", address, opening, [server.process.pid], publish)


@contextmanager
def _fed(
    name: str,
    command: Sequence[str],
    first: bytes,
    opening: bytes,
    print_: Callable[[bytes], bytes],
) -> Iterator[Side]:
    """Lend a server that publishes what comes on its stdin, beginning with `first`."""
    process = subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0
    )
    assert process.stdin is not None
    assert process.stdout is not None
    pipe = process.stdin
    fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, 2**20)  # so that a backlog can be seen whole

    def publish(marks: Sequence[bytes]) -> None:
        for text in map(print_, marks):
            pipe.write(struct.pack("<I", len(text)) + text)

    try:
        if first:
            pipe.write(struct.pack("<I", len(first)) + first)
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
    with _fed("bare writer", (*_BARE, "writer"), _CHUNKED, openings.http("/"), _chunk) as side:
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
    """Lend the address of a bare unary call, /bench/Echo."""
    with _fed("grpc.aio bytes", (*_BARE, "grpc"), b"", b"", _response) as side:
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


def _chunk(mark: bytes) -> bytes:
    line = events.nomad_line(mark)
    return b"%x\r\n%s\r\n" % (len(line), line)


def _frame(mark: bytes) -> bytes:
    text = events.docker_text(mark)
    return struct.pack(">BBH", 0x81, 126, len(text)) + text


def _response(mark: bytes) -> bytes:
    return events.response([events.node(mark)])
