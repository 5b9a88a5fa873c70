"""Grpc-Timeout: whatever the path, it ends when the client said; but for uploads in order."""

from __future__ import annotations

import json
import time

import pytest

from tests.gateway.doors.docker_cloud.stream import EVENTS
from tests.kit.gateway import Gateway, gateway, nomad_line
from tests.kit.loop import scenario

HANDSHAKE = (
    *("Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13"),
    f"Sec-WebSocket-Key: {'A' * 22}==",
)
PATHS = [
    ("GET", "/v1/event/stream", ""),
    ("GET", "/v1/event/list", ""),
    ("PUT", "/v1/event/fire/x", ""),
    ("GET", "/v1/events", "message"),
    ("POST", "/v1/events", "message"),
    ("POST", "/v1/publish/nomad", "message"),
    ("GET", "/orchestrator/v1/jobs/1/events", "msg"),
    ("GET", "/v0/cluster/events", "message"),
    ("GET", EVENTS, "error"),
    ("GET", "/healthz", "message"),
    ("GET", "/nowhere", "message"),
]


def text_of(body: bytes, member: str) -> str:
    return str(json.loads(body)[member]) if member else body.decode()


@pytest.mark.parametrize(("method", "path", "member"), PATHS)
@pytest.mark.parametrize(
    "value", ["soon", "5", "-1S", "123456789S", "1.5S", "1S\r\nGrpc-Timeout: 1S"]
)
@scenario
async def test_a_malformed_one_is_400_in_the_words_of_the_path(
    method: str, path: str, member: str, value: str
) -> None:
    async with gateway(docker_cloud_pause_s=0.0) as running:
        for more in ((), HANDSHAKE if path == EVENTS else ()):
            answer = await running.request(method, path, b"", [f"Grpc-Timeout: {value}", *more])
            assert answer.status == 400, answer
            assert text_of(answer.body, member).startswith("grpc-timeout: ")


@pytest.mark.parametrize(
    ("path", "accept"),
    [("/v1/event/stream", "*/*"), ("/v1/events", "*/*"), ("/v1/events", "text/event-stream")],
)
@scenario
async def test_a_stream_ends_with_its_final_chunk(path: str, accept: str) -> None:
    async with gateway() as running:
        await running.request("POST", "/v1/publish/nomad", nomad_line(1))
        begun_s = time.monotonic()
        talk = await running.connect()
        await talk.ask("GET", path, headers=["Grpc-Timeout: 300m", f"Accept: {accept}"])
        status, _ = await talk.head()
        assert status == 200
        assert (await talk.rest()).endswith(b"\n"), "whole lines, and the final chunk"
        assert time.monotonic() - begun_s >= 0.3
        await talk.close()


@scenario
async def test_an_upload_ends_with_the_answers_to_what_came_and_no_final_chunk() -> None:
    async with gateway() as running:
        talk = await running.connect()
        await talk.send(
            b"POST /v1/publish/nomad HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n"
            b"Grpc-Timeout: 400m\r\n\r\n"
        )
        line = nomad_line(1)
        await talk.send(b"%x\r\n%b\r\n" % (len(line), line) * 3)
        await talk.head()
        answers = [json.loads(answer) for answer in await talk.lines(3)]
        assert [set(each) for each in answers] == [{"line", "seq"}] * 3
        assert await talk.reader.read() == b"", "cut off: what may still come has no answer"
        await talk.close()


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/v1/event/list?index=1"), ("PUT", "/v1/event/fire/x")]
)
@scenario
async def test_what_has_not_begun_to_answer_is_504(method: str, path: str) -> None:
    async with gateway() as running:
        talk = await running.connect()
        more = ["Content-Length: 5"] if method == "PUT" else []
        await talk.ask(method, path, headers=["Grpc-Timeout: 200m", *more])
        answer = await talk.answer()
        assert (answer.status, answer.body) == (504, b"not done within grpc-timeout")
        await talk.close()


@scenario
async def test_no_time_at_all_is_none() -> None:
    async with gateway() as running:
        for path in ("/v1/event/list", "/v1/events", "/v1/event/stream"):
            answer = await running.request("GET", path, headers=["Grpc-Timeout: 0S"])
            assert answer.status == 504


@scenario
async def test_a_websocket_is_closed_in_order() -> None:
    async with gateway() as running:
        talk = await running.connect()
        await talk.ask("GET", EVENTS, headers=[*HANDSHAKE, "Grpc-Timeout: 300m"])
        assert (await talk.head())[0] == 101
        frame = await talk.reader.readexactly(4)
        assert frame == b"\x88\x02" + (1000).to_bytes(2, "big")
        await talk.close()


async def open_requests(running: Gateway) -> float:
    page = (await running.request("GET", "/metrics")).body.decode()
    (line,) = [row for row in page.splitlines() if row.startswith("tidings_http_open_requests ")]
    return float(line.split()[1]) - 1


@scenario
async def test_a_stream_that_nobody_reads_is_over_as_well() -> None:
    async with gateway(http_silence=0.3) as running:
        large = nomad_line(1, Payload={"Job": {"ID": "x" * 2_000_000}})
        for _ in range(10):  # beyond what the sockets of both sides hold
            assert (await running.request("POST", "/v1/publish/nomad", large)).status == 200
        talk = await running.connect()
        await talk.ask("GET", "/v1/event/stream", headers=["Grpc-Timeout: 3S"])
        while await open_requests(running) < 1:
            pass
        while await open_requests(running):
            pass
        await talk.close()
