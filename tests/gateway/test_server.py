"""Serving on somebody else's socket, and going down in order."""

from __future__ import annotations

import asyncio
import json
import re
import socket
from importlib.metadata import version
from logging import INFO

import pytest

from tests.kit.gateway import Gateway, Talk, gateway, listening, nomad_line
from tests.kit.loop import run_async, scenario
from tests.patience import PATIENCE_S
from tidings.gateway.readiness import CHECKS
from tidings.gateway.server import serve
from tidings.gateway.settings import GatewaySettings
from tidings.gateway.upstream.client import Upstream


async def blocked_list(running: Gateway) -> Talk:
    """Ask for a list that waits, and return when it does."""
    fired = await running.request("PUT", "/v1/event/fire/deploy")
    assert fired.status == 200
    talk = await running.connect()
    await talk.ask("GET", "/v1/event/list?index=2&wait=5m")
    while "tidings_http_open_requests 2.0" not in await metrics(running):
        pass
    return talk


async def metrics(running: Gateway) -> str:
    return (await running.request("GET", "/metrics")).body.decode()


@scenario
async def test_a_waiting_list_answers_on_the_way_down() -> None:
    async with gateway(grace_s=10.0) as running:
        talk = await blocked_list(running)
        running.shutdown.set()
        answer = await talk.answer()
        assert (answer.status, answer.headers["x-consul-index"]) == (200, "2")
        assert b'"deploy"' in answer.body
        assert await talk.reader.read() == b""
        await talk.close()


@scenario
async def test_a_connection_that_is_idle_is_closed_and_a_new_one_may_still_ask() -> None:
    async with gateway(grace_s=10.0) as running:
        idle, fresh, half = [await running.connect() for _ in range(3)]
        await idle.ask("GET", "/healthz")
        assert (await idle.answer()).status == 200
        await half.send(b"GET /healthz HTTP/1.1\r\nHo")
        await metrics(running)  # by now all of them were seen
        running.shutdown.set()
        assert await idle.reader.read() == b""
        await fresh.ask("GET", "/v1/event/stream")
        status, _ = await fresh.head()
        assert status == 200
        assert await fresh.rest() == b"{}\n", "an end that tells the client to come again"
        await half.send(b"st: t\r\n\r\n")
        answer = await half.answer()
        assert (answer.status, answer.headers["connection"]) == (200, "close")
        for talk in (idle, fresh, half):
            await talk.close()


@scenario
async def test_on_the_way_down_it_is_not_ready_and_says_why() -> None:
    async with gateway(grace_s=10.0) as running:
        probe = await running.connect()
        await metrics(running)  # by now it was seen
        running.shutdown.set()
        await probe.ask("GET", "/readyz?verbose")
        answer = await probe.answer()
        assert answer.status == 503
        assert b"[-]gateway failed: going down\n" in answer.body
        await probe.close()


