"""Docker Cloud's JSON, both directions. Made from protos/ by `make generate`; do not edit."""

from __future__ import annotations

from tidings.v1 import json_runtime as rt
from tidings.v1.docker_cloud_pb2 import DockerCloudEvent


def docker_cloud_event_to_json(message: DockerCloudEvent) -> dict[str, rt.Json]:
    """Return the JSON object of a DockerCloudEvent, ready for `rt.dumps`."""
    value: dict[str, rt.Json] = {
        "type": message.type,
        "action": message.action,
        "parents": list(message.parents),
        "resource_uri": message.resource_uri,
        "state": message.state,
        "uuid": message.uuid,
        "datetime": rt.time_text_seconds(message.datetime) if message.HasField("datetime") else rt.ZERO_TIME,
    }
    return value


_DOCKER_CLOUD_EVENT: rt.Table = {
    "type": ("type", str, rt.wrong("text")),
    "action": ("action", str, rt.wrong("text")),
    "parents": ("parents", None, rt.list_of(str, "text")),
    "resource_uri": ("resource_uri", str, rt.wrong("text")),
    "state": ("state", str, rt.wrong("text")),
    "uuid": ("uuid", str, rt.wrong("text")),
    "datetime": ("datetime", None, rt.take_time),
}


def docker_cloud_event_from_json(value: rt.Json, lost: rt.Lost) -> DockerCloudEvent:
    """Return the DockerCloudEvent of a JSON object; what its types cannot hold is written to `lost`."""
    message: DockerCloudEvent = rt.fill(DockerCloudEvent, _DOCKER_CLOUD_EVENT, value, lost)
    return message
