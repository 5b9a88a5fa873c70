"""Consul's JSON, both directions. Made from protos/ by `make generate`; do not edit."""

from __future__ import annotations

import msgspec

from tidings.v1 import json_runtime as rt
from tidings.v1.consul_pb2 import (
    ConsulEvent,
)


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


class _ConsulEventShape(rt.Shape):
    id: rt.Text = msgspec.field(default=None, name="ID")
    name: rt.Text = msgspec.field(default=None, name="Name")
    payload: rt.Text = msgspec.field(default=None, name="Payload")
    node_filter: rt.Text = msgspec.field(default=None, name="NodeFilter")
    service_filter: rt.Text = msgspec.field(default=None, name="ServiceFilter")
    tag_filter: rt.Text = msgspec.field(default=None, name="TagFilter")
    version: rt.Int64 = msgspec.field(default=None, name="Version")
    l_time: rt.Uint64 = msgspec.field(default=None, name="LTime")


def _consul_event_fields(shape: _ConsulEventShape) -> rt.Fields:
    fields = rt.asdict(shape)
    if shape.payload is not None:
        fields["payload"] = rt.base64_bytes(shape.payload)
    return fields


_read_consul_event = rt.Reader(_ConsulEventShape, _consul_event_fields, ConsulEvent)


def consul_event_from_json(value: rt.Json, lost: rt.Lost) -> ConsulEvent:
    """Return the ConsulEvent of a parsed object; what it cannot hold goes to `lost`.

    Raises:
        rt.JsonError: it is no object, or a member has the wrong type; with the path.
    """
    return _read_consul_event.value(value, lost)


def consul_event_from_text(text: bytes, lost: rt.Lost) -> ConsulEvent:
    """Return the ConsulEvent of a JSON text; what its types cannot hold goes to `lost`.

    Raises:
        rt.JsonError: it is not JSON, no object, or a member has the wrong type; with the path.
    """
    return _read_consul_event.text(text, lost)
