"""The listener's limits, on raw sockets."""

from __future__ import annotations

import asyncio

import pytest
import structlog.testing

from tests.kit.gateway import Gateway, Talk, gateway
from tests.kit.loop import run_async, scenario

GET = b"GET /healthz HTTP/1.1\r\nHost: test\r\n"


async def refusals(running: Gateway) -> dict[str, float]:
    page = (await running.request("GET", "/metrics")).body.decode()
    prefix = 'tidings_http_refused_total{limit="'
    rows = [line.removeprefix(prefix) for line in page.splitlines() if line.startswith(prefix)]
    return {row.partition('"')[0]: float(row.rpartition(" ")[2]) for row in rows}


async def refused(talk: Talk, status: int) -> None:
    answer = await talk.answer()
    assert answer.status == status
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.headers["connection"] == "close"
    assert len(answer.headers["x-request-id"]) == 16
    assert answer.body.startswith(str(status).encode())
    assert await talk.reader.read() == b"", "the connection is closed"
    await talk.close()


@pytest.mark.parametrize(
    "head",
    [
        b"GET /" + b"x" * 2000 + b" HTTP/1.1\r\n\r\n",
        GET + b"A: " + b"x" * 2000 + b"\r\n\r\n",
        GET + b"A: b\r\n" * 400 + b"\r\n",
        GET + b"A" * 2000,
        b"\r\n" * 2000,
    ],
    ids=["target", "header", "many headers", "unended name", "line ends"],
)
@pytest.mark.parametrize("size", [100, 10_000])
@scenario
async def test_a_head_beyond_the_limit_is_431(head: bytes, size: int) -> None:
    async with gateway(http_head_size=1000) as running:
        talk = await running.connect()
        for at in range(0, len(head), size):
            await talk.send(head[at : at + size])
        await refused(talk, 431)
        assert await refusals(running) == {"head_bytes": 1.0}


@scenario
async def test_a_head_within_the_limit_may_come_together_with_a_larger_body() -> None:
    body = b'{"Index":1,"Events":[{"Topic":"T","Type":"t","Payload":{"T":"' + b"x" * 5000 + b'"}}]}'

    async with gateway(http_head_size=1000) as running:
        talk = await running.connect()
        for _ in range(2):  # the second request comes on a connection that has seen a body
            await talk.ask("POST", "/v1/publish/nomad", body)
            assert (await talk.answer()).status == 200
        await talk.close()


@scenario
async def test_the_default_is_64_kib() -> None:
    async with gateway() as running:
        answer = await running.request("GET", "/healthz", headers=[f"A: {'x' * 65_000}"])
        assert answer.status == 200
        answer = await running.request("GET", "/healthz", headers=[f"A: {'x' * 65_536}"])
        assert answer.status == 431


@scenario
async def test_trailers_count_as_a_head() -> None:
    async with gateway(http_head_size=1000) as running:
        talk = await running.connect()
        await talk.send(
            b"PUT /v1/event/fire/x HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n"
            b"0\r\n" + b"T: " + b"x" * 900 + b"\r\nT: " + b"x" * 900 + b"\r\n\r\n"
        )
        assert await talk.reader.read() == b"", "it is cut off: a request is going on"
        await talk.close()


@scenario
async def test_a_head_that_takes_too_long_is_408() -> None:
    async with gateway(http_head_time=0.2) as running:
        talk = await running.connect()
        await talk.send(GET)
        await refused(talk, 408)
        assert await refusals(running) == {"head_s": 1.0}


@scenario
async def test_a_dripping_head_has_no_more_time_than_any_other() -> None:
    async with gateway(http_head_time=0.3) as running:
        talk = await running.connect()

        async def drip() -> None:
            for byte in GET * 100:
                await talk.send(bytes((byte,)))
                await asyncio.wait([asyncio.get_running_loop().create_future()], timeout=0.01)

        async with asyncio.TaskGroup() as tasks:
            dripping = tasks.create_task(drip())
            assert (await talk.answer()).status == 408
            dripping.cancel()
        await talk.close()


@scenario
async def test_a_connection_that_says_nothing_is_closed_without_a_word() -> None:
    async with gateway(http_head_time=0.2) as running:
        talk = await running.connect()
        assert await talk.reader.read() == b""
        assert await refusals(running) == {}
        await talk.close()


@scenario
async def test_the_second_head_on_a_connection_is_limited_too() -> None:
    async with gateway(http_head_time=0.3, http_head_size=1000) as running:
        talk = await running.connect()
        await talk.send(GET + b"\r\n")
        assert (await talk.answer()).status == 200
        await talk.send(b"GET /he")
        await refused(talk, 408)

        talk = await running.connect()
        await talk.send(GET + b"\r\n")
        assert (await talk.answer()).status == 200
        await talk.send(b"GET /" + b"x" * 2000)
        await refused(talk, 431)


@scenario
async def test_what_is_not_http_is_400() -> None:
    async with gateway() as running:
        talk = await running.connect()
        await talk.send(b"\x16\x03\x01 hello\r\n\r\n")
        await refused(talk, 400)
        assert await refusals(running) == {"syntax": 1.0}


