"""Feldera's JSON, both directions. Made from protos/ by `make generate`; do not edit."""

from __future__ import annotations

import msgspec

from tidings.v1 import json_runtime as rt
from tidings.v1.feldera_pb2 import (
    FelderaClusterEvent,
)


def feldera_cluster_event_to_json(message: FelderaClusterEvent) -> dict[str, rt.Json]:
    """Return the full JSON object of a FelderaClusterEvent, all 12 members."""
    value: dict[str, rt.Json] = {
        "id": message.id,
        "recorded_at": rt.time_text_micros(message.recorded_at) if message.HasField("recorded_at") else rt.ZERO_TIME,
        "all_healthy": message.all_healthy,
        "api_status": message.api_status,
        "api_self_info": message.api_self_info,
        "api_resources_info": message.api_resources_info,
        "compiler_status": message.compiler_status,
        "compiler_self_info": message.compiler_self_info,
        "compiler_resources_info": message.compiler_resources_info,
        "runner_status": message.runner_status,
        "runner_self_info": message.runner_self_info,
        "runner_resources_info": message.runner_resources_info,
    }
    return value


def feldera_cluster_event_to_brief_json(message: FelderaClusterEvent) -> dict[str, rt.Json]:
    """Return the brief JSON object of a FelderaClusterEvent: 6 members."""
    value: dict[str, rt.Json] = {
        "id": message.id,
        "recorded_at": rt.time_text_micros(message.recorded_at) if message.HasField("recorded_at") else rt.ZERO_TIME,
        "all_healthy": message.all_healthy,
        "api_status": message.api_status,
        "compiler_status": message.compiler_status,
        "runner_status": message.runner_status,
    }
    return value


class _FelderaClusterEventShape(rt.Shape):
    id: rt.Text = msgspec.field(default=None, name="id")
    recorded_at: rt.Text = msgspec.field(default=None, name="recorded_at")
    all_healthy: rt.Flag = msgspec.field(default=None, name="all_healthy")
    api_status: rt.Text = msgspec.field(default=None, name="api_status")
    api_self_info: rt.Text = msgspec.field(default=None, name="api_self_info")
    api_resources_info: rt.Text = msgspec.field(default=None, name="api_resources_info")
    compiler_status: rt.Text = msgspec.field(default=None, name="compiler_status")
    compiler_self_info: rt.Text = msgspec.field(default=None, name="compiler_self_info")
    compiler_resources_info: rt.Text = msgspec.field(default=None, name="compiler_resources_info")
    runner_status: rt.Text = msgspec.field(default=None, name="runner_status")
    runner_self_info: rt.Text = msgspec.field(default=None, name="runner_self_info")
    runner_resources_info: rt.Text = msgspec.field(default=None, name="runner_resources_info")


def _feldera_cluster_event_fields(shape: _FelderaClusterEventShape) -> rt.Fields:
    fields = rt.asdict(shape)
    if shape.recorded_at is not None:
        fields["recorded_at"] = rt.time_or_unset(shape.recorded_at)
    return fields


_read_feldera_cluster_event = rt.Reader(_FelderaClusterEventShape, _feldera_cluster_event_fields, FelderaClusterEvent)


def feldera_cluster_event_from_json(value: rt.Json, lost: rt.Lost) -> FelderaClusterEvent:
    """Return the FelderaClusterEvent of a parsed object; what it cannot hold goes to `lost`.

    Raises:
        rt.JsonError: it is no object, or a member has the wrong type; with the path.
    """
    return _read_feldera_cluster_event.value(value, lost)


def feldera_cluster_event_from_text(text: bytes, lost: rt.Lost) -> FelderaClusterEvent:
    """Return the FelderaClusterEvent of a JSON text; what its types cannot hold goes to `lost`.

    Raises:
        rt.JsonError: it is not JSON, no object, or a member has the wrong type; with the path.
    """
    return _read_feldera_cluster_event.text(text, lost)
