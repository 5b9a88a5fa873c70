"""Envoy's transcoder and ours answer alike, but for what docs/transcoding.md tells."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import grpc
import pytest
from google.protobuf import json_format
from google.protobuf.message import Message

from tests.e2e import envoy_requests
from tests.e2e.envoy import Reply, ask, envoy_before
from tests.e2e.envoy_requests import ANSWERED, FIRED, ODD, PUBLISHED, REFUSED, Ask, get
from tests.e2e.guarded import OPS, GuardedServer
from tests.patience import PATIENCE_S
from tidings.gateway.transcode.bind import bind_request
from tidings.gateway.transcode.call import AnswerStream, call_unary
from tidings.gateway.transcode.match import Match
from tidings.gateway.transcode.metadata import request_metadata
from tidings.gateway.transcode.render import (
    LINES_TYPE,
    render_error,
    render_message,
    render_response,
)
from tidings.gateway.transcode.routes import Route, routes_of, table_of
from tidings.v1 import event_service_pb2
from tidings.v1.consul_pb2 import ConsulEvent
from tidings.v1.feldera_pb2 import FelderaClusterEvent
from tidings.v1.puppet_pb2 import PuppetJobEvent

pytestmark = pytest.mark.clients

ROUTES = routes_of(event_service_pb2.DESCRIPTOR.services_by_name.values())
TABLE = table_of(ROUTES)
NATIVE = "/v1/events"


@dataclass(frozen=True)
class Pair:
    """One service, and the two before it."""

    guarded: GuardedServer
    envoy: str

    @property
    def gateway(self) -> str:
        return self.guarded.server.http

    def headers(self, asked: Ask) -> dict[str, str]:
        secret = OPS if asked.caller == "ops" else self.guarded.credentials[asked.caller].secret
        headers = {"Authorization": f"Bearer {secret}"} if secret else {}
        if asked.header:
            name, _, value = asked.header.partition(": ")
            headers[name] = value
        return headers

    def both(self, asked: Ask) -> tuple[Reply, Reply]:
        """Ask ours, then Envoy."""
        headers = self.headers(asked)
        body = asked.body.encode()
        match = TABLE.match(asked.method, asked.path.encode())
        # The other paths' doors speak their system's spelling; their routes are transcoded here.
        if isinstance(match, Match) and str(match.template) != NATIVE:
            ours = asyncio.run(transcoded(self.guarded.server.grpc, match, asked, headers))
        else:
            ours = ask(self.gateway, asked.method, asked.path, body, headers)
        return ours, ask(self.envoy, asked.method, asked.path, body, headers)


@pytest.fixture(scope="module")
def pair(
    guarded: GuardedServer, envoy_program: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Pair]:
    service = "/api/app/v1/acme/service/8/"
    audit = {"type": "service", "action": "update", "state": "Running", "resource_uri": service}
    guarded.publish("docker-cloud", json.dumps(audit).encode())
    folder = tmp_path_factory.mktemp("envoy")
    with envoy_before(envoy_program, guarded.server.grpc, folder) as address:
        pair = Pair(guarded, address)
        for _ in range(2):  # from now on its answer is that of a duplicate
            assert all(reply.status == 200 for reply in pair.both(envoy_requests.post(PUBLISHED)))
        yield pair


async def transcoded(
    grpc_address: str, match: Match[Route], asked: Ask, headers: dict[str, str]
) -> Reply:
    """Answer by the gateway's own transcoder, with no door around it."""
    route = match.target
    metadata = request_metadata([(n.lower().encode(), v.encode()) for n, v in headers.items()])
    query = asked.path.partition("?")[2].encode()
    async with grpc.aio.insecure_channel(grpc_address) as channel:
        try:
            message = bind_request(route, match, query, asked.body.encode(), None)
            if route.rpc.server_streaming:
                open_stream = channel.unary_stream(
                    route.rpc_path,
                    request_serializer=route.request_class.SerializeToString,
                    response_deserializer=route.response_class.FromString,
                )
                stream = AnswerStream(open_stream(message, metadata=metadata))
                return Reply(200, LINES_TYPE, await until_heartbeat(stream))
            answer = await call_unary(
                route, channel, message, metadata=metadata, deadline_s=PATIENCE_S
            )
            reply = render_response(route, answer)
        except grpc.aio.AioRpcError as error:
            reply = render_error(error)
    return Reply(reply.status, dict(reply.headers)[b"content-type"].decode(), reply.body)


async def until_heartbeat(stream: AnswerStream) -> bytes:
    body = b""
    while b"heartbeat" not in body and (message := await stream.take()):
        body += render_message(message) + b"\n"
    stream.cancel()
    return body


def parts_of(reply: Reply) -> list[Any]:
    """Return the JSON values of a body, or its text."""
    try:
        return [json.loads(line) for line in reply.body.splitlines()]
    except ValueError:
        return [reply.body]


def records_in(value: Any) -> Iterator[dict[str, Any]]:
    """Return the records in an answer, however they are packed."""
    if isinstance(value, dict):
        if "recordedAt" in value and "seq" in value:
            yield value
            return
        value = list(value.values())
    if isinstance(value, list):
        for each in value:
            yield from records_in(each)


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
        match = TABLE.match(asked.method, asked.path.encode())
        assert isinstance(match, Match)
        called.add((asked.method, str(match.template)))
    assert called == {(route.http_method, str(route.template)) for route in ROUTES}


def test_every_row_of_the_table_is_asked_for() -> None:
    assert envoy_requests.rows().keys() <= {
        str(asked) for asked in [*ANSWERED, *REFUSED, *ODD, *FIRED]
    }
