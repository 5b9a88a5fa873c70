"""Streams as CloudEvents: every system's event, one a line or one array, as the official SDK reads.

What is read can be published by another Tidings.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import grpc
import pytest
from cloudevents.core.bindings.http import HTTPMessage, from_structured_event
from google.protobuf import json_format

from tests.gateway.doors.fake import FakeService
from tests.kit.http import Answer, Http, gateway
from tests.rpc.serving import serving
from tidings.gateway.doors import spellings
from tidings.gateway.doors.native.cloud_events import CloudEvents
from tidings.v1 import event_pb2, event_system_pb2
from tidings.v1 import event_service_pb2 as pb
from tidings.v1.systems import SYSTEMS

LINES = "Accept: application/cloudevents+json"
ARRAY = "Accept: application/cloudevents-batch+json"
STORED_AT = "2026-11-28T14:00:00.000001Z"
NO_TIME = "0001-01-01T00:00:00Z"
UUID = "2a0b1c1d-0a1b-4c1d-8a1b-0a1b0c1d0a1b"
URI = f"/api/app/v1/me/service/{UUID}/"
JOB = {"Topic": "Job", "Type": "JobRegistered", "Key": "web", "Namespace": "default"}
STATUSES = {f"{each}_status": "Healthy" for each in ("api", "compiler", "runner")}
CLOUD_EVENT = {"id": "7", "source": "/billing", "specVersion": "1.0", "type": "com.example.paid"}

# An event as the contract has it, and what is particular of it as a CloudEvent but its data.
PRINTED: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "nomad": (
        {"source": "prod", "nomad": JOB | {"payloadJson": "eyJKb2IiOnsibiI6MS41MH19"}},
        {"type": "tidings.nomad.Job.JobRegistered", "subject": "web", "source": "prod"},
    ),
    "consul": (
        {"occurredAt": "2026-11-28T13:59:59Z", "consul": {"Name": "deploy"}},
        {
            "type": "tidings.consul.user_event",
            "subject": "deploy",
            "time": "2026-11-28T13:59:59Z",
        },
    ),
    "docker_cloud": (
        {"dockerCloud": {"type": "service", "action": "update", "resource_uri": URI}},
        {"type": "tidings.docker_cloud.service.update", "subject": URI},
    ),
    "puppet": (
        {"puppet": {"id": "7", "type": "node_running", "job": "352", "message": "x"}},
        {"type": "tidings.puppet.node_running", "subject": "352"},
    ),
    "feldera": (
        {"source": "eu 1%", "feldera": STATUSES | {"id": UUID}},
        {"type": "tidings.feldera.cluster_event", "source": "eu%201%25"},
    ),
    "tidings": (
        {"tidings": {"sourceState": {"source": "prod", "connected": True}}},
        {"type": "tidings.tidings.source_state", "subject": "prod"},
    ),
}
DATA = {
    "nomad": JOB | {"FilterKeys": None, "Index": 7, "Payload": {"Job": {"n": 1.5}}},
    "consul": {
        "ID": "",
        "Name": "deploy",
        "Payload": None,
        "NodeFilter": "",
        "ServiceFilter": "",
        "TagFilter": "",
        "Version": 0,
        "LTime": 0,
    },
    "docker_cloud": {
        "type": "service",
        "action": "update",
        "parents": [],
        "resource_uri": URI,
        "state": "",
        "uuid": "",
        "datetime": NO_TIME,
    },
    "puppet": {
        "id": "7",
        "type": "node_running",
        "timestamp": NO_TIME,
        "details": {},
        "message": "x",
    },
    "feldera": {
        "id": UUID,
        "recorded_at": NO_TIME,
        "all_healthy": False,
        **STATUSES,
        **{f"{each}_self_info": "" for each in ("api", "compiler", "runner")},
        **{f"{each}_resources_info": "" for each in ("api", "compiler", "runner")},
    },
    "tidings": {"sourceState": {"source": "prod", "connected": True}},
}


def record(*events: dict[str, Any], seq: int = 7) -> event_pb2.EventRecord:
    value = {"seq": seq, "recordedAt": STORED_AT, "events": list(events)}
    return json_format.ParseDict(value, event_pb2.EventRecord())


def printed(*records: event_pb2.EventRecord) -> list[dict[str, Any]]:
    text = b"".join(CloudEvents("a-log").record(each) for each in records)
    return [json.loads(line) for line in text.splitlines()]


def sdk(event: dict[str, Any] | bytes) -> Any:
    """Return an event as the official SDK reads it, told the type that the answer had."""
    body = event if isinstance(event, bytes) else json.dumps(event).encode()
    kind = "application/cloudevents+json; framing=ndjson"
    return from_structured_event(HTTPMessage({"content-type": kind}, body))


def objects(answer: Answer) -> list[dict[str, Any]]:
    assert answer.status == 200, answer.body
    assert answer.headers["content-type"] == "application/cloudevents+json; framing=ndjson"
    return [json.loads(line) for line in answer.body.splitlines()]


def publish(http: Http, *events: dict[str, Any]) -> int:
    answer = http.ask("POST", "/v1/events", body=json.dumps({"events": events}).encode())
    assert answer.status == 200, answer.body
    return int(json.loads(answer.body)["seq"])


@pytest.mark.parametrize("system", PRINTED)
def test_an_event_of_each_system_is_a_cloud_event_and_the_sdk_reads_it(system: str) -> None:
    given, particular = PRINTED[system]
    (event,) = printed(record(given))
    assert event == {
        "specversion": "1.0",
        "id": "a-log/7/0",
        "source": "/tidings/a-log",
        "time": STORED_AT,
        "tidingsseq": "7",
        "datacontenttype": "application/json",
        "data": DATA[system],
        **particular,
    }
    read = sdk(event)
    assert (read.get_id(), read.get_type()) == ("a-log/7/0", event["type"])
    assert read.get_data() == event["data"]


def test_every_system_has_a_description() -> None:
    described = {name for name, one in spellings().items() if one.describe is not None}
    assert described | {"tidings"} == set(SYSTEMS) == {*PRINTED, "cloud_event"}


def test_a_payload_keeps_its_text() -> None:
    text = CloudEvents("a-log").record(record(PRINTED["nomad"][0]))
    assert b'"Payload":{"Job":{"n":1.50}}' in text


def test_a_teams_own_event_comes_out_as_it_went_in() -> None:
    event = CLOUD_EVENT | {"attributes": {"tag": {"ceString": "x"}}, "textData": "a"}
    (found,) = printed(record({"source": "ignored", "cloudEvent": event}))
    assert found == {
        "specversion": "1.0",
        **{name: CLOUD_EVENT[name] for name in ("id", "source", "type")},
        "tag": "x",
        "data": "a",
        "tidingsseq": "7",
    }
    assert sdk(found).get_extension("tidingsseq") == "7"


def test_texts_that_no_attribute_may_hold_are_escaped() -> None:
    (event,) = printed(record({"consul": {"Name": "a\nb\ufffe"}}))
    assert event["subject"] == "a%0Ab%EF%BF%BE"


def test_a_stream_tells_where_it_is_what_is_gone_and_why_it_broke(fake: FakeService) -> None:
    gap = pb.Gap(
        system=event_system_pb2.EVENT_SYSTEM_NOMAD,
        first_seq=2,
        last_seq=6,
        reason=pb.GAP_REASON_RETENTION,
        resume_seq=6,
    )
    fake.messages = [
        pb.SubscribeResponse(gap=gap),
        pb.SubscribeResponse(batch=pb.RecordBatch(records=[record({}), record(CONSUL, seq=8)])),
        pb.SubscribeResponse(heartbeat=pb.Heartbeat(seq=9)),
    ]
    fake.stays_open = False
    fake.stream_failure = (grpc.StatusCode.UNAVAILABLE, "going down")
    found = objects(fake.http.ask("GET", "/v1/events?after_seq=1", LINES))
    assert [each.pop("type") for each in found] == [
        "tidings.gap",
        "tidings.gap",
        "tidings.consul.user_event",
        "tidings.heartbeat",
        "tidings.error",
    ]
    own = {"specversion": "1.0", "source": "/tidings/a-log"}
    lost, unprintable, _, heartbeat, error = found
    assert lost == own | {
        "id": "a-log/gap/EVENT_SYSTEM_NOMAD/2-6",
        "tidingsseq": "6",
        "datacontenttype": "application/json",
        "data": json_format.MessageToDict(gap),
    }
    assert unprintable["data"]["reason"] == "GAP_REASON_UNPRINTABLE"
    assert heartbeat == own | {"id": "a-log/heartbeat/9", "tidingsseq": "9"}
    assert error["data"] == {"code": 14, "message": "going down", "details": []}
    assert all(sdk(each | {"type": "t"}).get_source() == own["source"] for each in (lost, error))
    asked = [each for each in fake.requests if isinstance(each, pb.SubscribeRequest)]
    assert {each.payload_format for each in asked} == {pb.PAYLOAD_FORMAT_JSON}


CONSUL = {"consul": {"Name": "deploy"}}
TWO = [{"nomad": JOB | {"Key": key}} for key in ("web", "db")]


def test_a_live_stream_brings_what_is_published(http: Http) -> None:
    with http.open("/v1/events?position=START_POSITION_EARLIEST", LINES) as stream:
        head = stream.head()
        assert json.loads(stream.line())["type"] == "tidings.heartbeat"
        seq = publish(http, CONSUL)
        event = json.loads(stream.line())
    log_id = head.headers["tidings-log-id"]
    assert (event["id"], event["tidingsseq"]) == (f"{log_id}/{seq}/0", str(seq))
    assert event["data"]["LTime"] == seq


@pytest.mark.parametrize("query", ["follow=false", "limit=1", "until_time=2099-01-01T00:00:00Z"])
def test_what_ends_is_an_array_where_that_is_asked_for(http: Http, query: str) -> None:
    seq = publish(http, *TWO)
    answer = http.ask("GET", f"/v1/events?{query}", ARRAY)
    assert answer.headers["content-type"] == "application/cloudevents-batch+json"
    found = json.loads(answer.body)
    assert [each.get("subject") for each in found] == ["web", "db", None]
    assert (found[-1]["type"], found[-1]["tidingsseq"]) == ("tidings.heartbeat", str(seq))
    lines = objects(http.ask("GET", f"/v1/events?{query}", LINES))
    assert lines == found
    assert http.ask("HEAD", f"/v1/events?{query}", ARRAY).body == b""


def test_an_array_without_an_event_holds_where_it_ends(http: Http) -> None:
    found = json.loads(http.ask("GET", "/v1/events?follow=false", ARRAY).body)
    assert [each["type"] for each in found] == ["tidings.heartbeat"]


@pytest.mark.parametrize("query", ["", "?follow=true", "?after_seq=1"])
def test_an_array_of_what_has_no_end_is_refused(http: Http, query: str) -> None:
    answer = http.ask("GET", f"/v1/events{query}", ARRAY)
    assert answer.status == 400
    status = json.loads(answer.body)
    assert status["message"].startswith("follow: application/cloudevents-batch+json needs follow=f")


def test_an_array_that_breaks_is_whole_and_says_so(fake: FakeService) -> None:
    fake.page.records.append(record(CONSUL))
    fake.page.next_page_token = "more"
    fake.fails_after_reads = 1
    found = json.loads(fake.http.ask("GET", "/v1/events?follow=false", ARRAY).body)
    assert [each["type"] for each in found] == ["tidings.consul.user_event", "tidings.error"]


@pytest.mark.parametrize(
    ("accept", "last"),
    [
        ("Accept: */*", b'{"error":{"code":4,'),
        ("Accept: text/event-stream", b'data: {"code":4,'),
        (LINES, b'"type":"tidings.error"'),
        (ARRAY, b'"type":"tidings.error"'),
    ],
)
def test_what_has_an_end_and_comes_to_the_clients_deadline_first_says_so(
    fake: FakeService, accept: str, last: bytes
) -> None:
    fake.page.records.append(record(CONSUL))
    fake.page.next_page_token = "more"  # without end
    body = fake.http.ask("GET", "/v1/events?follow=false", accept, "Grpc-Timeout: 400m").body
    assert last in body.splitlines()[-2 if body.endswith((b"]\n", b"\n\n")) else -1]
    assert accept != ARRAY or len(json.loads(body)) > 1


def test_an_events_id_is_the_same_whatever_else_of_its_record_is_selected(http: Http) -> None:
    publish(http, *TWO)
    target = "/v1/events?follow=false&topic=Job:"
    ids = {
        key: [each["id"] for each in objects(http.ask("GET", target + key, LINES))[:-1]]
        for key in ("web", "db", "*")
    }
    assert ids["web"] != ids["db"]
    assert ids["*"] == ids["web"] + ids["db"]


def test_what_is_read_is_published_by_another_and_is_stored_once(
    http: Http, tmp_path: Path
) -> None:
    kind = {"datacontenttype": {"ceString": "text/plain"}}
    team = {"cloudEvent": CLOUD_EVENT | {"textData": "a text", "attributes": kind}}
    events = [given for system, (given, _) in PRINTED.items() if system != "tidings"]
    for event in (*events, team):
        publish(http, event)
    read = http.ask("GET", "/v1/events?follow=false", LINES).body
    array = http.ask("GET", "/v1/events?follow=false", ARRAY).body
    address = f"unix:{tmp_path / 'other'}"
    with serving(address) as served, gateway(served.server, address) as other:
        for body, is_again in ((read, False), (array, True)):
            answer = other.ask("POST", "/v1/cloudevents", body=body)
            stored = [json.loads(line) for line in answer.body.splitlines()]
            assert len(stored) == len(events) + 1, stored  # and nothing of the heartbeat
            assert [each.get("duplicate", False) for each in stored] == [is_again] * len(stored)
        copied = objects(other.ask("GET", "/v1/events?follow=false", LINES))
    assert without_positions(copied[:-1]) == without_positions(
        [json.loads(line) for line in read.splitlines()[:-1]]
    )


def without_positions(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{name: each[name] for name in each if name != "tidingsseq"} for each in events]
