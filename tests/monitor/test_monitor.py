"""A monitor over three small servers that are broken and mended in a scripted order."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import grpc
import pytest

from tests.aio import run_async
from tests.rpc.serving import Served, serving
from tidings.monitor.monitor import SERVICES, Monitor
from tidings.monitor.probe import BadTarget, check_target, probe
from tidings.v1 import event_service_pb2, feldera_pb2
from tidings.v1.event_service_pb2_grpc import EventServiceStub

H, U, I = "Healthy", "Unhealthy", "InitialUnhealthy"  # noqa: E741 - columns of the table below


class Target:
    """A small HTTP server on a port of its own, whose health the test decides."""

    def __init__(self) -> None:
        self.status, self.body = 200, b'{"status":"healthy"}'
        target = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(target.status)
                self.send_header("Content-Length", str(len(target.body)))
                self.end_headers()
                self.wfile.write(target.body)

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/healthz?check_storage=true"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@contextmanager
def targets() -> Iterator[dict[str, Target]]:
    with ExitStack() as undo:
        made = {name: Target() for name in SERVICES}
        for target in made.values():
            undo.callback(target.close)
        yield made


class Calls:
    """The monitor's stub over a synchronous channel: two aio loops in a process do not mix."""

    def __init__(self, stub: EventServiceStub) -> None:
        self._stub = stub

    async def GetClusterEvent(self, request: Any, timeout: float) -> Any:  # noqa: ASYNC109
        try:
            return self._stub.GetClusterEvent(request, timeout=timeout)
        except grpc.RpcError as error:
            raise _aio_error(error) from error

    async def Publish(self, request: Any, timeout: float) -> Any:  # noqa: ASYNC109
        return self._stub.Publish(request, timeout=timeout)


def _aio_error(error: Any) -> grpc.aio.AioRpcError:
    return grpc.aio.AioRpcError(error.code(), grpc.aio.Metadata(), grpc.aio.Metadata())


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with serving(f"unix:{tmp_path / 'socket'}") as one:
        yield one


def rows(served: Served) -> list[feldera_pb2.FelderaClusterEvent]:
    """Return what is stored, oldest first."""
    request = event_service_pb2.ListClusterEventsRequest(fields=feldera_pb2.FELDERA_FIELDS_ALL)
    return list(reversed(served.stub.ListClusterEvents(request, timeout=20).events))


def test_rows_follow_the_script(served: Served) -> None:
    # What happens before a round, and the row that it writes: api, compiler, runner; None = no row.
    script: list[tuple[dict[str, int], tuple[str, str, str] | None]] = [
        ({"api": 500, "runner": 500}, (I, H, I)),  # nothing stored
        ({}, (I, H, I)),  # the first round that finds a stored event
        ({"api": 200}, (H, H, I)),  # still unhealthy: gap 1
        ({}, None),
        ({"runner": 200}, (H, H, H)),  # all well again: at once
        ({}, None),
        ({"compiler": 503}, (H, U, H)),  # broke: at once
        ({"api": 500}, (U, U, H)),  # gap 1
        ({}, None),
        ({}, (U, U, H)),  # gap 2
        ({"api": 200, "compiler": 200}, (H, H, H)),
    ]
    wanted = []

    async def play() -> None:
        with targets() as made:
            urls = {name: target.url for name, target in made.items()}
            monitor = Monitor(Calls(served.stub), urls)  # type: ignore[arg-type]  # the same methods
            for changes, row in script:
                served.deployment.clock.at_us += 10_000_000
                for name, status in changes.items():
                    made[name].status = status
                assert await monitor.round() == (row is not None)
                if row is not None:
                    wanted.append(row)

    run_async(play())
    stored = [(row.api_status, row.compiler_status, row.runner_status) for row in rows(served)]
    assert stored == wanted


@pytest.mark.parametrize(
    ("status", "body", "fine", "word"),
    [
        (200, b'{"status":"healthy"}', True, "Healthy:"),
        (204, b"", True, "Healthy:"),
        (500, b'{"status":"no database"}', False, "Unhealthy:"),
        (503, b"<html>", False, "Unhealthy:"),
        (302, b"", False, "Unhealthy:"),
    ],
)
def test_http_health(status: int, body: bytes, fine: bool, word: str) -> None:  # noqa: FBT001
    target = Target()
    target.status, target.body = status, body
    try:
        health = run_async(probe(target.url))
    finally:
        target.close()
    assert health.fine is fine
    assert health.info.startswith(word)


def test_nobody_there_is_unreachable() -> None:
    target = Target()
    target.close()
    health = run_async(probe(target.url))
    assert (health.fine, health.info.partition(" ")[0]) == (False, "Unreachable:")


def test_silence_is_a_timeout() -> None:
    import socket  # noqa: PLC0415 - only here

    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/healthz"
        health = run_async(probe(url, timeout_s=0.05))
    assert (health.fine, health.info.partition(" ")[0]) == (False, "Timeout:")


@pytest.mark.parametrize(
    "url", ["", "ftp://x/", "http://", "grpc://host", "http://h:x/", "host:80"]
)
def test_bad_targets_are_refused(url: str) -> None:
    with pytest.raises(BadTarget):
        check_target(url)


@pytest.mark.parametrize("url", ["http://h/healthz", "https://h:1/", "grpc://h:1", "grpc://h:1/s"])
def test_good_targets(url: str) -> None:
    check_target(url)
