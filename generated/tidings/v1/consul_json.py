"""Consul's JSON, both directions. Made from protos/ by `make generate`; do not edit."""

from __future__ import annotations

from tidings.v1 import json_runtime as rt
from tidings.v1.consul_pb2 import ConsulEvent


def consul_event_to_json(message: ConsulEvent) -> dict[str, rt.Json]:
    """Return the JSON object of a ConsulEvent, ready for `rt.dumps`."""
    value: dict[str, rt.Json] = {
        "ID": message.id,
        "Name": message.name,
        "Payload": rt.base64_text(message.payload) or None,
        "NodeFilter": message.node_filter,
        "ServiceFilter": message.service_filter,
        "TagFilter": message.tag_filter,
        "Version": message.version,
        "LTime": message.l_time,
    }
    return value


_CONSUL_EVENT: rt.Table = {
    "ID": ("id", str, rt.wrong("text")),
    "Name": ("name", str, rt.wrong("text")),
    "Payload": ("payload", None, rt.take_bytes),
    "NodeFilter": ("node_filter", str, rt.wrong("text")),
    "ServiceFilter": ("service_filter", str, rt.wrong("text")),
    "TagFilter": ("tag_filter", str, rt.wrong("text")),
    "Version": ("version", int, rt.wrong("an integer")),
    "LTime": ("l_time", int, rt.wrong("an integer")),
}


def consul_event_from_json(value: rt.Json, lost: rt.Lost) -> ConsulEvent:
    """Return the ConsulEvent of a JSON object; what its types cannot hold is written to `lost`."""
    message: ConsulEvent = rt.fill(ConsulEvent, _CONSUL_EVENT, value, lost)
    return message
