"""What is published and read through Envoy is what is through the gateway, and how streams end."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPResponse
from typing import Any

import pytest
from google.protobuf import json_format
from google.protobuf.message import Message

from tests.e2e import envoy_requests
from tests.e2e.envoy import ask, records_in
from tests.e2e.envoy_pair import Pair
from tests.e2e.envoy_requests import get
from tests.e2e.guarded import OPS, bearer
from tests.patience import PATIENCE_S
from tidings.v1 import event_pb2, nomad_pb2
from tidings.v1 import event_service_pb2 as pb

pytestmark = pytest.mark.clients

HEALTHY = {f"{name}_status": "Healthy" for name in ("api", "compiler", "runner")}
EVENTS = {
    "nomad": {"Topic": "Job", "Type": "JobRegistered", "Key": "j", "Payload": {"Job": {"ID": "j"}}},
    "consul": {"Name": "web", "Payload": "AP8=", "NodeFilter": "^a"},
    "docker_cloud": {"type": "stack", "action": "create", "resource_uri": "/api/app/v1/é/stack/7/"},
    "puppet": {
        "job": "9",
        "type": "node_failed",
        "details": {"node": "a", "detail": {"noop": True}},
    },
    "feldera": {**HEALTHY, "api_self_info": "as \u2028 is"},
}
# What the service gives: ids, times and positions.
_GIVEN = re.compile(r'"(\d+|[0-9a-f]{8}-[0-9a-f-]{27}|\d{4}-\d\d-\d\dT[^"]*)"')


def published(pair: Pair, address: str, system: str, event: dict[str, Any]) -> int:
    body = json.dumps({"events": [{system: event}]}).encode()
    reply = ask(address, "POST", "/v1/events", body, pair.headers(get("/")))
    assert reply.status == 200, reply
    return int(json.loads(reply.body)["seq"])


def read(pair: Pair, address: str, after_seq: int) -> str:
    """Return the first record after a position, as JSON, without who published it."""
    reply = ask(address, "GET", f"/v1/events?after_seq={after_seq}", b"", pair.headers(get("/")))
    found = re.search(rb'\{"seq":.*?\}\}\]\}', reply.body, re.DOTALL)
    assert found, reply.body[:1000]
    return re.sub(r',"publisher":\{[^}]*\}', "", found[0].decode())


@pytest.mark.parametrize(("system", "event"), EVENTS.items())
def test_what_is_published_is_stored_alike(pair: Pair, system: str, event: dict[str, Any]) -> None:
    by_gateway = published(pair, pair.gateway, system, event)
    by_envoy = published(pair, pair.envoy, system, event)
    assert by_envoy > by_gateway
    stored = [read(pair, pair.gateway, seq - 1) for seq in (by_gateway, by_envoy)]
    assert _GIVEN.sub('""', stored[0]) == _GIVEN.sub('""', stored[1])
    assert f'"{"dockerCloud" if system == "docker_cloud" else system}"' in stored[0]


def test_the_largest_record_passes(pair: Pair) -> None:
    event = {**HEALTHY, "api_self_info": "x" * 4_000_000}
    for address in (pair.gateway, pair.envoy):
        check_that_both_tell(pair, published(pair, address, "feldera", event), 4_000_000)


def test_the_largest_record_passes_as_the_longest_json(pair: Pair) -> None:
    draft = event_pb2.Draft()
    event = {"feldera": {**HEALTHY, "api_self_info": "\u0001" * 4_000_000}}
    json_format.ParseDict({"events": [event]}, draft)
    with pair.guarded.server.stub() as stub:
        stored = stub.Publish(
            pb.PublishRequest(draft=draft), metadata=bearer(OPS), timeout=PATIENCE_S
        )
    check_that_both_tell(pair, stored.seq, 24_000_000)


def check_that_both_tell(pair: Pair, seq: int, size: int) -> None:
    told = [read(pair, address, seq - 1) for address in (pair.gateway, pair.envoy)]
    assert told[0] == told[1]
    assert len(told[0]) > size


def test_nomad_s_own_stream_tells_the_same_events(pair: Pair) -> None:
    for topic in ("Job", "Node"):
        event = {"Topic": topic, "Type": f"{topic}Registered", "Payload": {topic: {"ID": topic}}}
        published(pair, pair.envoy, "nomad", event)
    path = "/v1/event/stream?after_seq=0&selection.nomad.namespace=*"
    reply = ask(pair.envoy, "GET", path, b"", pair.headers(get("/")))
    lines = [json.loads(line) for line in reply.body.splitlines()]
    events = [e["nomad"] for line in lines for r in records_in(line) for e in r["events"]]
    by_envoy = [event for event in events if event["Topic"] in ("Job", "Node")]
    by_door: list[dict[str, Any]] = []
    with opened(
        pair.gateway, "/v1/event/stream?index=1&namespace=*&topic=Job&topic=Node", OPS
    ) as answer:
        while len(by_door) < len(by_envoy):
            by_door += json.loads(answer.readline()).get("Events") or ()
    assert [nomad_event(event) for event in by_door] == [nomad_event(event) for event in by_envoy]
    assert [event["Payload"] for event in by_envoy[-2:]] == [
        {"Job": {"ID": "Job"}},
        {"Node": {"ID": "Node"}},
    ]


def nomad_event(value: dict[str, Any]) -> Message:
    """Return an event without what only one of the two spellings has."""
    value.pop("Index", None)
    event = json_format.ParseDict(value, nomad_pb2.NomadEvent())
    event.ClearField("upstream_index")
    event.ClearField("payload_json")
    return event


@contextlib.contextmanager
def opened(address: str, path: str, secret: str) -> Iterator[HTTPResponse]:
    """Lend a stream."""
    with contextlib.closing(HTTPConnection(address, timeout=PATIENCE_S)) as connection:
        connection.request("GET", path, headers={"Authorization": f"Bearer {secret}"})
        answer = connection.getresponse()
        assert answer.status == 200
        yield answer


def test_a_stream_that_breaks_ends_as_the_table_says(pair: Pair) -> None:
    path = "/v1/events?after_seq=0"
    token_id, secret = pair.guarded.new_token("brief", "client")
    with opened(pair.gateway, path, secret) as ours, opened(pair.envoy, path, secret) as envoys:
        for answer in (ours, envoys):
            while b"heartbeat" not in answer.readline():
                pass
        pair.guarded.revoke(token_id)
        said = tuple(end_of(answer.read()) for answer in (ours, envoys))
    assert envoy_requests.rows()[envoy_requests.REVOKED] == said


def end_of(rest: bytes) -> str:
    lines = [json.loads(line) for line in rest.splitlines()]
    broken = [f"ends with Status {line['error']['code']}" for line in lines if "error" in line]
    return broken[-1] if broken else "ends"
