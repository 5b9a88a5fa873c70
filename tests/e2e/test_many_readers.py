"""Many readers at once, and one that never reads (G5)."""

from __future__ import annotations

import contextlib
import resource
import selectors
import socket
from collections.abc import Iterator
from typing import Any

import grpc
import pytest

from tests.kit.server import Server, nomad_line
from tests.patience import PATIENCE_S
from tidings.v1 import event_service_pb2, event_service_pb2_grpc

READERS = 1_000
MIB = 1024 * 1024


@pytest.fixture(autouse=True)
def _many_files() -> None:
    """Raise this process's own limit of open files: each reader is one here too."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def open_stream(server: Server, path: str) -> socket.socket:
    host, _, port = server.http.rpartition(":")
    connection = socket.create_connection((host, int(port)), timeout=PATIENCE_S)
    connection.sendall(f"GET {path} HTTP/1.1\r\nHost: {server.http}\r\n\r\n".encode())
    return connection


def read_until(connections: list[socket.socket], wanted: bytes) -> None:
    """Read from all at once until each has seen `wanted`."""
    missing = dict.fromkeys(connections, b"")
    with selectors.DefaultSelector() as selector:
        for connection in connections:
            selector.register(connection, selectors.EVENT_READ)
        while missing:
            ready = selector.select(PATIENCE_S * 3)
            assert ready, f"{len(missing)} readers saw nothing"
            for key, _ in ready:
                reader = key.fileobj
                assert isinstance(reader, socket.socket)
                data = reader.recv(65536)
                assert data, "a stream ended"
                missing[reader] = (missing[reader] + data)[-4096:]
                if wanted in missing[reader]:
                    del missing[reader]
                    selector.unregister(reader)


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_one_event_reaches_a_thousand_http_and_a_thousand_grpc_readers(server: Server) -> None:
    with contextlib.ExitStack() as undo:
        connections = [
            undo.enter_context(contextlib.closing(open_stream(server, "/v1/event/stream")))
            for _ in range(READERS)
        ]
        read_until(connections, b"{}\n")
        calls = list(grpc_readers(server, undo))
        server.publish_nomad([nomad_line(77)])
        read_until(connections, b"key-77")
        for call in calls:
            assert next_record_key(call) == "key-77"
            call.cancel()


def grpc_readers(server: Server, undo: contextlib.ExitStack) -> Iterator[Any]:
    """Open many streams over a few connections and wait until each has been taken on."""
    request = event_service_pb2.SubscribeRequest(position=event_service_pb2.START_POSITION_LATEST)
    for place in range(20):
        options = [("grpc.use_local_subchannel_pool", 1), ("tidings.place", place)]
        channel = undo.enter_context(grpc.insecure_channel(server.grpc, options=options))
        stub = event_service_pb2_grpc.EventServiceStub(channel)
        for _ in range(READERS // 20):
            call = stub.Subscribe(request)
            call.initial_metadata()
            yield call


def next_record_key(call: Any) -> str:
    for response in call:
        if response.batch.records:
            return str(response.batch.records[0].events[0].nomad.key)
    raise AssertionError("the stream ended")


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("path", ["/v1/event/stream?index=1", "/v1/events?after_seq=0"])
def test_a_reader_that_never_reads_costs_bounded_memory(server: Server, path: str) -> None:
    tail_bytes = 8 * MIB
    server.end()
    server.flags = [f"--tail-size={tail_bytes}B"]
    server.start()
    batch = [nomad_line(n, text="x" * 50_000) for n in range(1, 101)]  # 5 MB
    server.publish_nomad(batch * 2)  # warm: both processes have seen such a load, the tail is full
    with contextlib.closing(open_stream(server, path)) as stuck:
        stuck.recv(1)
        before = {process.pid: process.memory_info().rss for process in server.processes()}
        for _ in range(20):
            answers = server.publish_nomad(batch)
            assert len(answers) == len(batch)
        grown = sum(
            max(0, process.memory_info().rss - before[process.pid])
            for process in server.processes()
        )
    assert grown <= 32 * MIB + tail_bytes, f"{grown / MIB:.0f} MiB"
