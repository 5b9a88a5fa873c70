"""Events that tell of objects, and a log that is filled with some at given seconds."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from google.protobuf.timestamp_pb2 import Timestamp

from tests.kit.clock import START_US
from tests.rpc.serving import Served, publish
from tidings.v1 import docker_cloud_pb2, event_pb2, feldera_pb2, nomad_pb2, puppet_pb2


def at(seconds: float) -> Timestamp:
    """Return a time, in seconds since the test's clock began."""
    stamp = Timestamp()
    stamp.FromMicroseconds(START_US + round(seconds * 1e6))
    return stamp


def nomad(
    kind: str, member: str, value: dict[str, Any], source: str = "", **payload: Any
) -> event_pb2.Event:
    text = json.dumps({member: value, **payload}).encode()
    namespace = value.get("Namespace", "")
    body = nomad_pb2.NomadEvent(topic=member, type=kind, namespace=namespace, payload_json=text)
    return event_pb2.Event(nomad=body, source=source)


def job(
    version: int, status: str = "running", *, name: str = "web", namespace: str = "default",
    source: str = "", **payload: Any,
) -> event_pb2.Event:  # fmt: skip
    value = {"ID": name, "Name": name, "Namespace": namespace, "Version": version, "Status": status}
    return nomad("JobRegistered", "Job", value, source, **payload)


def node(name: str, status: str, kind: str = "NodeEvent") -> event_pb2.Event:
    return nomad(kind, "Node", {"ID": f"id-{name}", "Name": name, "Status": status})


def allocation(number: int, job: str, node: str, status: str) -> event_pb2.Event:
    value = {
        "ID": f"a{number}", "Name": f"{job}[{number}]", "Namespace": "default", "JobID": job,
        "NodeID": f"id-{node}", "ClientStatus": status,
    }  # fmt: skip
    return nomad("AllocationUpdated", "Allocation", value)


def container(uuid: str, action: str, state: str) -> event_pb2.Event:
    body = docker_cloud_pb2.DockerCloudEvent(
        type="container",
        action=action,
        state=state,
        resource_uri=f"/api/app/v1/me/container/{uuid}/",
        parents=["/api/app/v1/me/service/s1/"],
    )
    return event_pb2.Event(docker_cloud=body)


def run(kind: str, node: str = "", state: str = "", job: str = "352") -> event_pb2.Event:
    details = {name: text for name, text in (("node", node), ("state", state)) if text}
    text = json.dumps(details).encode()
    return event_pb2.Event(puppet=puppet_pb2.PuppetJobEvent(type=kind, job=job, details_json=text))


def look(compiler: str = "Healthy") -> event_pb2.Event:
    body = feldera_pb2.FelderaClusterEvent(
        api_status="Healthy", compiler_status=compiler, runner_status="Healthy"
    )
    return event_pb2.Event(feldera=body)


def fill(served: Served, told: Iterable[tuple[float, Iterable[event_pb2.Event]]]) -> list[int]:
    """Publish records at their seconds, and return their positions."""
    given = []
    for seconds, record in told:
        served.deployment.clock.at_us = START_US + round(seconds * 1e6)
        given.append(publish(served.stub, *record).seq)
    return given
