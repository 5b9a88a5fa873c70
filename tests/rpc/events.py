"""Small events of each system."""

from __future__ import annotations

from typing import Any

from google.protobuf.timestamp_pb2 import Timestamp

from tidings.v1 import (
    cloud_event_pb2,
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


def cloud_event(id: str = "1", **fields: Any) -> event_pb2.Event:  # noqa: A002
    body = cloud_event_pb2.CloudEvent(id=id, source="/s", spec_version="1.0", type="t", **fields)
    return event_pb2.Event(cloud_event=body)


def own(source: str = "prod") -> event_pb2.Event:
    gap = tidings_event_pb2.SourceGap(source=source)
    return event_pb2.Event(tidings=tidings_event_pb2.TidingsEvent(source_gap=gap))
