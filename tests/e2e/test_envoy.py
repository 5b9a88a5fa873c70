"""Envoy's transcoder and ours answer alike, but for what docs/transcoding.md tells."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qsl

import pytest
from google.protobuf import json_format
from google.protobuf.message import Message

from tests.e2e import envoy_requests
from tests.e2e.envoy import Reply, ask, records_in
from tests.e2e.envoy_pair import ROUTES, Pair
from tests.e2e.envoy_requests import ANSWERED, FIRED, ODD, REFUSED, REVOKED, Ask, get
from tests.e2e.guarded import OPS
from tidings.gateway.transcode.routes import routes_at
from tidings.v1.consul_pb2 import ConsulEvent
from tidings.v1.feldera_pb2 import FelderaClusterEvent
from tidings.v1.puppet_pb2 import PuppetJobEvent

pytestmark = pytest.mark.clients


MOVING = ("work", "store")
"""Members of GetLogStatus that differ from one moment to the next: what was done, what is free."""


def parts_of(reply: Reply) -> list[Any]:
    """Return the JSON values of a body, or its text."""
    try:
        return [json.loads(line, object_hook=_still) for line in reply.body.splitlines()]
    except ValueError:
        return [reply.body]


def _still(value: dict[str, Any]) -> dict[str, Any]:
    """Have what moves say only which members it has, and of which kind."""
    kinds = {
        name: {each: type(of) for each, of in value[name].items()}
        for name in MOVING
        if name in value
    }
    return value | kinds


def content_of(reply: Reply) -> list[Any]:
    """Return what a body says: records one by one, and whatever holds none."""
    return [
        said for part in parts_of(reply) for said in (list(records_in(part)) or [part])
    ]  # fmt: skip


def summary_of(reply: Reply) -> str:
    """Return status, type and the kind of body, in the words of the table."""
    return f"{reply.status} {reply.kind or '-'}, {name_of(reply)}"


def name_of(reply: Reply) -> str:
    parts = parts_of(reply)
    most = max((len(list(records_in(part))) for part in parts), default=0)
    if not reply.body:
        return "no body"
    if most:
        return "records" if most > 1 else "records one by one"
    if isinstance(parts[0], bytes):
        return "text"
    is_status = isinstance(parts[0], dict) and {"code", "message"} <= parts[0].keys()
    return f"Status {parts[0]['code']}" if is_status else "JSON"


@pytest.mark.parametrize("asked", [*ANSWERED, *REFUSED, *ODD], ids=str)
def test_envoy_and_the_gateway_answer_alike_or_as_the_table_says(pair: Pair, asked: Ask) -> None:
    ours, envoys = pair.both(asked)
    said = summary_of(ours), summary_of(envoys)
    is_same = said[0] == said[1] and content_of(ours) == content_of(envoys)
    in_table = envoy_requests.rows().get(str(asked))
    assert in_table == (None if is_same else said), (ours, envoys)


@pytest.mark.parametrize("asked", ANSWERED, ids=str)
def test_what_is_called_is_answered(pair: Pair, asked: Ask) -> None:
    ours, envoys = pair.both(asked)
    assert (ours.status, envoys.status) == (200, 200)
    assert content_of(envoys) not in ([], [{}])


@pytest.mark.parametrize("asked", REFUSED, ids=str)
def test_errors_of_the_service_have_their_details_in_both(pair: Pair, asked: Ask) -> None:
    for reply in pair.both(asked):
        assert [status["details"][0]["reason"] for status in parts_of(reply)]


@pytest.mark.parametrize(("asked", "name"), FIRED.items(), ids=str)
def test_what_is_fired_is_stored_alike(pair: Pair, asked: Ask, name: str) -> None:
    body = b"\x00 of any kind"
    for address in (pair.gateway, pair.envoy):
        reply = ask(address, asked.method, asked.path, body, pair.headers(asked))
        assert reply.status == 200, reply
    newest = events_of(pair.envoy, pair.headers(asked), "/v1/event/list", "events")[-2:]
    fired = [json_format.ParseDict(each, ConsulEvent()) for each in newest]
    assert fired[0].name == name
    said = tuple(f"stored as {event.name}" for event in fired)
    in_table = envoy_requests.rows().get(str(asked))
    assert in_table == (None if said[0] == said[1] else said)
    assert [event.payload for event in fired] == [body, body]
    assert {(e.node_filter, e.service_filter, e.tag_filter) for e in fired} == {filters_of(asked)}


@pytest.mark.parametrize(
    ("kind", "by_door", "by_envoy"),
    [
        (ConsulEvent, ("/v1/event/list", ""), ("/v1/event/list", "events")),
        (
            PuppetJobEvent,
            ("/orchestrator/v1/jobs/352/events", "items"),
            ("/orchestrator/v1/jobs/352/events", "items"),
        ),
        (
            FelderaClusterEvent,
            ("/v0/cluster/events?selector=all", ""),
            ("/v0/cluster/events?fields=FELDERA_FIELDS_ALL", "events"),
        ),
    ],
)
def test_a_system_s_own_spelling_tells_the_same_records(
    pair: Pair, kind: type[Message], by_door: tuple[str, str], by_envoy: tuple[str, str]
) -> None:
    headers = {"X-Authentication": OPS, **pair.headers(get("/"))}
    told = [
        [record_of(kind, event) for event in events_of(address, headers, *place)]
        for address, place in [(pair.gateway, by_door), (pair.envoy, by_envoy)]
    ]
    assert told[0] == told[1] != []


def filters_of(asked: Ask) -> tuple[str, ...]:
    query = dict(parse_qsl(asked.path.partition("?")[2]))
    return tuple(query.get(name, "") for name in ("node", "service", "tag"))


def record_of(kind: type[Message], value: dict[str, Any]) -> Message:
    event = json_format.ParseDict(value, kind())
    if isinstance(event, PuppetJobEvent):  # Puppet's items have no job, and details always
        event.job = "352"
        event.details.SetInParent()
    return event


def events_of(address: str, headers: dict[str, str], path: str, member: str) -> list[Any]:
    """Return the events of a list, which is a member of the answer, or the answer."""
    reply = ask(address, "GET", path, b"", headers)
    assert reply.status == 200, reply
    value = json.loads(reply.body)
    events: list[Any] = value[member] if member else value
    return events


def test_every_route_of_the_contract_is_called() -> None:
    called = set()
    for asked in [*ANSWERED, *FIRED]:
        path = asked.path.partition("?")[0].encode()
        route, _ = routes_at(ROUTES, path)[asked.method]
        called.add((asked.method, str(route.template)))
    assert called == {(route.http_method, str(route.template)) for route in ROUTES}


def test_every_row_of_the_table_is_asked_for() -> None:
    assert envoy_requests.rows().keys() <= {
        *(str(asked) for asked in [*ANSWERED, *REFUSED, *ODD, *FIRED]),
        REVOKED,
    }