def complaints(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return what was logged above INFO, without asyncio's own lines on slow steps."""
    ours = [record for record in caplog.records if record.name != "asyncio"]
    return [record.message for record in ours if record.levelno > INFO]


UNFINISHED = {
    "a body": b"PUT /v1/event/fire/x HTTP/1.1\r\nHost: t\r\nContent-Length: 10\r\n\r\n12",
    "a body of lines": b"POST /v1/events HTTP/1.1\r\nHost: t\r\nContent-Length: 10\r\n\r\n{",
    "a closing handshake": (
        b"GET /api/audit/v1/events HTTP/1.1\r\nHost: t\r\nUpgrade: websocket\r\n"
        b"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    ),
}


@pytest.mark.parametrize("sent", UNFINISHED.values(), ids=UNFINISHED)
def test_what_does_not_end_within_the_grace_is_cut_off_as_if_the_client_had_left(
    sent: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    async def main() -> None:
        async with gateway(grace_s=0.2) as running:
            talk = await running.connect()
            await talk.send(sent)
            while "tidings_http_open_requests 2.0" not in await metrics(running):
                pass
            running.shutdown.set()
            await running.serving
            await talk.close()

    run_async(main())
    assert complaints(caplog) == []


def test_who_reads_nothing_is_cut_off_as_well(caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        async with gateway(grace_s=0.2) as running:
            talk = await running.connect()
            await talk.ask("GET", "/v1/events?after_seq=0")
            while "tidings_http_open_requests 2.0" not in await metrics(running):
                pass
            large = nomad_line(1, Payload={"Job": {"ID": "x" * 2_000_000}})
            for _ in range(10):  # beyond what the sockets of both sides hold
                assert (await running.request("POST", "/v1/publish/nomad", large)).status == 200
            running.shutdown.set()
            await running.serving
            await talk.close()

    run_async(main())
    assert complaints(caplog) == []


@pytest.mark.parametrize("path", ["/v1/publish/nomad", "/v1/events"])
@scenario
async def test_an_upload_does_not_wait_for_a_service_that_goes_down_first(path: str) -> None:
    async with gateway(grace_s=10 * PATIENCE_S, patience_s=10 * PATIENCE_S) as running:
        talk = await running.connect()
        head = f"POST {path} HTTP/1.1\r\nHost: t\r\nContent-Type: application/x-ndjson\r\n"
        await talk.send(head.encode() + b'Transfer-Encoding: chunked\r\n\r\n3\r\n{"I\r\n')
        while "tidings_http_open_requests 2.0" not in await metrics(running):
            pass
        await running.service.stop()
        running.shutdown.set()
        status, _ = await talk.head()
        assert status in (200, 503)
        await running.serving
        await talk.close()


@pytest.mark.parametrize("path", ["/v1/publish/nomad", "/v1/events"])
@pytest.mark.parametrize("length", ["Transfer-Encoding: chunked", "Content-Length: 9999"])
@scenario
async def test_an_upload_that_is_not_read_to_its_end_is_cut_off_when_it_goes_down(
    path: str, length: str
) -> None:
    async with gateway() as running:
        talk = await running.connect()
        json_lines = "Content-Type: application/x-ndjson"
        await talk.ask("POST", path, headers=[json_lines, length])
        lines = b'{"I":1}\n{"I":2}\n'
        await talk.send(b"%x\r\n%b\r\n" % (len(lines), lines) if "chunked" in length else lines)
        await talk.head()
        assert [json.loads(line)["line"] for line in await talk.lines(2)] == [1, 2]
        running.shutdown.set()
        assert await talk.reader.read() == b"", "no final chunk: what may still come has no answer"
        await running.serving
        await talk.close()


@scenario
async def test_connections_that_come_later_wait_for_whoever_serves_the_socket_next() -> None:
    async def one_life(upstream: Upstream, sock: socket.socket, tasks: asyncio.TaskGroup) -> None:
        reader, writer = await asyncio.open_connection(*sock.getsockname())
        writer.write(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        shutdown, ready = asyncio.Event(), asyncio.Event()
        serving = tasks.create_task(
            serve(
                GatewaySettings(),
                sock,
                upstream,
                grace_s=2.0,
                shutdown=shutdown,
                on_ready=ready.set,
            )
        )
        await ready.wait()
        assert b"healthy" in await reader.read()
        writer.close()
        shutdown.set()
        await serving
        assert sock.fileno() >= 0, "the socket is the caller's"

    async with gateway() as first, asyncio.TaskGroup() as tasks:
        with listening() as sock:
            for _ in range(2):
                async with Upstream(first.service.address) as upstream:
                    await one_life(upstream, sock, tasks)


@scenario
async def test_readiness_is_that_of_the_service() -> None:
    async with gateway() as running:
        answer = await running.request("GET", "/readyz")
        assert (answer.status, answer.body) == (200, b'{"status":"ready"}')
        await running.service.stop()
        answer = await running.request("GET", "/readyz")
        assert (answer.status, answer.body) == (503, b'{"status":"not ready"}')
        answer = await running.request("GET", "/healthz")
        assert (answer.status, answer.body) == (200, b'{"status":"healthy"}')


@scenario
async def test_readiness_lists_its_checks_and_why_one_fails() -> None:
    async with gateway() as running:
        assert running.service.log is not None
        checks = running.service.log.checks
        for reason, status, word, line, verdict in (
            ("", 200, "ready", "[+]write ok", "passed"),
            ("disk full", 503, "not ready", "[-]write failed: disk full", "failed"),
            ("", 200, "ready", "[+]write ok", "passed"),
        ):
            await checks.tell("write", reason)
            answer = await running.request("GET", "/readyz")
            assert (answer.status, answer.body) == (status, b'{"status":"%s"}' % word.encode())
            answer = await running.request("GET", "/readyz?verbose")
            assert answer.status == status
            assert answer.headers["content-type"] == "text/plain; charset=utf-8"
            assert answer.body.decode() == (
                f"[+]gateway ok\n[+]service ok\n{line}\n[+]clock ok\n[+]sources ok\n"
                f"readyz check {verdict}\n"
            )
        await checks.tell("clock", "the machine's clock jumped forward")
        answer = await running.request("GET", "/readyz?verbose")
        assert answer.status == 200, "readers and publishers go on"
        assert b"[-]clock failed: the machine's clock jumped forward\n" in answer.body
        await running.service.stop()
        answer = await running.request("GET", "/readyz?verbose=1")
        assert (answer.status, answer.body) == (
            503,
            (
                b"[+]gateway ok\n[-]service failed\n[-]write failed\n[-]clock failed\n"
                b"[-]sources failed\n"
                b"readyz check failed\n"
            ),
        )


@scenario
async def test_paths_and_methods_that_are_nobodys() -> None:
    async with gateway() as running:
        for method, target, status, body in (
            ("GET", "/nowhere", 404, b'{"code":5,"message":"no such path","details":[]}'),
            ("GET", "/v0/nowhere", 404, b""),
            ("HEAD", "/healthz", 200, b""),
        ):
            answer = await running.request(method, target)
            assert (answer.status, answer.body) == (status, body), target
        answer = await running.request("POST", "/metrics")
        assert (answer.status, answer.headers["allow"]) == (405, "GET, HEAD")


@scenario
async def test_single_checks_are_asked_for_and_passed_over_by_name() -> None:
    async with gateway() as running:

        async def ask(path: str, method: str = "GET") -> tuple[int, bytes]:
            answer = await running.request(method, path)
            return answer.status, answer.body

        yes, no = (200, b'{"status":"ready"}'), (503, b'{"status":"not ready"}')
        assert await ask("/readyz/write") == yes
        assert await ask("/readyz/gateway") == yes
        assert (await ask("/readyz/nothing"))[0] == 404
        assert (await ask("/readyz/write/more"))[0] == 404
        assert (await ask("/readyz/write", "POST"))[0] == 405
        await running.service.stop()
        assert await ask("/readyz/gateway") == yes
        assert await ask("/readyz/service") == no
        every = "&".join(f"exclude={check.name}" for check in CHECKS)
        assert await ask(f"/readyz?{every}") == yes
        assert await ask("/readyz?exclude=service") == no
        assert "[+]service ok\n" in (await ask("/readyz?verbose&exclude=service"))[1].decode()


@scenario
async def test_versions_are_told() -> None:
    async with gateway() as running:
        told = json.loads((await running.request("GET", "/version")).body)
    assert told.pop("version") == version("tidings")
    assert all(re.fullmatch(r"\d+\.\d+\.\d+.*", each) for each in told.values())
    assert set(told) == {"python", "grpc", "protobuf"}
