"""Every event type that the five systems' documentation names: typed publish, typed back."""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Iterator
from typing import Any

import grpc
import pytest
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

from tests.rpc.serving import publish, read_one, refusal
from tidings.v1 import (
    consul_pb2,
    docker_cloud_pb2,
    event_pb2,
    feldera_pb2,
    json_options_pb2,
    nomad_pb2,
    puppet_pb2,
)
from tidings.v1.event_service_pb2_grpc import EventServiceStub

# Type, topic and the payload's member. Source: Nomad's events API page, tables of topics and types.
NOMAD_TYPES = [
    ("ACLTokenUpserted", "ACLToken", "acl_token"),
    ("ACLTokenDeleted", "ACLToken", "acl_token"),
    ("ACLPolicyUpserted", "ACLPolicy", "acl_policy"),
    ("ACLPolicyDeleted", "ACLPolicy", "acl_policy"),
    ("ACLRoleUpserted", "ACLRole", "acl_role"),
    ("ACLRoleDeleted", "ACLRole", "acl_role"),
    ("AllocationCreated", "Allocation", "allocation"),
    ("AllocationUpdated", "Allocation", "allocation"),
    ("AllocationUpdateDesiredStatus", "Allocation", "allocation"),
    ("DeploymentStatusUpdate", "Deployment", "deployment"),
    ("DeploymentPromotion", "Deployment", "deployment"),
    ("DeploymentAllocHealth", "Deployment", "deployment"),
    ("EvaluationUpdated", "Evaluation", "evaluation"),
    ("JobRegistered", "Job", "job"),
    ("JobDeregistered", "Job", "job"),
    ("JobBatchDeregistered", "Job", "job"),
    ("NodeRegistration", "Node", "node"),
    ("NodeDeregistration", "Node", "node"),
    ("NodeEligibility", "Node", "node"),
    ("NodeDrain", "Node", "node"),
    ("NodeEvent", "Node", "node"),
    ("NodePoolUpserted", "NodePool", "node_pool"),
    ("NodePoolDeleted", "NodePool", "node_pool"),
    ("PlanResult", "Allocation", "allocation"),
    ("ServiceRegistration", "Service", "service"),
    ("ServiceDeregistration", "Service", "service"),
]

# Types, and the types of their parents. Source: Docker Cloud Events page.
DOCKER_TYPES = [
    ("stack", []),
    ("service", ["stack"]),
    ("container", ["service", "stack", "node", "nodecluster"]),
    ("nodecluster", []),
    ("node", ["nodecluster"]),
    ("action", ["service"]),
]

# Source: the Orchestrator's page of job events.
PUPPET_TYPES = [
    "node_running",
    "node_finished",
    "node_failed",
    "node_errored",
    "node_skipped",
    "job_stopping",
    "job_aborted",
    "job_finished",
]

# Source: Feldera's page of cluster events.
FELDERA_STATUSES = ["Healthy", "Unhealthy", "InitialUnhealthy"]

_LARGEST = {
    FieldDescriptor.CPPTYPE_INT32: -(2**31),
    FieldDescriptor.CPPTYPE_INT64: -(2**63),
    FieldDescriptor.CPPTYPE_UINT32: 2**32 - 1,
    FieldDescriptor.CPPTYPE_UINT64: 2**64 - 1,
    FieldDescriptor.CPPTYPE_DOUBLE: 0.1,
    FieldDescriptor.CPPTYPE_BOOL: True,
    FieldDescriptor.CPPTYPE_STRING: "tèxt",
}
_TIMES = ("google.protobuf.Timestamp", "google.protobuf.Duration")


_SECONDS = itertools.count(1_699_202_586)  # each event later than the one before, and past


def fill(message: Message, depth: int = 8) -> None:
    """Set every field that is no secret, down to a depth that holds each object's own fields."""
    for field in _fields(message.DESCRIPTOR):
        if field.message_type and field.message_type.GetOptions().map_entry:
            _fill_map(getattr(message, field.name), field.message_type, depth)
        elif field.message_type:
            inside = getattr(message, field.name)
            inside = inside.add() if field.is_repeated else inside
            if field.message_type.full_name in _TIMES:
                inside.seconds, inside.nanos = 1_600_000_000, 904_159_516
            elif depth:
                fill(inside, depth - 1)
            inside.SetInParent()
        elif field.is_repeated:
            getattr(message, field.name).extend([_value(field)] * 2)
        else:
            setattr(message, field.name, _value(field))


def _fields(descriptor: Any) -> Iterator[FieldDescriptor]:
    for field in descriptor.fields:
        options = field.GetOptions().Extensions
        secret = options[json_options_pb2.secret]
        exact = options[json_options_pb2.exact_json_of]
        if not secret and not exact and field.containing_oneof in (None, *_synthetic(field)):
            yield field


