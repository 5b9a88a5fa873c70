"""What Docker Cloud's paths take and answer."""

from __future__ import annotations

from tidings.gateway.contract import route_to
from tidings.gateway.openapi import (
    BEARER,
    TEXT,
    TIME,
    Answer,
    Operation,
    Parameter,
    Paths,
    array_of,
    json_of,
    object_of,
    publish_operations,
    taken,
)

_EVENT = object_of(
    type=TEXT,
    action=TEXT,
    parents=array_of(TEXT),
    resource_uri=TEXT,
    state=TEXT,
    uuid=TEXT,
    datetime=TIME,
)
_FILTERS = tuple(
    Parameter(name, about)
    for name, about in (
        ("type", "only these types of objects; a list with commas"),
        ("object", "only events of these URIs; a list with commas"),
        ("parent", "only events below these URIs; a list with commas"),
        ("parents", "the same as parent"),
    )
)
_ABOUT = "A websocket (RFC 6455): GET with Upgrade. Without a handshake it is 426, or 401."
_ANSWERS = {
    101: Answer("A websocket: one text message an event, a DockerCloudEvent each"),
}
_ERRORS = (401, 426, 429, 500)

PATHS = Paths(
    "docker_cloud",
    (
        Operation(
            "docker_cloud_events",
            route_to("Subscribe", 2),
            _ABOUT,
            _ANSWERS,
            _ERRORS,
            _FILTERS,
        ),
        Operation(
            "docker_cloud_namespace_events",
            route_to("Subscribe", 3),
            _ABOUT,
            _ANSWERS,
            _ERRORS,
            (Parameter("namespace", "whose events", TEXT | {"minLength": 1}, "path"), *_FILTERS),
        ),
        *publish_operations("docker-cloud", taken(_EVENT, "type", "action", "resource_uri")),
    ),
    json_of(object_of(error=TEXT)),
    {"DockerCloudEvent": _EVENT},
    BEARER | {"docker_cloud_basic": {"type": "http", "scheme": "basic"}},
)
