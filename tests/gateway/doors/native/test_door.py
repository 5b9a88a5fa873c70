"""The native door over real sockets, before a real service."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.kit.gateway import Gateway, Talk, gateway
from tests.kit.loop import scenario
from tidings.gateway.doors.native.formats import SSE_TYPE

FIRED = {"events": [{"consul": {"Name": "deploy"}}]}
RECORDED_AT = "2023-11-14T22:13:20Z"


async def fire(running: Gateway, *names: str) -> None:
    for name in names:
        assert (await running.request("PUT", f"/v1/event/fire/{name}")).status == 200


async def opened(running: Gateway, query: str, *headers: str) -> Talk:
    talk = await running.connect()
    await talk.ask("GET", f"/v1/events{query}", headers=headers)
    status, _ = await talk.head()
    assert status == 200
    return talk


def consul_record(seq: int, name: str) -> dict[str, Any]:
    """Return a line's JSON without the event's ID, which is random."""
    record = {
        "seq": str(seq),
        "recordedAt": RECORDED_AT,
        "events": [{"consul": {"Name": name, "Version": "1", "LTime": str(seq)}}],
        "publisher": {"peer": "127.0.0.1", "door": "grpc"},  # the gateway is a client over TCP
    }
    return {"batch": {"records": [record]}}


def without_ids(line: bytes) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(line)
    for record in value.get("batch", {}).get("records", []):
        for event in record["events"]:
            del event["consul"]["ID"]
    return value


@scenario
async def test_lines_are_one_record_each_and_a_heartbeat_at_the_head() -> None:
    async with gateway() as running:
        await fire(running, "a", "b")
        talk = await running.connect()
        await talk.ask("GET", "/v1/events?after_seq=0")
        status, headers = await talk.head()
        assert status == 200
        assert len(headers.pop("tidings-log-id")) == 36
        del headers["date"], headers["x-request-id"]
        assert headers == {
            "content-type": "application/x-ndjson",
            "cache-control": "no-cache",
            "x-accel-buffering": "no",
            "connection": "close",
            "transfer-encoding": "chunked",
        }
        lines = [without_ids(line) for line in await talk.lines(3)]
        assert lines == [
            consul_record(2, "a"),
            consul_record(3, "b"),
            {"heartbeat": {"seq": "3"}},
        ]
        await fire(running, "c")
        assert without_ids((await talk.lines(1))[0]) == consul_record(4, "c")
        await talk.close()


@scenario
async def test_heartbeats_come_at_the_interval_that_is_asked_for() -> None:
    async with gateway() as running:
        talk = await opened(running, "?heartbeat_interval=0.1s")
        assert await talk.lines(3) == [b'{"heartbeat":{"seq":"1"}}'] * 3
        await talk.close()


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("?position=START_POSITION_EARLIEST", ["a", "b", "c"]),
        ("?afterSeq=3", ["c"]),
        ("?from_time=2023-11-14T22:13:20Z", ["a", "b", "c"]),
        (
            "?position=START_POSITION_EARLIEST&selection.consul.names=c&selection.consul.names=a",
            ["a", "c"],
        ),
        ("?after_seq=0&selection.nomad.namespace=x", []),
        ("", []),
    ],
)
@scenario
async def test_starts_and_selectors(query: str, names: list[str]) -> None:
    async with gateway() as running:
        await fire(running, "a", "b", "c")
        talk = await opened(running, query)
        *found, last = [json.loads(line) for line in await talk.lines(len(names) + 1)]
        assert last == {"heartbeat": {"seq": "4"}}
        assert [
            line["batch"]["records"][0]["events"][0]["consul"]["Name"] for line in found
        ] == names
        await talk.close()


@scenario
async def test_the_lines_of_a_header_are_one_list() -> None:
    async with gateway() as running:
        for lines in (("*/*", SSE_TYPE), (SSE_TYPE, "application/x-ndjson")):
            talk = await running.connect()
            await talk.ask("GET", "/v1/events", headers=[f"Accept: {line}" for line in lines])
            assert (await talk.head())[1]["content-type"] == SSE_TYPE
            await talk.close()


@scenario
async def test_server_sent_events_carry_positions_and_resume() -> None:
    async def talk_data(running: Gateway, after: int) -> list[bytes]:
        talk = await opened(running, f"?after_seq={after}")
        (line, *_) = await talk.lines(2)
        await talk.close()
        return [b"data: " + line]

    async with gateway() as running:
        await fire(running, "a", "b")
        sse = "Accept: text/event-stream"
        talk = await opened(running, "?after_seq=0", sse, "Last-Event-ID: 2")
        assert await talk.lines(7) == [
            b"id: 3",
            *[line for line in (await talk_data(running, 2)) if line],
            b"",
            b"id: 3",
            b"event: heartbeat",
            b'data: {"heartbeat":{"seq":"3"}}',
            b"",
        ]
        await talk.close()


@pytest.mark.parametrize(
    ("target", "headers", "status", "code"),
    [
        ("/v1/events?after_seq=99", [], 400, 11),
        ("/v1/events?after_seq=1&log_id=other", [], 400, 9),
        ("/v1/events?after_seq=x", [], 400, 3),
        ("/v1/events?after_seq=1&latest", [], 400, 3),
        ("/v1/events?nonsense=1", [], 400, 3),
        ("/v1/events?heartbeat_interval=1ms", [], 400, 3),
        ("/v1/events", ["Accept: text/event-stream", "Last-Event-ID: x"], 400, 3),
    ],
)
@scenario
async def test_refusals_are_statuses(
    target: str, headers: list[str], status: int, code: int
) -> None:
    async with gateway() as running:
        answer = await running.request("GET", target, headers=headers)
        assert answer.status == status
        assert json.loads(answer.body)["code"] == code


@scenario
async def test_a_stream_that_breaks_says_so_in_its_last_line() -> None:
    async with gateway() as running:
        lines = await opened(running, "")
        await lines.lines(1)
        events = await opened(running, "", "Accept: text/event-stream")
        await events.lines(4)
        await running.service.stop()
        error = json.loads(await lines.rest())["error"]
        assert error["code"] == 14
        text = await events.rest()
        assert text.startswith(b'event: failure\ndata: {"code":14,')
        for talk in (lines, events):
            await talk.close()


@scenario
async def test_head_and_options_and_other_methods() -> None:
    async with gateway() as running:
        answer = await running.request("HEAD", "/v1/events")
        assert (answer.status, answer.body) == (200, b"")
        answer = await running.request("OPTIONS", "/v1/events")
        assert (answer.status, answer.headers["allow"]) == (204, "GET, HEAD, OPTIONS, POST")
        answer = await running.request("PUT", "/v1/events", b"{}")
        assert (answer.status, json.loads(answer.body)["code"]) == (405, 12)


@pytest.mark.parametrize("kind", ["application/json", "application/x-www-form-urlencoded"])
@scenario
async def test_one_draft_is_published_and_answered(kind: str) -> None:
    async with gateway() as running:
        headers = [f"Content-Type: {kind}"]
        body = json.dumps({"key": "k", **FIRED}).encode()
        answer = await running.request("POST", "/v1/events", body, headers)
        first = json.loads(answer.body)
        assert (answer.status, first) == (200, {"seq": "2", "logId": first["logId"]})
        assert len(first["logId"]) == 36
        answer = await running.request("POST", "/v1/events", body, headers)
        assert json.loads(answer.body) == {**first, "duplicate": True}
        answer = await running.request("POST", "/v1/events", b'{"events":[]}', headers)
        assert (answer.status, json.loads(answer.body)["code"]) == (400, 3)
        answer = await running.request("POST", "/v1/events", b'{"events":', headers)
        assert (answer.status, json.loads(answer.body)["code"]) == (400, 3)


@pytest.mark.parametrize("kind", ["application/x-ndjson", "application/json"])
@scenario
async def test_several_drafts_are_answered_line_by_line(kind: str) -> None:
    body = "\n".join(
        [json.dumps(FIRED), '{"events":[{"consul":{"Label":"x"}}]}', json.dumps(FIRED)]
    )

    async with gateway() as running:
        headers = [f"Content-Type: {kind}"]
        answer = await running.request("POST", "/v1/events", body.encode(), headers)
        assert answer.status == 200
        first, bad, last = answer.lines
        assert (first, last) == ({"line": 1, "seq": 2}, {"line": 3, "seq": 3})
        assert bad["line"] == 2
        assert "Label" in bad["error"]


@scenario
async def test_a_body_that_is_too_large_is_413() -> None:
    async with gateway(http_body_size=1000) as running:
        answer = await running.request("POST", "/v1/events", b" " * 2000)
        assert (answer.status, json.loads(answer.body)["code"]) == (413, 8)


SSE = "Accept: text/event-stream"


@pytest.mark.parametrize(
    ("query", "headers"),
    [
        ("?after_seq=0&lastEventId=2", ()),
        ("?lastEventId=2&position=START_POSITION_EARLIEST", ()),
        ("?lastEventId=1", ("Last-Event-ID: 2",)),
        ("?after_seq=2&lastEventId=", ()),
    ],
)
@scenario
async def test_a_client_that_can_set_no_header_resumes_by_the_query(
    query: str, headers: tuple[str, ...]
) -> None:
    async with gateway() as running:
        await fire(running, "a", "b")
        talk = await opened(running, query, SSE, *headers)
        assert (await talk.chunk()).startswith(b"id: 3\n")
        await talk.close()


@pytest.mark.parametrize(
    ("query", "headers", "field"),
    [
        ("?lastEventId=x", [SSE], "lastEventId"),
        ("?lastEventId=x&lastEventId=2", [SSE], "lastEventId"),
        ("?lastEventId=x", [SSE, "Last-Event-ID:"], "lastEventId"),
        ("", [SSE, "Last-Event-ID: x"], "last-event-id"),
        ("?lastEventId=2", [SSE, "Last-Event-ID: 1e3"], "last-event-id"),
        ("?lastEventId=2", ["Accept: */*"], "lastEventId"),
    ],
)
@scenario
async def test_a_last_id_is_a_position_and_of_server_sent_events_alone(
    query: str, headers: list[str], field: str
) -> None:
    async with gateway() as running:
        answer = await running.request("GET", f"/v1/events{query}", headers=headers)
        assert answer.status == 400
        assert json.loads(answer.body)["message"].startswith(f"{field}: ")
