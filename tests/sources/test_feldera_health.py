"""The health of a cluster: three small servers that are broken and mended in a scripted order."""

from __future__ import annotations

import http.client
import json
import socket
import ssl
import threading
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from pathlib import Path
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health, health_pb2_grpc
from grpc_health.v1.health_pb2 import HealthCheckResponse

from tests.certificates import Authority
from tests.kit.loop import at_once, run_async, scenario
from tests.patience import PATIENCE_S
from tests.sources.upstreams import Answer, Asked, Noted, upstream
from tidings.sources.failure import UpstreamFailed
from tidings.sources.feldera_health import FelderaHealthSource
from tidings.sources.health_probe import probe
from tidings.sources.target import Target as Where
from tidings.v1 import event_pb2

SERVICES = ("api", "compiler", "runner")
INTERVAL_S = 10.0
TLS = ssl.create_default_context()

H, U, I = "Healthy", "Unhealthy", "InitialUnhealthy"  # noqa: E741 - columns of the table below


class Target:
    """A small HTTP server on a port of its own, whose health the test decides."""

    def __init__(self) -> None:
        self.status, self.body = 200, b'{"status":"healthy"}'
        self.credential = ""
        target = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                target.credential = self.headers.get("Authorization", "")
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


class Over(Exception):
    """The script has ended."""


def watching(
    made: Mapping[str, Target], sleep: Callable[[float], Awaitable[None]], token_file: str = ""
) -> FelderaHealthSource:
    urls = {name: made[name].url if name in made else "http://127.0.0.1:9/" for name in SERVICES}
    target = Where(urls["api"], token_file)
    return FelderaHealthSource(
        "prod", target, compiler=urls["compiler"], runner=urls["runner"], interval=INTERVAL_S,
        sleep=sleep,
    )  # fmt: skip


def statuses(draft: event_pb2.Draft) -> tuple[str, ...]:
    (event,) = draft.events
    return tuple(getattr(event.feldera, f"{name}_status") for name in SERVICES)


def position(row: tuple[str, ...]) -> str:
    return json.dumps(dict(zip(SERVICES, row, strict=True)))


def test_rows_follow_the_script() -> None:
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
    noted = Noted()
    with targets() as made:
        change = iter(script)
        seen: list[int] = []

        async def next_round(pause_s: float) -> None:
            """End a round, and let happen what comes before the next one."""
            assert pause_s == INTERVAL_S
            seen.append(len(noted.drafts))
            changes, _ = next(change, (None, None))
            if changes is None:
                raise Over
            for name, status in changes.items():
                made[name].status = status

        for name, status in next(change)[0].items():
            made[name].status = status
        with pytest.raises(Over):
            run_async(watching(made, next_round).follow("", noted))
    rows = [row for _, row in script if row is not None]
    assert [statuses(draft) for draft in noted.drafts] == rows
    assert [after - before for before, after in pairwise([0, *seen])] == [
        int(row is not None) for _, row in script
    ]
    assert noted.said[0] == "connected"
    assert noted.said[-1] == f"put {position(rows[-1])}"
    assert len({draft.key for draft in noted.drafts}) == len(rows)


def test_a_new_run_goes_on_from_the_last_row_and_shows_its_credential_to_the_api_server_alone(
    tmp_path: Path,
) -> None:
    token = tmp_path / "token"
    token.write_text("apikey:s3cret\n")
    noted = Noted()

    async def no_more(pause_s: float) -> None:
        raise Over

    with targets() as made:
        made["runner"].status = 500
        source = watching(made, no_more, token_file=str(token))
        with pytest.raises(Over):
            run_async(source.follow(position((H, H, U)), noted))
        assert [target.credential for target in made.values()] == ["Bearer apikey:s3cret", "", ""]
    assert [statuses(draft) for draft in noted.drafts] == [(H, H, U)]