@scenario
async def test_connections_beyond_the_cap_are_told_so() -> None:
    async with gateway(http_connections=2) as running:
        first, second = await running.connect(), await running.connect()
        for talk in (first, second):
            await talk.send(GET + b"\r\n")
            assert (await talk.answer()).status == 200
        third = await running.connect()
        await third.send(GET + b"\r\n")
        await refused(third, 503)
        await first.close()
        while True:  # until the server has seen that one is gone
            talk = await running.connect()
            await talk.send(GET + b"\r\n")
            answer = await talk.answer()
            await talk.close()
            if answer.status == 200:
                break
            assert answer.status == 503
        await second.close()


@scenario
async def test_too_many_requests_ahead_of_their_answers_end_the_connection() -> None:
    async with gateway() as running:
        talk = await running.connect()
        await talk.send((b"GET /v1/event/stream HTTP/1.1\r\nHost: test\r\n\r\n") * 100)
        await talk.reader.read()
        assert talk.reader.at_eof()
        await talk.close()


@scenario
async def test_pipelined_requests_are_answered_in_order() -> None:
    async with gateway() as running:
        talk = await running.connect()
        await talk.send((GET + b"\r\n") * 3 + b"GET /nowhere HTTP/1.1\r\nHost: test\r\n\r\n")
        assert [(await talk.answer()).status for _ in range(4)] == [200, 200, 200, 404]
        await talk.close()


@pytest.mark.parametrize("framing", ["Content-Length: 5000", "Transfer-Encoding: chunked"])
@scenario
async def test_a_body_beyond_the_limit_is_413_and_the_answer_arrives(framing: str) -> None:
    async with gateway(http_body_size=1000) as running:
        talk = await running.connect()
        await talk.send(f"PUT /v1/event/fire/x HTTP/1.1\r\nHost: t\r\n{framing}\r\n\r\n".encode())
        data = b"x" * 5000
        await talk.send(b"1388\r\n" + data + b"\r\n0\r\n\r\n" if "chunked" in framing else data)
        answer = await talk.answer()
        assert answer.status == 413
        assert answer.body == b"Request body too large, max size: 1000 bytes"
        await talk.close()


@scenario
async def test_a_body_that_announces_too_much_is_413_before_it_is_sent() -> None:
    async with gateway(http_body_size=1000) as running:
        talk = await running.connect()
        await talk.send(
            b"PUT /v1/event/fire/x HTTP/1.1\r\nHost: t\r\nContent-Length: 9999999\r\n"
            b"Expect: 100-continue\r\n\r\n"
        )
        assert (await talk.answer()).status == 413
        assert await talk.reader.read() == b"", "the unread body ends the connection"
        await talk.close()


@scenario
async def test_silence_inside_a_body_is_bounded() -> None:
    async with gateway(http_silence=0.2) as running:
        talk = await running.connect()
        await talk.send(
            b"PUT /v1/event/fire/x HTTP/1.1\r\nHost: t\r\nContent-Length: 10\r\n\r\n12345"
        )
        assert (await talk.answer()).status == 408
        await talk.close()


@scenario
async def test_an_upload_may_last_longer_than_any_silence() -> None:
    async with gateway(http_silence=0.5) as running:
        talk = await running.connect()
        await talk.send(
            b"POST /v1/publish/nomad HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n"
        )
        for _ in range(10):
            await talk.send(b"3\r\n{}\n\r\n")
            await asyncio.wait([asyncio.get_running_loop().create_future()], timeout=0.1)
        await talk.send(b"0\r\n\r\n")
        assert (await talk.answer()).status == 200
        await talk.close()


@scenario
async def test_an_answer_before_the_end_of_a_body_ends_the_connection() -> None:
    async with gateway() as running:
        talk = await running.connect()
        await talk.send(
            b"POST /v1/event/fire/x HTTP/1.1\r\nHost: t\r\nContent-Length: 10\r\n\r\n12345"
        )
        assert (await talk.answer()).status == 405
        assert await talk.reader.read() == b""
        await talk.close()


async def open_requests(running: Gateway) -> float:
    page = (await running.request("GET", "/metrics")).body.decode()
    (line,) = [row for row in page.splitlines() if row.startswith("tidings_http_open_requests ")]
    return float(line.split()[1]) - 1


@pytest.mark.parametrize("ahead", [1, 5])
@pytest.mark.parametrize("path", ["/v1/event/stream", "/v1/events", "/v1/event/list?index=1"])
def test_who_leaves_with_requests_sent_ahead_is_forgotten(path: str, ahead: int) -> None:
    async def main() -> None:
        async with gateway() as running:
            talk = await running.connect()
            await talk.send(f"GET {path} HTTP/1.1\r\nHost: test\r\n\r\n".encode() * (1 + ahead))
            while await open_requests(running) < 1:
                pass
            await talk.close()
            while await open_requests(running):
                pass

    with structlog.testing.capture_logs() as lines:
        run_async(main())
    assert [line for line in lines if line["log_level"] in ("error", "warning")] == []
