"""Other servers that deliver events: etcd, NATS and Redis.

They run with their defaults, and carry an event encoded as protobuf. One publisher has an open
connection to each.
"""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

import grpc

from benchmarks.lab import events, openings
from benchmarks.lab.measure import PATIENCE_S, Missing
from benchmarks.lab.sides import Side
from tests.nats.servers import free_port, nats_server

_AT_ONCE = 100


@contextmanager
def etcd(folder: Path, make: events.Make = events.node) -> Iterator[Side]:
    """Lend etcd, whose readers watch one key; puts go through gRPC, up to 100 at a time."""
    client, peer = (f"127.0.0.1:{free_port()}" for _ in range(2))
    urls = {
        "--listen-client-urls": client,
        "--advertise-client-urls": client,
        "--listen-peer-urls": peer,
        "--initial-advertise-peer-urls": peer,
    }
    flags = [f"{flag}=http://{address}" for flag, address in urls.items()]
    command = (*flags, f"--initial-cluster=default=http://{peer}", f"--data-dir={folder / 'etcd'}")
    with _running("etcd", *command) as pid, grpc.insecure_channel(client) as channel:
        grpc.channel_ready_future(channel).result(PATIENCE_S)
        put: grpc.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(
            "/etcdserverpb.KV/Put"
        )

        def publish(marks: Sequence[bytes]) -> None:
            for at in range(0, len(marks), _AT_ONCE):
                values = [make(mark).SerializeToString() for mark in marks[at : at + _AT_ONCE]]
                calls = [put.future(_field(1, b"x") + _field(2, value)) for value in values]
                for call in calls:
                    call.result()

        create = _field(1, _field(1, b"x"))
        opening = openings.WINDOWS + openings.head("/etcdserverpb.Watch/Watch", 1)
        opening += openings.message(create, 1, is_last=False)
        yield Side("etcd watch", client, opening, [pid], publish)


@contextmanager
def nats(folder: Path, make: events.Make = events.node) -> Iterator[Side]:
    """Lend core NATS, without its pings in these minutes."""
    with nats_server(folder / "nats", extra="ping_interval: 1h") as server:
        connect = b'CONNECT {"verbose":false}\r\n'
        with _publisher(server.address, connect) as publish_all:

            def publish(marks: Sequence[bytes]) -> None:
                bodies = [make(mark).SerializeToString() for mark in marks]
                said = b"".join(b"PUB x %d\r\n%s\r\n" % (len(body), body) for body in bodies)
                publish_all(said + b"PING\r\n", b"PONG", 1)

            opening = connect + b"SUB x 1\r\n"
            yield Side("nats core", server.address, opening, [server.process.pid], publish)


@contextmanager
def redis(folder: Path, make: events.Make = events.node) -> Iterator[Side]:
    """Lend Redis with its channels, without its limit on unread output."""
    port = free_port()
    command = f"--port {port} --bind 127.0.0.1 --dir {folder}".split()
    unlimited = ("--save", "", "--client-output-buffer-limit", "pubsub 0 0 0")
    address = f"127.0.0.1:{port}"
    with (
        _running("redis-server", *command, *unlimited) as pid,
        _publisher(address, b"") as publish_all,
    ):

        def publish(marks: Sequence[bytes]) -> None:
            bodies = [make(mark).SerializeToString() for mark in marks]
            head = b"*3\r\n$7\r\nPUBLISH\r\n$1\r\nx\r\n"
            said = b"".join(head + b"$%d\r\n%s\r\n" % (len(body), body) for body in bodies)
            publish_all(said, b"\n", len(bodies))

        yield Side("redis", address, b"SUBSCRIBE x\r\n", [pid], publish)


@contextmanager
def _running(program: str, *arguments: str) -> Iterator[int]:
    found = shutil.which(program)
    if found is None:
        raise Missing(program)
    process = subprocess.Popen(
        [found, *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        yield process.pid
    finally:
        process.kill()
        process.wait()


@contextmanager
def _publisher(address: str, greeting: bytes) -> Iterator[Callable[[bytes, bytes, int], None]]:
    """Lend a client of one connection that returns once a number of answers has come."""
    with closing(_connected(address)) as wire:
        wire.sendall(greeting)

        def say(text: bytes, answer: bytes, times: int) -> None:
            wire.sendall(text)
            heard = b""
            while heard.count(answer) < times:
                heard += wire.recv(65536)

        yield say


def _connected(address: str) -> socket.socket:
    host, _, port = address.rpartition(":")
    deadline = time.monotonic() + PATIENCE_S
    while True:
        try:
            return socket.create_connection((host, int(port)), PATIENCE_S)
        except ConnectionRefusedError:  # it is still starting
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def _field(number: int, content: bytes) -> bytes:
    """Return a length-delimited field of protobuf."""
    size, length = len(content), b""
    while size > 127:
        length += bytes((size & 127 | 128,))
        size >>= 7
    return bytes((number << 3 | 2,)) + length + bytes((size,)) + content
