"""Bounded reads over real sockets: pages, one record, and streams that end."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.kit.gateway import Gateway, gateway
from tests.kit.loop import scenario

NAMES = ("a", "b", "c", "d")
FIRST, LAST = 2, 5


async def fire(running: Gateway, *names: str) -> None:
    for name in names:
        assert (await running.request("PUT", f"/v1/event/fire/{name}")).status == 200


def names_of(records: list[dict[str, Any]]) -> list[str]:
    return [record["events"][0]["consul"]["Name"] for record in records]


def told(line: dict[str, Any]) -> str:
    """Return a line's event's name, or its position if it is a heartbeat."""
    if "heartbeat" in line:
        return str(line["heartbeat"]["seq"])
    return names_of(line["batch"]["records"])[0]


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("", "abcd"),
        ("?order=READ_ORDER_NEWEST_FIRST", "dcba"),
        ("?order=READ_ORDER_NEWEST_FIRST&page_size=2", "dc"),
        ("?after_seq=3", "cd"),
        ("?beforeSeq=4&afterSeq=2", "b"),
        ("?from_time=2023-11-14T22:13:20Z", "abcd"),
        ("?until_time=2023-11-14T22:13:20Z", ""),
        ("?system=consul", "abcd"),
        ("?system=nomad&topic=Job:web", ""),
        ("?selection.consul.names=c&selection.consul.names=a", "ac"),
        ("?types=c", "c"),
        ("?types=d&types=a", "ad"),
        ("?identifiers=name/b&identifiers=c", ""),
        ("?identifiers=name/b&identifiers=name/c", "bc"),
        ("?identifiers=%2Fd", "d"),
        ("?sources=", "abcd"),
        ("?sources=prod", ""),
        ("?text=B", "b"),
        ("?text=b&system=nomad", ""),
        ("?text=%22a+b%22", ""),
        ("?filter=event.consul.name%3E=%27b%27&types=c&types=a", "c"),
    ],
)
@scenario
async def test_a_page_is_one_answer(query: str, names: str) -> None:
    async with gateway() as running:
        await fire(running, *NAMES)
        answer = await running.request("GET", f"/v1/records{query}")
        assert (answer.status, answer.headers["content-type"]) == (200, "application/json")
        page = json.loads(answer.body)
        assert names_of(page.get("records", [])) == list(names)
        assert len(page["logId"]) == 36


@scenario
async def test_pages_follow_one_another_by_their_tokens() -> None:
    async with gateway() as running:
        await fire(running, *NAMES)
        found, token = [], ""
        while True:
            query = f"page_size=3&page_token={token}"
            page = json.loads((await running.request("GET", f"/v1/records?{query}")).body)
            found.append(names_of(page["records"]))
            assert page["throughSeq"] == str(LAST)
            token = page.get("nextPageToken", "")
            if not token:
                break
        assert found == [["a", "b", "c"], ["d"]]


@scenario
async def test_one_record_has_a_path_of_its_own() -> None:
    async with gateway() as running:
        await fire(running, *NAMES)
        answer = await running.request("GET", "/v1/records/4")
        assert answer.status == 200
        record = json.loads(answer.body)["record"]
        assert (record["seq"], names_of([record])) == ("4", ["c"])


@pytest.mark.parametrize(
    ("target", "status", "message"),
    [
        ("/v1/records/9", 404, "no record 9"),
        ("/v1/records/0", 400, "seq: must be at least 1"),
        ("/v1/records/x", 400, None),
        ("/v1/records/4?system=consul", 400, None),
        ("/v1/records?page_token=x", 400, "page_token: is not one that an answer gave"),
        ("/v1/records?page_size=-1", 400, "page_size: must not be negative"),
        ("/v1/records?order=up", 400, None),
        ("/v1/records?nonsense=1", 400, None),
        ("/v1/records?limit=1", 400, None),
        ("/v1/records?types=", 400, "types[0]: must not be empty"),
        ("/v1/records?text=%22a", 400, "text: a quotation does not end"),
        (
            "/v1/events?identifiers=job/",
            400,
            "identifiers[0]: must be KIND/VALUE, or a VALUE of any kind",
        ),
        ("/v1/records?after_seq=99", 400, None),
        ("/v1/events?follow=no", 400, "follow: must be true or false"),
        ("/v1/events?follow=false&follow=false", 400, "follow: is given more than once"),
        ("/v1/events?limit=0", 400, "limit: must be a whole number from 1 up"),
        ("/v1/events?limit=1e3", 400, "limit: must be a whole number from 1 up"),
        (
            "/v1/events?limit=1&follow=true",
            400,
            "follow: cannot be true with limit: what follows has no end",
        ),
        (
            "/v1/events?until_time=2023-11-14T22:13:20Z&follow=true",
            400,
            "follow: cannot be true with until_time: what follows has no end",
        ),
        (
            "/v1/events?untilTime=2023-11-14T22:13:20Z&until_time=2023-11-14T22:13:20Z",
            400,
            "until_time: is given more than once",
        ),
        ("/v1/events?until_time=yesterday", 400, None),
        (
            "/v1/events?from_time=2023-11-14T22:13:20Z&until_time=2023-11-14T22:13:20Z",
            400,
            "until_time: must be after from_time",
        ),
        (
            "/v1/events?follow=false&position=START_POSITION_LATEST",
            400,
            "position: nothing is stored after the latest record",
        ),
        (
            "/v1/events?follow=false&nomad_index=0",
            400,
            "nomad_index: is for streams that follow; here give after_seq, from_time or position",
        ),
        (
            "/v1/events?follow=false&heartbeat_interval=1s",
            400,
            "heartbeat_interval: what ends has no heartbeats at intervals",
        ),
        ("/v1/events?follow=false&after_seq=99", 400, None),
    ],
)
@scenario
async def test_refusals_name_what_is_wrong(target: str, status: int, message: str | None) -> None:
    async with gateway() as running:
        await fire(running, *NAMES)
        answer = await running.request("GET", target)
        said = json.loads(answer.body)["message"]
        assert (answer.status, said) == (status, message or said)


@pytest.mark.parametrize(
    ("query", "lines"),
    [
        ("?follow=false", ["a", "b", "c", "d", "5"]),
        ("?follow=false&position=START_POSITION_EARLIEST", ["a", "b", "c", "d", "5"]),
        ("?follow=false&after_seq=4", ["d", "5"]),
        ("?follow=false&after_seq=5", ["5"]),
        ("?limit=2", ["a", "b", "3"]),
        ("?limit=2&after_seq=3", ["c", "d", "5"]),
        ("?limit=9&follow=false", ["a", "b", "c", "d", "5"]),
        ("?limit=1&system=consul", ["a", "2"]),
        ("?system=nomad&follow=false", ["5"]),
        ("?follow=false&types=c", ["c", "5"]),
        ("?follow=false&text=a&identifiers=name/a&sources=", ["a", "5"]),
        ("?limit=1&identifiers=b", ["b", "3"]),
        ("?follow=false&filter=event.consul.name%3E%27b%27", ["c", "d", "5"]),
        ("?until_time=2099-01-01T00:00:00Z", ["a", "b", "c", "d", "5"]),
        ("?untilTime=2000-01-01T00:00:00Z", ["1"]),
        ("?from_time=2099-01-01T00:00:00Z&limit=3", ["5"]),
    ],
)
@scenario
async def test_a_stream_with_an_end_ends_with_the_position_to_go_on_from(
    query: str, lines: list[str]
) -> None:
    async with gateway() as running:
        await fire(running, *NAMES)
        answer = await running.request("GET", f"/v1/events{query}")
        assert (answer.status, answer.headers["content-type"]) == (200, "application/x-ndjson")
        assert len(answer.headers["tidings-log-id"]) == 36
        assert [told(line) for line in answer.lines] == lines


@scenario
async def test_server_sent_events_end_as_well_and_resume() -> None:
    async with gateway() as running:
        await fire(running, *NAMES)
        headers = ["Accept: text/event-stream", "Last-Event-ID: 4"]
        answer = await running.request("GET", "/v1/events?follow=false", headers=headers)
        assert answer.headers["content-type"] == "text/event-stream"
        kinds = [line for line in answer.body.split(b"\n") if not line.startswith(b"data: ")]
        assert kinds == [b"id: 5", b"", b"id: 5", b"event: heartbeat", b"", b""]


@scenario
async def test_what_follows_is_judged_by_conditions() -> None:
    async with gateway() as running:
        talk = await running.connect()
        await talk.ask("GET", "/v1/events?after_seq=0&types=late&types=later&text=later")
        assert (await talk.head())[0] == 200
        await talk.lines(1)
        await fire(running, "late", "later")
        assert told(json.loads((await talk.lines(1))[0])) == "later"
        await talk.close()


@scenario
async def test_follow_true_is_a_stream_as_ever() -> None:
    async with gateway() as running:
        talk = await running.connect()
        await talk.ask("GET", "/v1/events?follow=true&after_seq=0")
        assert (await talk.head())[0] == 200
        await talk.lines(1)
        await fire(running, "late")
        assert told(json.loads((await talk.lines(1))[0])) == "late"
        await talk.close()


@scenario
async def test_pages_of_the_service_are_one_stream() -> None:
    async with gateway() as running:
        event = {"type": "node_running", "job": "352", "message": "x" * 400_000}
        draft = {"events": [{"puppet": event}]}
        for _ in range(5):
            body = json.dumps(draft).encode()
            assert (await running.request("POST", "/v1/events", body)).status == 200
        page = json.loads((await running.request("GET", "/v1/records")).body)
        assert len(page["records"]) == 2
        for query, count in (("?follow=false", 5), ("?limit=3", 3), ("?limit=4", 4)):
            answer = await running.request("GET", f"/v1/events{query}")
            seqs = [line["batch"]["records"][0]["seq"] for line in answer.lines[:-1]]
            assert seqs == [str(seq) for seq in range(2, 2 + count)]
            assert answer.lines[-1] == {"heartbeat": {"seq": str(1 + count)}}


@scenario
async def test_gaps_stand_where_the_records_were() -> None:
    async with gateway() as running:
        await fire(running, *NAMES)
        await running.service.store.trim("consul", FIRST + 1)
        answer = await running.request("GET", "/v1/events?follow=false")
        assert [list(line) for line in answer.lines] == [
            ["gap"],
            ["batch"],
            ["batch"],
            ["heartbeat"],
        ]
        gap = answer.lines[0]["gap"]
        assert (gap["firstSeq"], gap["lastSeq"]) == (str(FIRST), str(FIRST + 1))


@pytest.mark.parametrize(
    "target", ["/v1/records", "/v1/records/2", "/v1/events?follow=false", "/v1/events?limit=1"]
)
@scenario
async def test_head_has_no_body(target: str) -> None:
    async with gateway() as running:
        await fire(running, *NAMES)
        answer = await running.request("HEAD", target)
        assert (answer.status, answer.body) == (200, b"")


@pytest.mark.parametrize("target", ["/v1/records", "/v1/records/2"])
@scenario
async def test_other_methods_are_refused_by_name(target: str) -> None:
    async with gateway() as running:
        answer = await running.request("POST", target, b"{}")
        assert (answer.status, answer.headers["allow"]) == (405, "GET, HEAD, OPTIONS")


@pytest.mark.parametrize(
    ("path", "job"),
    [
        ("web", "web"),
        ("a%3Fb", "a?b"),
        ("a%23b", "a#b"),
        ("100%25", "100%"),
        ("a%252Fb", "a%2Fb"),
        ("a%2Fb", "a/b"),
        ("a/b", "a/b"),
        ("a%2Fhistory", "a/history"),
        ("a/history", "a/history"),
        ("a%2F..%2Fb", "a/../b"),
        ("%2Fa%2F%2Fb%2F", "/a//b/"),
        ("a%20b", "a b"),
        ("a+b%2Bc", "a+b+c"),
        ("caf%C3%A9%20%F0%9F%92%BE", "café 💾"),
        ("%22%3Cb%3E%27%5C", "\"<b>'\\"),
    ],
)
@scenario
async def test_a_history_is_of_the_id_that_its_path_spells(path: str, job: str) -> None:
    event = {"Topic": "Job", "Type": "JobRegistered", "Payload": {"Job": {"ID": job}}}
    line = json.dumps({"Index": 1, "Events": [event]}).encode()
    async with gateway() as running:
        assert (await running.request("POST", "/v1/publish/nomad", line)).status == 200
        answer = await running.request("GET", f"/v1/objects/nomad/job/{path}/history")
        (version,) = json.loads(answer.body)["versions"]
        assert version["object"]["id"] == job
        assert version["object"]["system"] == "EVENT_SYSTEM_NOMAD"