def _synthetic(field: FieldDescriptor) -> tuple[object, ...]:
    """Return the field's oneof if it only says that the field is optional."""
    oneof = field.containing_oneof
    return (oneof,) if oneof is not None and oneof.name.startswith("_") else ()


def _value(field: FieldDescriptor) -> object:
    if field.type == FieldDescriptor.TYPE_BYTES:
        return b'{"a":1}'
    return _LARGEST[field.cpp_type]


def _fill_map(held: Any, entry: Any, depth: int) -> None:
    key, value = _value(entry.fields_by_name["key"]), entry.fields_by_name["value"]
    if value.message_type:
        fill(held[key], depth - 1)
    else:
        held[key] = _value(value)


def there_and_back(stub: EventServiceStub, event: event_pb2.Event) -> event_pb2.Event:
    record = read_one(stub, publish(stub, event).seq)
    (back,) = record.events
    return back


def test_the_tables_are_whole() -> None:
    assert len({kind for kind, _, _ in NOMAD_TYPES}) == 26
    assert len(DOCKER_TYPES) + len(["error"]) == 7
    assert len(set(PUPPET_TYPES)) == 8


@pytest.mark.parametrize(("kind", "topic", "member"), NOMAD_TYPES)
def test_nomad(stub: EventServiceStub, kind: str, topic: str, member: str) -> None:
    payload = nomad_pb2.NomadPayload()
    fill(getattr(payload, member))
    body = nomad_pb2.NomadEvent(
        topic=topic,
        type=kind,
        key="k",
        namespace="default",
        filter_keys=["a", ""],
        upstream_index=7,
        payload=payload,
    )
    back = there_and_back(stub, event_pb2.Event(nomad=body))
    assert back.nomad == body
    assert back.nomad.payload.WhichOneof("object") == member
    assert len(back.nomad.payload.SerializeToString()) > 50


def test_consul(stub: EventServiceStub) -> None:
    body = consul_pb2.ConsulEvent(
        name="deploy",
        payload=b"\x00\xff",
        node_filter="a",
        service_filter="b",
        tag_filter="c",
        version=1,
    )
    back = there_and_back(stub, event_pb2.Event(consul=body)).consul
    body.id, body.l_time = back.id, back.l_time
    assert back == body
    assert back.l_time > 0
    assert len(back.id) == 36


@pytest.mark.parametrize(("kind", "parents"), DOCKER_TYPES)
def test_docker_cloud(stub: EventServiceStub, kind: str, parents: list[str]) -> None:
    body = docker_cloud_pb2.DockerCloudEvent(
        type=kind,
        action="create",
        parents=[f"/api/app/v1/me/{parent}/7aaf9b7a/" for parent in parents],
        resource_uri=f"/api/app/v1/me/{kind}/8bbf9b7b/",
        state="Not running",
        uuid=str(uuid.uuid4()),
    )
    body.datetime.seconds = 1_454_345_248
    back = there_and_back(stub, event_pb2.Event(docker_cloud=body)).docker_cloud
    body.namespace = "me"
    assert back == body


def test_docker_clouds_error_is_never_published(stub: EventServiceStub) -> None:
    body = docker_cloud_pb2.DockerCloudEvent(type="error", action="x", resource_uri="/")
    with pytest.raises(grpc.RpcError) as refused:
        publish(stub, event_pb2.Event(docker_cloud=body))
    assert refusal(refused.value)[0] == grpc.StatusCode.INVALID_ARGUMENT


@pytest.mark.parametrize("kind", PUPPET_TYPES)
def test_puppet(stub: EventServiceStub, kind: str) -> None:
    body = puppet_pb2.PuppetJobEvent(type=kind, job="352", message="Started puppet run ... ")
    body.timestamp.seconds = 1_462_477_808
    fill(body.details)
    if kind == "job_finished":
        body.job = "353"  # ends its job, and the order of these tests is random
    back = there_and_back(stub, event_pb2.Event(puppet=body)).puppet
    body.id = back.id
    assert back == body
    assert int(back.id) > 1


@pytest.mark.parametrize("service", ["api", "compiler", "runner"])
@pytest.mark.parametrize("status", FELDERA_STATUSES)
def test_feldera(stub: EventServiceStub, status: str, service: str) -> None:
    body = feldera_pb2.FelderaClusterEvent()
    for name in ("api", "compiler", "runner"):
        setattr(body, f"{name}_status", status if name == service else "Healthy")
        setattr(body, f"{name}_self_info", f"{name} self")
        setattr(body, f"{name}_resources_info", f"{name} resources")
    body.recorded_at.seconds, body.recorded_at.nanos = next(_SECONDS), 655_736_000
    back = there_and_back(stub, event_pb2.Event(feldera=body)).feldera
    body.id, body.all_healthy = back.id, status == "Healthy"
    assert back == body
    assert len(back.id) == 36
