"""HTTP/1.0, which has no chunks: a body without a length ends with the connection."""

from __future__ import annotations

import json

import pytest

from tests.kit.gateway import Gateway, Talk, gateway, nomad_line
from tests.kit.loop import scenario


async def ask(running: Gateway, method: str, path: str, body: bytes = b"", *more: str) -> Talk:
    talk = await running.connect()
    length = [f"Content-Length: {len(body)}"] if body else []
    head = "\r\n".join([f"{method} {path} HTTP/1.0", *more, *length, "", ""])
    await talk.send(head.encode() + body)
    return talk


@pytest.mark.parametrize("more", [(), ("Connection: keep-alive",)], ids=["plain", "keep-alive"])
@pytest.mark.parametrize(
    ("path", "accept", "first"),
    [
        ("/v1/event/stream", "*/*", b"{}\n"),
        ("/v1/events?position=START_POSITION_EARLIEST", "*/*", b'{"batch":{"records":['),
        ("/v1/events?position=START_POSITION_EARLIEST", "text/event-stream", b"id: 2\n"),
    ],
)
@scenario
async def test_a_stream_is_bare_and_ends_with_the_connection(
    path: str, accept: str, first: bytes, more: tuple[str, ...]
) -> None:
    async with gateway() as running:
        await running.request("POST", "/v1/publish/nomad", nomad_line(1))
        talk = await ask(running, "GET", path, b"", f"Accept: {accept}", *more)
        status, headers = await talk.head()
        assert status == 200
        assert "transfer-encoding" not in headers
        assert headers["connection"] == "close"
        assert (await talk.reader.readexactly(len(first))) == first
        await running.request("POST", "/v1/publish/nomad", nomad_line(2))
        await talk.reader.readuntil(b"key-2")
        running.shutdown.set()
        assert (await talk.reader.read()).endswith(b"\n"), "it ends with a whole line"
        await talk.close()


@scenario
async def test_an_upload_is_answered_bare() -> None:
    async with gateway() as running:
        lines = nomad_line(1) + nomad_line(2)
        talk = await ask(running, "POST", "/v1/publish/nomad", lines)
        status, headers = await talk.head()
        assert (status, "transfer-encoding" in headers) == (200, False)
        answers = [json.loads(line) for line in (await talk.reader.read()).splitlines()]
        assert answers == [{"line": 1, "seq": 2}, {"line": 2, "seq": 3}]
        await talk.close()


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("path", ["/healthz", "/v1/event/list", "/nowhere"])
@scenario
async def test_a_whole_answer_has_its_length(path: str, method: str) -> None:
    async with gateway() as running:
        talk = await ask(running, method, path)
        _, headers = await talk.head()
        body = await talk.reader.read()
        assert len(body) == (int(headers["content-length"]) if method == "GET" else 0)
        await talk.close()
