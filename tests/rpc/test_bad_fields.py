"""Bad fields are named by their path in the request, and what the contract calls required is."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import grpc
import pytest
from google.api import field_behavior_pb2
from google.protobuf import json_format
from google.protobuf.descriptor import Descriptor, FieldDescriptor, MethodDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from tests.contract import SERVICES, behavior_of
from tests.patience import PATIENCE_S
from tests.rpc import events
from tests.rpc.credentials import ROOT_SECRET, bearer, guarded
from tests.rpc.serving import Served, draft, serving
from tidings.v1 import event_pb2, event_service_pb2

METHODS = {method.name: method for service in SERVICES for method in service.methods}

EVENTS: dict[str, Callable[[], event_pb2.Event]] = {
    "nomad": events.nomad,
    "consul": events.consul,
    "docker_cloud": events.docker,
    "puppet": events.puppet,
    "feldera": events.feldera,
    "cloud_event": events.cloud_event,
}
"""Makers of events of which nothing is set but what is needed."""

EARLY, LATE = "2020-01-01T00:00:00Z", "2021-01-01T00:00:00Z"
LONG, MANY = "x" * 3000, ["x"] * 2000
NOMAD = {"topic": "Job", "type": "JobRegistered"}

REFUSED: list[tuple[str, dict[str, Any], str]] = [
    ("Publish", {}, "draft.events"),
    ("Publish", {"draft": {"key": LONG, "events": [{"nomad": NOMAD}]}}, "draft.key"),
    ("Publish", {"draft": {"events": [{"nomad": NOMAD}, {}]}}, "draft.events[1]"),
    ("Publish", {"draft": {"events": [{"nomad": NOMAD}, {"nomad": {}}]}},
     "draft.events[1].nomad.topic"),
    ("Publish", {"draft": {"events": [{"nomad": {**NOMAD, "payload_json": "W10="}}]}},
     "draft.events[0].nomad.payload_json"),
    ("Publish", {"draft": {"events": [{"tidings": {}}]}}, "draft.events[0].tidings"),
    ("Publish", {"draft": {"events": [{"puppet": {"type": "x", "job": "01"}}]}},
     "draft.events[0].puppet.job"),
    ("Publish", {"draft": {"events": [{"copied_from": MANY, "nomad": NOMAD}]}},
     "draft.events[0].copied_from"),
    ("Subscribe", {"position": 9}, "position"),
    ("Subscribe", {"payload_format": 9}, "payload_format"),
    ("Subscribe", {"heartbeat_interval": "0.01s"}, "heartbeat_interval"),
    ("Subscribe", {"selection": {"consul": {"names": [""]}}}, "selection.consul.names[0]"),
    ("Subscribe", {"selection": {"puppet": {"jobs": ["7", "x"]}}}, "selection.puppet.jobs[1]"),
    ("Subscribe", {"identifiers": ["job/web", ""]}, "identifiers[1]"),
    ("Subscribe", {"text": "-"}, "text"),
    ("ReadRecords", {"types": ["a", ""]}, "types[1]"),
    ("ReadRecords", {"sources": MANY}, "sources"),
    ("ReadRecords", {"filter": "("}, "filter"),
    ("ReadRecords", {"order": 9}, "order"),
    ("ReadRecords", {"after_seq": 1, "before_seq": 1}, "before_seq"),
    ("ReadRecords", {"from_time": LATE, "until_time": EARLY}, "until_time"),
    ("ReadRecords", {"page_size": -1}, "page_size"),
    ("ReadRecords", {"page_token": "x"}, "page_token"),
    ("ReadRecords", {"selection": {"puppet": {"jobs": ["x"]}}}, "selection.puppet.jobs[0]"),
    ("GetRecord", {}, "seq"),
    ("CountRecords", {"group_by": [1, 0]}, "group_by[1]"),
    ("CountRecords", {"totals_by": [0]}, "totals_by[0]"),
    ("CountRecords", {"bucket": "0.5s"}, "bucket"),
    ("CountRecords", {"page_token": "x"}, "page_token"),
    ("ListObjects", {"systems": [1, 99]}, "systems[1]"),
    ("ListObjects", {"parents": ["web"]}, "parents[0]"),
    ("ListObjects", {"view": 9}, "view"),
    ("GetObjectHistory", {"system": 99, "kind": "job", "id": "web"}, "system"),
    ("GetObjectHistory", {"system": 1, "kind": "job"}, "id"),
    ("BackupLog", {"after_seq": 2}, "log_id"),
    ("Fire", {"name": "x", "tag": "a"}, "tag"),
    ("Fire", {"name": "x", "service": "("}, "service"),
    ("Fire", {"name": "x", "node": LONG}, "node"),
    ("Fire", {"name": "x", "payload": {"data": "eHh4" * 60_000}}, "payload"),
    ("List", {"page_token": "x"}, "page_token"),
    ("GetJobEvents", {"job_id": "007"}, "job_id"),
    ("GetJobEvents", {"job_id": "7", "start": "x"}, "start"),
    ("GetClusterEvent", {"event_id": "newest"}, "event_id"),
    ("ListClusterEvents", {"fields": 9}, "fields"),
    ("ListClusterEvents", {"page_size": -1}, "page_size"),
    ("CreateToken", {"name": "a", "policies": [""]}, "policies[0]"),
    ("CreateToken", {"name": "a", "expires_at": EARLY}, "expires_at"),
    ("CreateToken", {"name": "a", "request_id": "1"}, "request_id"),
    ("ListTokens", {"page_size": -1}, "page_size"),
    ("ListTokens", {"page_token": "x"}, "page_token"),
    ("ListPolicies", {"page_token": "root"}, "page_token"),
    ("ListRoles", {"page_token": "r"}, "page_token"),
    ("PutPolicy", {}, "policy.name"),
    ("PutPolicy", {"policy": {"name": "p", "description": LONG}}, "policy.description"),
    ("PutRole", {"role": {"name": "r", "policies": [""]}}, "role.policies[0]"),
    ("RunSource", {}, "claim"),
    ("RunSource", {"claim": {"source": "a b", "system": 1}}, "claim.source"),
    ("RunSource", {"claim": {"source": "a"}}, "claim.system"),
    ("RunSource", {"claim": {"source": "a", "system": 1, "address": LONG}}, "claim.address"),
    ("RunSource", {"claim": {"source": "a", "system": 1, "stale_after": "0.1s"}},
     "claim.stale_after"),
]  # fmt: skip


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(f"unix:{tmp_path_factory.mktemp('fields')}/s", guarded()) as one:
        yield one


def call(service: Served, method: MethodDescriptor, request: Message) -> None:
    """Call a method of any kind once, with all rights."""
    kind: Any = service.channel.stream_stream(
        f"/{method.containing_service.full_name}/{method.name}",
        request_serializer=lambda message: message.SerializeToString(),
    )
    for _ in kind(iter([request]), timeout=PATIENCE_S, metadata=bearer(ROOT_SECRET)):
        return


def refused_field(service: Served, method: MethodDescriptor, request: Message) -> str:
    """Return the one field that a refused request is told of."""
    with pytest.raises(grpc.RpcError) as refused:
        call(service, method, request)
    failed: Any = refused.value
    status = rpc_status.from_call(failed)
    assert status is not None, refused.value
    found = error_details_pb2.BadRequest()
    assert [detail for detail in status.details if detail.Unpack(found)], status
    (violation,) = found.field_violations
    return str(violation.field)


def is_path(message: Descriptor | None, path: str) -> bool:
    """Say whether a path leads to a field of a message: names, with places in what is repeated."""
    name, _, rest = path.partition(".")
    match = re.fullmatch(r"([a-z_]+)(\[\d+])?", name)
    field = message.fields_by_name.get(match[1]) if message and match else None
    if field is None or match is None or (match[2] and not field.is_repeated):
        return False
    return not rest or is_path(field.message_type, rest)


@pytest.mark.parametrize(("name", "fields", "path"), REFUSED)
def test_a_bad_field_is_named_by_its_path_in_the_request(
    service: Served, name: str, fields: dict[str, Any], path: str
) -> None:
    method = METHODS[name]
    request = json_format.ParseDict(fields, GetMessageClass(method.input_type)())
    assert is_path(method.input_type, path)
    assert refused_field(service, method, request) == path


def test_every_method_that_can_be_asked_wrongly_is_among_them() -> None:
    free = {"Authenticate", "GetLogStatus", "ListSources"}  # any text is a credential
    streams = {"PublishStream"}  # answers in its results, see test_publish_stream
    by_name = {"RevokeToken", "DeletePolicy", "DeleteRole", "ForgetSource"}  # NOT_FOUND
    tested = {name for name, _, _ in REFUSED}
    assert tested == METHODS.keys() - free - streams - by_name


def required(message: Descriptor) -> list[FieldDescriptor]:
    return [f for f in message.fields if field_behavior_pb2.REQUIRED in behavior_of(f)]


@pytest.mark.parametrize("name", METHODS)
def test_what_a_request_requires_is_asked_for(service: Served, name: str) -> None:
    method = METHODS[name]
    if not required(method.input_type):
        return
    request = GetMessageClass(method.input_type)()
    with pytest.raises(grpc.RpcError) as refused:
        call(service, method, request)
    error: Any = refused.value
    assert error.code() in {grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.NOT_FOUND}


@pytest.mark.parametrize("system", EVENTS)
def test_an_event_needs_what_is_required_and_nothing_else(service: Served, system: str) -> None:
    full = EVENTS[system]()
    body = getattr(full, system)
    request = event_service_pb2.PublishRequest(draft=draft(full))
    call(service, METHODS["Publish"], request)
    needed = required(body.DESCRIPTOR)
    assert {field for field, _ in body.ListFields()} == {*needed}
    for field in needed:
        less = event_pb2.Event()
        less.CopyFrom(full)
        getattr(less, system).ClearField(field.name)
        request = event_service_pb2.PublishRequest(draft=draft(less))
        path = f"draft.events[0].{system}.{field.name}"
        assert refused_field(service, METHODS["Publish"], request) == path


def test_every_system_that_is_published_is_among_them() -> None:
    bodies = event_pb2.Event.DESCRIPTOR.oneofs_by_name["body"].fields
    assert EVENTS.keys() == {
        body.name for body in bodies if field_behavior_pb2.OUTPUT_ONLY not in behavior_of(body)
    }
