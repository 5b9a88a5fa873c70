"""Feldera's JSON, both directions. Made from protos/ by `make generate`; do not edit."""

from __future__ import annotations

from tidings.v1 import json_runtime as rt
from tidings.v1.feldera_pb2 import FelderaClusterEvent


def feldera_cluster_event_to_json(message: FelderaClusterEvent) -> dict[str, rt.Json]:
    """Return the JSON object of a FelderaClusterEvent, ready for `rt.dumps`."""
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


_FELDERA_CLUSTER_EVENT: rt.Table = {
    "id": ("id", str, rt.wrong("text")),
    "recorded_at": ("recorded_at", None, rt.take_time),
    "all_healthy": ("all_healthy", bool, rt.wrong("true or false")),
    "api_status": ("api_status", str, rt.wrong("text")),
    "api_self_info": ("api_self_info", str, rt.wrong("text")),
    "api_resources_info": ("api_resources_info", str, rt.wrong("text")),
    "compiler_status": ("compiler_status", str, rt.wrong("text")),
    "compiler_self_info": ("compiler_self_info", str, rt.wrong("text")),
    "compiler_resources_info": ("compiler_resources_info", str, rt.wrong("text")),
    "runner_status": ("runner_status", str, rt.wrong("text")),
    "runner_self_info": ("runner_self_info", str, rt.wrong("text")),
    "runner_resources_info": ("runner_resources_info", str, rt.wrong("text")),
}


def feldera_cluster_event_from_json(value: rt.Json, lost: rt.Lost) -> FelderaClusterEvent:
    """Return the FelderaClusterEvent of a JSON object; what its types cannot hold is written to `lost`."""
    message: FelderaClusterEvent = rt.fill(FelderaClusterEvent, _FELDERA_CLUSTER_EVENT, value, lost)
    return message
