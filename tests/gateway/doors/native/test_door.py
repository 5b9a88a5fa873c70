"""The native door over real sockets, before a real service."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.aio import run_async
from tests.gateway.rig import Gateway, Talk, gateway

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
    event = {"Name": name, "Version": "1", "LTime": str(seq)}
    return {
        "records": [{"seq": str(seq), "recordedAt": RECORDED_AT, "events": [{"consul": event}]}]
    }


def without_ids(line: bytes) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(line)
    for record in value.get("records", []):
        for event in record["events"]:
            del event["consul"]["ID"]
    return value


def test_lines_are_one_record_each_and_a_heartbeat_at_the_head() -> None:
    async def main() -> None:
        async with gateway() as running:
            await fire(running, "a", "b")
            talk = await running.connect()
            await talk.ask("GET", "/v1/events?after_seq=0")
            status, headers = await talk.head()
            assert status == 200
            assert len(headers.pop("tidings-log-id")) == 36
            del headers["date"]
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

    run_async(main())


def test_heartbeats_come_at_the_interval_that_is_asked_for() -> None:
    async def main() -> None:
        async with gateway() as running:
            talk = await opened(running, "?heartbeat_interval=0.1s")
            assert await talk.lines(3) == [b'{"heartbeat":{"seq":"1"}}'] * 3
            await talk.close()

    run_async(main())


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("?earliest", ["a", "b", "c"]),
        ("?afterSeq=3", ["c"]),
        ("?from_time=2023-11-14T22:13:20Z", ["a", "b", "c"]),
        ("?earliest=true&consul.names=c&consul.names=a", ["a", "c"]),
        ("?after_seq=0&nomad.namespace=x", []),
        ("", []),
    ],
)
def test_starts_and_selectors(query: str, names: list[str]) -> None:
    async def main() -> None:
        async with gateway() as running:
            await fire(running, "a", "b", "c")
            talk = await opened(running, query)
            *found, last = [json.loads(line) for line in await talk.lines(len(names) + 1)]
            assert last == {"heartbeat": {"seq": "4"}}
            assert [line["records"][0]["events"][0]["consul"]["Name"] for line in found] == names
            await talk.close()

    run_async(main())


def test_server_sent_events_carry_positions_and_resume() -> None:
    async def main() -> None:
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

    async def talk_data(running: Gateway, after: int) -> list[bytes]:
        talk = await opened(running, f"?after_seq={after}")
        (line, *_) = await talk.lines(2)
        await talk.close()
        return [b"data: " + line]

    run_async(main())


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
def test_refusals_are_statuses(target: str, headers: list[str], status: int, code: int) -> None:
    async def main() -> None:
        async with gateway() as running:
            answer = await running.request("GET", target, headers=headers)
            assert answer.status == status
            assert json.loads(answer.body)["code"] == code

    run_async(main())


def test_a_stream_that_breaks_says_so_in_its_last_line() -> None:
    async def main() -> None:
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

    run_async(main())


def test_head_and_options_and_other_methods() -> None:
    async def main() -> None:
        async with gateway() as running:
            answer = await running.request("HEAD", "/v1/events")
            assert (answer.status, answer.body) == (200, b"")
            answer = await running.request("OPTIONS", "/v1/events")
            assert (answer.status, answer.headers["allow"]) == (204, "GET, HEAD, OPTIONS, POST")
            answer = await running.request("PUT", "/v1/events", b"{}")
            assert (answer.status, json.loads(answer.body)["code"]) == (405, 12)

    run_async(main())


@pytest.mark.parametrize("kind", ["application/json", "application/x-www-form-urlencoded"])
def test_one_draft_is_published_and_answered(kind: str) -> None:
    async def main() -> None:
        async with gateway() as running:
            headers = [f"Content-Type: {kind}"]
            body = json.dumps({"key": "k", **FIRED}).encode()
            answer = await running.request("POST", "/v1/events", body, headers)
            assert (answer.status, answer.body) == (200, b'{"seq":"2"}')
            answer = await running.request("POST", "/v1/events", body, headers)
            assert answer.body == b'{"seq":"2","duplicate":true}'
            answer = await running.request("POST", "/v1/events", b'{"events":[]}', headers)
            assert (answer.status, json.loads(answer.body)["code"]) == (400, 3)
            answer = await running.request("POST", "/v1/events", b'{"events":', headers)
            assert (answer.status, json.loads(answer.body)["code"]) == (400, 3)

    run_async(main())


@pytest.mark.parametrize("kind", ["application/x-ndjson", "application/json"])
def test_several_drafts_are_answered_line_by_line(kind: str) -> None:
    body = "\n".join(
        [json.dumps(FIRED), '{"events":[{"consul":{"Label":"x"}}]}', json.dumps(FIRED)]
    )

    async def main() -> None:
        async with gateway() as running:
            headers = [f"Content-Type: {kind}"]
            answer = await running.request("POST", "/v1/events", body.encode(), headers)
            assert answer.status == 200
            first, bad, last = answer.lines
            assert (first, last) == ({"line": 1, "seq": 2}, {"line": 3, "seq": 3})
            assert bad["line"] == 2
            assert "Label" in bad["error"]

    run_async(main())


def test_a_body_that_is_too_large_is_413() -> None:
    async def main() -> None:
        async with gateway(body_bytes=1000) as running:
            answer = await running.request("POST", "/v1/events", b" " * 2000)
            assert (answer.status, json.loads(answer.body)["code"]) == (413, 8)

    run_async(main())


SSE = "Accept: text/event-stream"


@pytest.mark.parametrize(
    ("query", "headers"),
    [
        ("?after_seq=0&lastEventId=2", ()),
        ("?lastEventId=2&earliest=true", ()),
        ("?lastEventId=1", ("Last-Event-ID: 2",)),
        ("?after_seq=2&lastEventId=", ()),
    ],
)
def test_a_client_that_can_set_no_header_resumes_by_the_query(
    query: str, headers: tuple[str, ...]
) -> None:
    async def main() -> None:
        async with gateway() as running:
            await fire(running, "a", "b")
            talk = await opened(running, query, SSE, *headers)
            assert (await talk.chunk()).startswith(b"id: 3\n")
            await talk.close()

    run_async(main())


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
def test_a_last_id_is_a_position_and_of_server_sent_events_alone(
    query: str, headers: list[str], field: str
) -> None:
    async def main() -> None:
        async with gateway() as running:
            answer = await running.request("GET", f"/v1/events{query}", headers=headers)
            assert answer.status == 400
            assert json.loads(answer.body)["message"].startswith(f"{field}: ")

    run_async(main())
