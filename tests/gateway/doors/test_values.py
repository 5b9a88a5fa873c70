"""Times and integers by the letter, at every way in; an error names the field, and no value."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import pytest

from tests.kit.http import Http

SECRET = "canary-9d2e"
HEALTH = dict.fromkeys(("api_status", "compiler_status", "runner_status"), "Healthy")
CLOUD = {"type": "stack", "action": "create", "resource_uri": "/api/app/v1/me/stack/7/"}

NO_TIMES = [
    "2023-11-14T22:13:20+100:00",
    "2023-11-14T22:13:20+24:00",
    "2023-11-14T22:13:20+1:00",
    "2023-11-14T22:13:20+00:60",
    "2023-11-14T22:13:20-0100",
    "2023-11-14T22:13:20",
    "2023-11-14 22:13:20Z",
    "2023-02-30T00:00:00Z",
    "2023-11-14T22:13:60Z",
    "2023-11-14T22:13:20.1234567891Z",
    "\u0662023-11-14T22:13:20Z",
    "0000-01-01T00:00:00Z",
    "0001-01-01T00:00:00+00:01",
    f"secret {SECRET}",
    SECRET,
    "",
]


def refused(http: Http, path: str, body: Any) -> dict[str, Any]:
    answer = http.ask("POST", path, body=json.dumps(body, ensure_ascii=False).encode())
    assert answer.status == 400, answer.body
    assert SECRET.encode() not in answer.body
    found: dict[str, Any] = json.loads(answer.body)
    return found


def field_of(status: dict[str, Any]) -> str:
    (violation,) = [
        each for detail in status["details"] for each in detail.get("fieldViolations", [])
    ]
    name: str = violation["field"]
    return name


@pytest.mark.parametrize("time", NO_TIMES)
def test_what_is_no_time_is_refused_at_every_way_in(shared_http: Http, time: str) -> None:
    event = {"occurredAt": time, "consul": {"Name": "x"}}
    status = refused(shared_http, "/v1/events", {"events": [event]})
    assert field_of(status) == "draft.events[0].occurredAt"
    event = {"feldera": HEALTH | {"recorded_at": time}}
    status = refused(shared_http, "/v1/events", {"events": [event]})
    assert field_of(status) == "draft.events[0].feldera.recorded_at"
    (line,) = [refused(shared_http, "/v1/publish/feldera", HEALTH | {"recorded_at": time})]
    assert line["error"].startswith("recorded_at: ")
    line = refused(shared_http, "/v1/publish/docker-cloud", CLOUD | {"datetime": time})
    assert line["error"].startswith("datetime: ")
    answer = shared_http.ask("GET", f"/v1/events?from_time={quote(time)}")
    assert answer.status == 400
    assert SECRET.encode() not in answer.body
    assert field_of(json.loads(answer.body)) == "from_time"


GOOD_TIMES = [
    ("2023-11-14T23:13:20+01:00", "2023-11-14T22:13:20Z"),
    ("2023-11-13T22:14:20-23:59", "2023-11-14T22:13:20Z"),
    ("2023-11-14T22:13:20.000001Z", "2023-11-14T22:13:20.000001Z"),
]


@pytest.mark.parametrize(("given", "kept"), GOOD_TIMES)
def test_a_time_with_an_offset_is_that_time(http: Http, given: str, kept: str) -> None:
    event = {"occurredAt": given, "consul": {"Name": "x"}}
    body = json.dumps({"events": [event]}).encode()
    assert http.ask("POST", "/v1/events", body=body).status == 200
    with http.open("/v1/events?after_seq=1") as connection:
        assert connection.head().status == 200
        (record,) = json.loads(connection.lines(1)[0])["batch"]["records"]
    assert record["events"][0]["occurredAt"] == kept


NO_INTEGERS = ["1_0", "\u0661\u0662", " 1", "1 ", "0x1", "", "1.5", SECRET, 1.5, True, [1]]


@pytest.mark.parametrize("number", NO_INTEGERS)
def test_what_is_no_integer_is_refused(shared_http: Http, number: Any) -> None:
    metrics = {"details": {"node": "a", "detail": {"metrics": {"total": number}}}}
    event = {"puppet": {"type": "node_running", "job": "352"} | metrics}
    status = refused(shared_http, "/v1/events", {"events": [event]})
    assert field_of(status) == "draft.events[0].puppet.details.detail.metrics.total"
    event = {"consul": {"Name": "x", "Version": number}}
    status = refused(shared_http, "/v1/events", {"events": [event]})
    assert field_of(status) == "draft.events[0].consul.Version"


QUERIES = [
    ("after_seq=1_0", "after_seq"),
    ("after_seq=%D9%A1", "after_seq"),
    ("after_seq=canary-9d2e", "after_seq"),
    ("payload_format=7", "payload_format"),
    ("heartbeat_interval=1_0s", "heartbeat_interval"),
    ("selection.puppet.jobs=abc", "selection.puppet.jobs[0]"),
    ("selection.puppet.jobs=352&selection.puppet.jobs=0", "selection.puppet.jobs[1]"),
    ("selection.puppet.jobs=1_0", "selection.puppet.jobs[0]"),
]


@pytest.mark.parametrize(("query", "field"), QUERIES)
def test_a_query_is_refused_by_the_name_of_its_field(
    shared_http: Http, query: str, field: str
) -> None:
    answer = shared_http.ask("GET", f"/v1/events?{query}")
    assert answer.status == 400
    assert SECRET.encode() not in answer.body
    assert field_of(json.loads(answer.body)) == field


def test_a_reader_of_times_to_come_gets_nothing_that_others_are_given(http: Http) -> None:
    later = "/v1/events?from_time=2999-01-01T00:00:00Z&heartbeat_interval=0.1s"
    now = "/v1/events?position=START_POSITION_LATEST&heartbeat_interval=0.1s"
    with http.open(now) as first, http.open(later) as waiting, http.open(now) as second:
        for connection in (first, waiting, second):
            assert connection.head().status == 200
            assert b"heartbeat" in connection.lines(1)[0]
        http.ask("PUT", "/v1/event/fire/x")
        for connection in (first, second):
            line = b"heartbeat"
            while b"heartbeat" in line:
                line = connection.lines(1)[0]
            assert b'"batch"' in line
        beats = b"".join(waiting.lines(3))
    assert beats.count(b"heartbeat") == beats.count(b"\n")
