"""Cluster events and errors as Feldera prints them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import dropwhile

from tidings.gateway.http.request import JSON_TYPE
from tidings.gateway.json_text import dumps
from tidings.gateway.transcode.render import Reply
from tidings.v1 import feldera_json, feldera_pb2
from tidings.v1 import json_runtime as rt

NO_CACHE = (b"cache-control", b"no-cache")
SERVICES = ("api", "compiler", "runner")

_INFO_MEMBERS = frozenset(
    f"{service}_{info}" for service in SERVICES for info in ("self_info", "resources_info")
)
_HEALTHY = "Healthy"
_CODES = {
    403: "InsufficientPermissions",
    421: "MisdirectedRequest",
    503: "LockTookTooLong",
}


def event_object(event: feldera_pb2.FelderaClusterEvent, *, is_whole: bool) -> dict[str, rt.Json]:
    """Return an event with all twelve members, or with the six of its status."""
    value = feldera_json.feldera_cluster_event_to_json(event)
    if is_whole:
        return value
    return {name: inside for name, inside in value.items() if name not in _INFO_MEMBERS}


def answer(value: rt.Json) -> Reply:
    """Return 200 with JSON that must not be cached."""
    return Reply(200, (JSON_TYPE, NO_CACHE), dumps(value))


def error(status: int, code: str, message: str, details: dict[str, str] | None = None) -> Reply:
    """Return Feldera's error object; without `details` where it leaves them out itself."""
    value: dict[str, object] = {"message": message, "error_code": code}
    if details is not None:
        value["details"] = details
    retry = ((b"retry-after", b"5"),) if status == 503 else ()
    return Reply(status, (JSON_TYPE, *retry), dumps(value))


def code_of(status: int) -> str:
    """Return the code for a status of the gateway's own rules, for which Feldera has none."""
    return _CODES.get(status, "InvalidRequest")


def health(
    latest: feldera_pb2.FelderaClusterEvent, events: Sequence[feldera_pb2.FelderaClusterEvent]
) -> Reply:
    """Return the summary of the newest event, and since when it has been so.

    `events` are all, newest first; those that are newer than `latest` are ignored.

    `unchanged_since` is when the oldest event of the unbroken run was recorded that has the same
    verdict, healthy or not.
    """
    value: dict[str, rt.Json] = {"all_healthy": latest.all_healthy}
    for service in SERVICES:
        is_healthy = _is_healthy(latest, service)
        oldest = latest
        for event in dropwhile(lambda event: event.id != latest.id, events):
            if _is_healthy(event, service) != is_healthy:
                break
            oldest = event
        value[service] = {
            "healthy": is_healthy,
            "message": getattr(latest, f"{service}_self_info"),
            "unchanged_since": rt.time_text_micros(oldest.recorded_at),
            "checked_at": rt.time_text_micros(latest.recorded_at),
        }
    return Reply(200 if latest.all_healthy else 503, (JSON_TYPE,), dumps(value))


def _is_healthy(event: feldera_pb2.FelderaClusterEvent, service: str) -> bool:
    return bool(getattr(event, f"{service}_status") == _HEALTHY)
