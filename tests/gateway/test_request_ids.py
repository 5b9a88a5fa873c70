"""The id of a request: taken or made, told in every answer, and the same in both halves."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.kit.gateway import gateway
from tests.kit.loop import becomes, scenario
from tidings.gateway.upstream.request_ids import begin, named

TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
MADE = re.compile("[0-9a-f]{16}")


@pytest.mark.parametrize(
    ("given", "is_taken"),
    [
        ("7", True),
        ("01J-a.b_c~d:e/f+g=h@i", True),
        ("x" * 128, True),
        ("x" * 129, False),
        ("", False),
        ("two words", False),
        ('"quoted"', False),
        ("é", False),
    ],
)
def test_an_id_is_taken_when_it_is_well_formed_and_made_when_it_is_not(
    given: str, *, is_taken: bool
) -> None:
    found, _ = begin([(b"x-request-id", given.encode("latin-1"))])
    assert found == given if is_taken else MADE.fullmatch(found)
    assert named((("a", "b"),)) == (("a", "b"), ("x-request-id", found))


def test_of_two_ids_neither_is_taken() -> None:
    assert MADE.fullmatch(begin([(b"x-request-id", b"7"), (b"x-request-id", b"8")])[0])


@pytest.mark.parametrize(
    ("given", "is_passed_on"),
    [
        (TRACE, True),
        (TRACE.replace("00-4", "cc-4") + "-more", True),
        (TRACE.upper(), False),
        (TRACE.replace("00-4", "ff-4"), False),
        ("00-" + "0" * 32 + TRACE[35:], False),
        (TRACE[:36] + "0" * 16 + "-01", False),
        (TRACE[:-1], False),
        ("00-1", False),
    ],
)
def test_a_well_formed_trace_is_passed_on(given: str, *, is_passed_on: bool) -> None:
    begin([(b"x-request-id", b"7"), (b"traceparent", given.encode())])
    passed = (("traceparent", given),) if is_passed_on else ()
    assert named(()) == (("x-request-id", "7"), *passed)


ANSWERS = [
    ("GET", "/healthz", 200),
    ("GET", "/nowhere", 404),
    ("DELETE", "/metrics", 405),
    ("GET", "/v1/event/list", 200),
    ("GET", "/v1/event/stream?index=x", 400),
    ("GET", "/v1/nothing", 404),
    ("GET", "/v1/events?x", 400),
    ("GET", "/orchestrator/v1/jobs/352/events", 404),
    ("GET", "/v0/cluster/events/latest", 404),
    ("GET", "/v0/config", 200),
    ("GET", "/api/audit/v1/nothing", 404),
    ("OPTIONS", "/v1/events", 204),
]


@pytest.mark.parametrize(("method", "path", "status"), ANSWERS)
@scenario
async def test_every_answer_tells_the_id(method: str, path: str, status: int) -> None:
    async with gateway() as running:
        told = []
        for headers in ((), ("X-Request-Id: mine",), ("X-Request-Id: a b",)):
            answer = await running.request(method, path, headers=headers)
            assert answer.status == status
            told.append(answer.headers["x-request-id"])
        assert told[1] == "mine"
        assert MADE.fullmatch(told[0])
        assert MADE.fullmatch(told[2])


@scenario
async def test_a_websocket_is_told_its_id_with_the_handshake() -> None:
    async with gateway() as running:
        talk = await running.connect()
        handshake = (
            "Connection: Upgrade",
            "Upgrade: websocket",
            "Sec-WebSocket-Version: 13",
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
            "X-Request-Id: mine",
        )
        await talk.ask("GET", "/api/audit/v1/events", headers=handshake)
        status, headers = await talk.head()
        assert (status, headers["x-request-id"]) == (101, "mine")
        await talk.close()


@scenario
async def test_the_service_logs_the_id_that_the_gateway_was_given(lines: list[Any]) -> None:
    async with gateway() as running:
        await running.request("GET", "/v1/event/list", headers=("X-Request-Id: mine",))
        await becomes(lambda: any(line.get("method") == "List" for line in lines))
    (line,) = (line for line in lines if line.get("method") == "List")
    assert line["request_id"] == "mine"


@scenario
async def test_a_page_of_another_origin_may_read_the_id() -> None:
    async with gateway(http_allow_origin=("https://a.example",)) as running:
        answer = await running.request(
            "GET", "/healthz", headers=("Origin: https://a.example", "X-Request-Id: mine")
        )
        assert answer.headers["x-request-id"] == "mine"
        assert "x-request-id" in answer.headers["access-control-expose-headers"]


@scenario
async def test_a_trace_is_logged_by_both_halves_and_returned(lines: list[Any]) -> None:
    async with gateway() as running:
        told = (f"Traceparent: {TRACE}",)
        answer = await running.request("GET", "/v1/event/list", headers=told)
        assert answer.headers["traceparent"] == TRACE
        wanted = {"call", "request"}
        await becomes(lambda: wanted <= {line["event"] for line in lines})
        of_trace = {line["event"] for line in lines if line.get("trace_id") == TRACE[3:35]}
        assert wanted <= of_trace
        answer = await running.request("GET", "/healthz", headers=("Traceparent: 00-bad",))
        assert "traceparent" not in answer.headers