def test_a_credential_that_cannot_be_read_is_a_failure(tmp_path: Path) -> None:
    source = watching({}, at_once, token_file=str(tmp_path / "none"))
    with pytest.raises(UpstreamFailed, match="the token file cannot be read"):
        run_async(source.follow("", Noted()))


@pytest.mark.parametrize(
    ("trusts", "shows", "status"),
    [("ours", "client", H), ("strangers", "client", I), ("ours", "stranger", I), ("ours", "", I)],
)
@scenario
async def test_the_ca_and_the_client_certificate_are_those_that_are_set(
    trusts: str, shows: str, status: str, tmp_path: Path
) -> None:
    ours, strangers = Authority(tmp_path, "ours"), Authority(tmp_path, "strangers")
    server = ours.issue("server")
    ours.issue("client")
    strangers.issue("stranger")
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(ours.file))
    tls.verify_mode = ssl.CERT_REQUIRED
    tls.load_cert_chain(server.cert, server.key)
    noted = Noted()

    async def handler(request: Asked, answer: Answer) -> None:
        await answer.whole(200, b"{}")

    async def no_more(pause_s: float) -> None:
        raise Over

    async with upstream(handler, tls) as url:
        target = Where(
            url,
            ca=str(tmp_path / f"{trusts}.pem"),
            cert=str(tmp_path / f"{shows}.pem") if shows else "",
            key=str(tmp_path / f"{shows}.key") if shows else "",
        )
        source = FelderaHealthSource(
            "prod", target, compiler=url, runner=url, interval=INTERVAL_S, sleep=no_more
        )
        with pytest.raises(Over):
            await source.follow("", noted)
    assert [statuses(draft) for draft in noted.drafts] == [(status,) * 3]


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
        health = run_async(probe(target.url, {}, TLS))
    finally:
        target.close()
    assert health.fine is fine
    assert health.info.startswith(word)


@pytest.mark.parametrize(
    ("service", "fine", "info"),
    [
        ("", True, "Healthy: grpc://{} says SERVING"),
        ("/runner", False, "Unhealthy: grpc://{}/runner says NOT_SERVING"),
        ("/other", False, "Error: grpc://{}/other: NOT_FOUND: "),
    ],
)
@scenario
async def test_grpc_health(
    service: str,
    fine: bool,  # noqa: FBT001 - a row of the table
    info: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("grpc_proxy", "http_proxy"):  # are not asked
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    servicer = health.aio.HealthServicer()
    await servicer.set("runner", HealthCheckResponse.NOT_SERVING)
    server = grpc.aio.server()
    health_pb2_grpc.add_HealthServicer_to_server(servicer, server)
    address = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    await server.start()
    try:
        found = await probe(f"grpc://{address}{service}", {}, TLS)
    finally:
        await server.stop(None)
    assert (found.fine, found.info) == (fine, info.format(address))


def test_nobody_there_is_unreachable() -> None:
    target = Target()
    target.close()
    health = run_async(probe(target.url, {}, TLS))
    assert (health.fine, health.info.partition(" ")[0]) == (False, "Unreachable:")


def test_a_connection_that_is_made_too_late_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    made = []

    class Late(http.client.HTTPConnection):
        """Connects once it was given up."""

        def __init__(self, host: str, port: int, *, timeout: float) -> None:
            super().__init__(host, port, timeout=timeout)
            self.given_up = threading.Event()
            made.append(self)

        def connect(self) -> None:
            assert self.given_up.wait(PATIENCE_S)
            super().connect()

        def close(self) -> None:
            super().close()
            self.given_up.set()

    monkeypatch.setattr(http.client, "HTTPConnection", Late)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/healthz"
        run_async(probe(url, {}, TLS, timeout_s=0.05))
    assert [each.sock for each in made] == [None]


def test_silence_is_a_timeout() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/healthz"
        health = run_async(probe(url, {}, TLS, timeout_s=0.05))
    assert (health.fine, health.info.partition(" ")[0]) == (False, "Timeout:")
