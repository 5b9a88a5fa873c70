"""Small events of each system."""

from __future__ import annotations

from typing import Any

from google.protobuf.timestamp_pb2 import Timestamp

from tidings.v1 import (
    consul_pb2,
    docker_cloud_pb2,
    event_pb2,
    feldera_pb2,
    nomad_pb2,
    puppet_pb2,
    tidings_event_pb2,
)


def nomad(topic: str = "Job", *, id: str = "", source: str = "", **fields: Any) -> event_pb2.Event:  # noqa: A002
    body = nomad_pb2.NomadEvent(topic=topic, type="JobRegistered", **fields)
    return event_pb2.Event(nomad=body, id=id, source=source)


def consul(name: str = "deploy", **fields: Any) -> event_pb2.Event:
    return event_pb2.Event(consul=consul_pb2.ConsulEvent(name=name, **fields))


def docker(kind: str = "stack", namespace: str = "me") -> event_pb2.Event:
    uri = f"/api/app/v1/{namespace}/{kind}/7/"
    body = docker_cloud_pb2.DockerCloudEvent(type=kind, action="create", resource_uri=uri)
    return event_pb2.Event(docker_cloud=body)


def puppet(kind: str = "node_running", job: str = "352", **fields: Any) -> event_pb2.Event:
    return event_pb2.Event(puppet=puppet_pb2.PuppetJobEvent(type=kind, job=job, **fields))


def feldera(status: str = "Healthy", seconds: int | None = None) -> event_pb2.Event:
    body = feldera_pb2.FelderaClusterEvent(
        api_status=status, compiler_status="Healthy", runner_status="Healthy"
    )
    if seconds is not None:
        body.recorded_at.CopyFrom(Timestamp(seconds=seconds))
    return event_pb2.Event(feldera=body)


def own(mirror: str = "prod") -> event_pb2.Event:
    gap = tidings_event_pb2.MirrorGap(mirror=mirror)
    return event_pb2.Event(tidings=tidings_event_pb2.TidingsEvent(mirror_gap=gap))
