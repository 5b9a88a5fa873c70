"""What the listener makes of heads: pure, and then at every door."""

from __future__ import annotations

import pytest

from tests.kit.gateway import gateway
from tests.kit.loop import scenario
from tidings.gateway.http.heads import RequestLine, authority_of, body_head, unknown_coding

LINE = "GET /caf\u00e9?q=\u00fc HTTP/1.1\r\nA: \u00e9\r\n\r\n".encode()
ESCAPED = b"GET /caf%C3%A9?q=%C3%BC HTTP/1.1\r\n" + "A: \u00e9\r\n\r\n".encode()


@pytest.mark.parametrize("size", range(1, len(LINE) + 1))
def test_only_the_line_is_escaped_however_it_is_cut(size: int) -> None:
    line, text, begins = RequestLine(), b"", True
    for at in range(0, len(LINE), size):
        text += line.escaped(LINE[at : at + size], begins=begins)
        begins = False
    assert text == ESCAPED


def test_empty_lines_before_a_request_do_not_end_its_line() -> None:
    line = RequestLine()
    assert line.escaped(b"\r\n\n", begins=True) == b"\r\n\n"
    assert line.escaped(b"\r\nGET /\xff\n\xff", begins=True) == b"\r\nGET /%FF\n\xff"
    assert line.escaped(b"\xff", begins=False) == b"\xff"


@pytest.mark.parametrize(
    ("values", "version", "status"),
    [
        ((), "1.1", None),
        ((b"chunked",), "1.1", None),
        ((b" Chunked ",), "1.1", None),
        ((b"gzip, chunked",), "1.1", 501),
        ((b"gzip", b"chunked"), "1.1", 501),
        ((b"chunked, chunked",), "1.1", 501),
        ((b"identity",), "1.1", 501),
        ((b"chunked",), "1.0", 400),
    ],
)
def test_codings_of_transfer(values: tuple[bytes, ...], version: str, status: int | None) -> None:
    headers = [(b"transfer-encoding", value) for value in values]
    assert unknown_coding([(b"host", b"a"), *headers], version) == status


@pytest.mark.parametrize(
    ("target", "authority"),
    [
        (b"/", None),
        (b"/http://a/", None),
        (b"*", None),
        (b"a:80", None),
        (b"http://a", b"a"),
        (b"HTTP://a:80/b", b"a:80"),
        (b"http://a?b/c", b"a"),
        (b"http://me@[::1]:80/", b"[::1]:80"),
    ],
)
def test_the_authority_of_a_target(target: bytes, authority: bytes | None) -> None:
    assert authority_of(target) == authority


def test_the_head_of_a_body_holds_what_says_where_it_ends() -> None:
    headers = [(b"host", b"a"), (b"content-length", b"3"), (b"upgrade", b"h2c")]
    assert body_head(headers, "1.1") == b"POST / HTTP/1.1\r\ncontent-length: 3\r\n\r\n"
    for last in (b"close", b"Upgrade, Close", b" close ,upgrade"):
        ended = body_head([(b"connection", last)], "1.1")
        assert ended == b"POST / HTTP/1.1\r\nconnection: close\r\n\r\n"
    assert body_head([(b"connection", b"closed")], "1.0") == b"POST / HTTP/1.0\r\n\r\n"


@pytest.mark.parametrize("coding", ["gzip, chunked", "gzip\r\nTransfer-Encoding: chunked"])
@scenario
async def test_a_body_in_another_transfer_coding_is_501_and_nothing_of_it_is_read(
    coding: str,
) -> None:
    async with gateway() as running:
        talk = await running.connect()
        await talk.send(
            f"PUT /v1/event/fire/x HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: {coding}\r\n\r\n"
            "2\r\nhi\r\n0\r\n\r\n".encode()
        )
        answer = await talk.answer()
        assert (answer.status, answer.body) == (501, b"501 Not Implemented")
        assert await talk.reader.read() == b""
        await talk.close()
        assert (await running.request("GET", "/v1/event/list")).body == b"[]"


@scenario
async def test_bytes_beyond_ascii_in_a_target_are_taken_as_if_they_were_escaped() -> None:
    async with gateway() as running:
        name = "d\u00e9ploy".encode().decode("latin-1")
        fired = await running.request("PUT", f"/v1/event/fire/{name}", b"hi")
        assert (fired.status, '"Name":"d\u00e9ploy"'.encode() in fired.body) == (200, True)
        for spelled in (name, "d%C3%A9ploy"):
            answer = await running.request("GET", f"/v1/event/list?name={spelled}")
            assert '"Name":"d\u00e9ploy"'.encode() in answer.body
        odd = await running.request("PUT", "/v1/event/fire/\xff", b"hi")
        assert (odd.status, odd.body) == (400, b"Invalid name: not UTF-8")
        puppet = await running.request("GET", f"/orchestrator/v1/jobs/{name}/events")
        assert (puppet.status, "d\u00e9ploy".encode() in puppet.body) == (400, True)
        feldera = await running.request("GET", f"/v0/cluster/events/{name}")
        assert (feldera.status, "d\u00e9ploy".encode() in feldera.body) == (400, True)


@scenario
async def test_bytes_beyond_ascii_on_a_connection_that_goes_on() -> None:
    async with gateway() as running:
        talk = await running.connect()
        for _ in range(2):
            await talk.ask("PUT", "/v1/event/fire/\xc3\xa9", b"\xff\n\xff")
            assert (await talk.answer()).status == 200
        await talk.close()
