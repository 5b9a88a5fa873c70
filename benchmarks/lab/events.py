"""What is published: the Node of Nomad's documentation (4.6 KB), and events of 300 bytes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import orjson

from tidings.v1 import event_pb2
from tidings.v1 import event_service_pb2 as pb

_SAMPLE = Path(__file__).parents[2] / "tests" / "data" / "nomad_node_event.json"
_NODE = orjson.loads(_SAMPLE.read_bytes())["Events"][0]
_PAYLOAD = orjson.dumps(_NODE["Payload"])

Make = Callable[[bytes], event_pb2.Event]
"""Makes an event that carries a mark."""


def node(mark: bytes) -> event_pb2.Event:
    """Return the Node's event, its payload as Nomad wrote it."""
    event = event_pb2.Event()
    event.nomad.topic, event.nomad.type = _NODE["Topic"], _NODE["Type"]
    event.nomad.key = mark.decode()
    event.nomad.payload_json = _PAYLOAD
    return event


def small(mark: bytes, key: str = "job-1") -> event_pb2.Event:
    """Return a typed event of 300 bytes."""
    event = event_pb2.Event()
    event.nomad.topic, event.nomad.type = "Job", "JobRegistered"
    event.nomad.key, event.nomad.namespace = key, "default"
    event.nomad.payload.job.id = mark.decode()
    event.nomad.payload.job.name = "x" * 210
    return event


def consul(mark: bytes) -> event_pb2.Event:
    """Return a Consul event of 300 bytes."""
    event = event_pb2.Event()
    event.consul.name, event.consul.payload = mark.decode(), b"x" * 100
    return event


def docker(mark: bytes) -> event_pb2.Event:
    """Return a Docker Cloud event."""
    event = event_pb2.Event()
    event.docker_cloud.type, event.docker_cloud.action = "container", "update"
    event.docker_cloud.resource_uri = "/api/app/v1/bench/container/7d6696b7-fbaf-471d/"
    event.docker_cloud.state = mark.decode()
    return event


def nomad_line(mark: bytes) -> bytes:
    """Return the Node's event as a line of Nomad's stream."""
    return orjson.dumps({"Index": 7, "Events": [_NODE | {"Key": mark.decode()}]}) + b"\n"


def docker_text(mark: bytes) -> bytes:
    """Return the Docker Cloud event as its stream prints it."""
    event = {
        "type": "container",
        "action": "update",
        "parents": [],
        "resource_uri": "/api/app/v1/bench/container/7d6696b7-fbaf-471d/",
        "state": mark.decode(),
        "uuid": "7d6696b7-fbaf-471d-a7b7-1d1b9d0a1b9d",
        "datetime": "Sat, 21 Nov 2026 09:00:00 +0000",
    }
    return orjson.dumps(event)


def response(events: list[event_pb2.Event]) -> bytes:
    """Return a message of Subscribe with these events, one a record."""
    answer = pb.SubscribeResponse()
    for seq, event in enumerate(events, start=1):
        record = answer.batch.records.add(seq=seq, events=[event])
        record.recorded_at.GetCurrentTime()
    return answer.SerializeToString()
