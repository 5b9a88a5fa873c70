"""Docker Cloud's JSON, both directions. Made from protos/ by `make generate`; do not edit."""

from __future__ import annotations

import msgspec

from tidings.v1 import json_runtime as rt
from tidings.v1.docker_cloud_pb2 import (
    DockerCloudEvent,
)


def docker_cloud_event_to_json(message: DockerCloudEvent) -> dict[str, rt.Json]:
    """Return the JSON object of a DockerCloudEvent, ready for `rt.dumps`."""
    value: dict[str, rt.Json] = {
        "type": message.type,
        "action": message.action,
        "parents": all_parents[:] if (all_parents := message.parents) else [],
        "resource_uri": message.resource_uri,
        "state": message.state,
        "uuid": message.uuid,
        "datetime": rt.time_text_seconds(message.datetime) if message.HasField("datetime") else rt.ZERO_TIME,
    }
    return value


class _DockerCloudEventShape(rt.Shape):
    type: rt.Text = msgspec.field(default=None, name="type")
    action: rt.Text = msgspec.field(default=None, name="action")
    parents: list[str] | None = msgspec.field(default=None, name="parents")
    resource_uri: rt.Text = msgspec.field(default=None, name="resource_uri")
    state: rt.Text = msgspec.field(default=None, name="state")
    uuid: rt.Text = msgspec.field(default=None, name="uuid")
    datetime: rt.Text = msgspec.field(default=None, name="datetime")


def _docker_cloud_event_fields(shape: _DockerCloudEventShape) -> rt.Fields:
    fields = rt.asdict(shape)
    if shape.datetime is not None:
        fields["datetime"] = rt.whole_seconds(shape.datetime)
    return fields


_read_docker_cloud_event = rt.Reader(_DockerCloudEventShape, _docker_cloud_event_fields, DockerCloudEvent)


def docker_cloud_event_from_json(value: rt.Json, lost: rt.Lost) -> DockerCloudEvent:
    """Return the DockerCloudEvent of a parsed object; what it cannot hold goes to `lost`.

    Raises:
        rt.JsonError: it is no object, or a member has the wrong type; with the path.
    """
    return _read_docker_cloud_event.value(value, lost)


def docker_cloud_event_from_text(text: bytes, lost: rt.Lost) -> DockerCloudEvent:
    """Return the DockerCloudEvent of a JSON text; what its types cannot hold goes to `lost`.

    Raises:
        rt.JsonError: it is not JSON, no object, or a member has the wrong type; with the path.
    """
    return _read_docker_cloud_event.text(text, lost)
