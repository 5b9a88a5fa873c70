"""What Feldera's paths take and answer."""

from __future__ import annotations

from tidings.gateway.contract import route_to
from tidings.gateway.openapi import (
    BEARER,
    BOOL,
    OBJECT,
    PLAIN,
    TEXT,
    TIME,
    Answer,
    Content,
    Operation,
    OwnPath,
    Parameter,
    Paths,
    array_of,
    json_of,
    object_of,
    publish_operations,
    taken,
)
from tidings.gateway.transcode.message_schema import reference

_SERVICES = ("api", "compiler", "runner")
_STATUS = object_of(
    id=TEXT, recorded_at=TIME, all_healthy=BOOL, **{f"{each}_status": TEXT for each in _SERVICES}
)
_INFO = {f"{each}_{info}": TEXT for each in _SERVICES for info in ("self_info", "resources_info")}
_WHOLE = {"allOf": [reference("FelderaEventStatus"), object_of(**_INFO)]}
_TAKEN = taken(_STATUS, *(f"{each}_status" for each in _SERVICES), **_INFO)
_HEALTH_OF_ONE = object_of(healthy=BOOL, message=TEXT, unchanged_since=TIME, checked_at=TIME)
_HEALTH = object_of(
    all_healthy=BOOL, **{each: reference("FelderaServiceHealth") for each in _SERVICES}
)
_ERROR: Content = json_of(reference("FelderaError"))
_WORDS: Content = {**_ERROR, **PLAIN}
_UNAUTHORIZED = Answer("No valid key or JWT: JSON as text/plain for keys, nothing for JWTs")
_READ = (404, 500)

PATHS = Paths(
    "feldera",
    (
        Operation(
            "feldera_events",
            route_to("ListClusterEvents"),
            "The statuses of all cluster events, newest first.",
            {
                200: Answer("The events", json_of(array_of(reference("FelderaEventStatus")))),
                401: _UNAUTHORIZED,
            },
            errors=(500,),
        ),
        Operation(
            "feldera_event",
            route_to("GetClusterEvent"),
            "One cluster event.",
            {
                200: Answer(
                    "The event, whole with selector=all",
                    json_of(
                        {"anyOf": [reference("FelderaEvent"), reference("FelderaEventStatus")]}
                    ),
                ),
                400: Answer("No UUID, or in plain text another selector", _WORDS),
                401: _UNAUTHORIZED,
            },
            errors=_READ,
            parameters=(
                Parameter("event_id", "a UUID, or latest", TEXT | {"minLength": 1}, "path"),
                Parameter("selector", "how much of it", {"enum": ["all", "status"]}),
            ),
        ),
        Operation(
            "feldera_health",
            OwnPath.get("/v0/cluster_healthz"),
            "How the cluster is, by its newest event.",
            {
                200: Answer("All is healthy", json_of(reference("FelderaHealth"))),
                503: Answer(
                    "Something is unhealthy, or nothing is known",
                    json_of({"anyOf": [reference("FelderaHealth"), reference("FelderaError")]}),
                ),
                401: _UNAUTHORIZED,
            },
            errors=_READ,
        ),
        Operation(
            "feldera_config",
            OwnPath.get("/v0/config"),
            "What clients read first: the edition and the version.",
            {200: Answer("Both, among others", json_of(OBJECT)), 401: _UNAUTHORIZED},
            errors=(500,),
        ),
        *publish_operations("feldera", _TAKEN),
    ),
    _ERROR,
    {
        "FelderaEventStatus": _STATUS,
        "FelderaEvent": _WHOLE,
        "FelderaServiceHealth": _HEALTH_OF_ONE,
        "FelderaHealth": _HEALTH,
        "FelderaError": {
            "type": "object",
            "properties": {"message": TEXT, "error_code": TEXT, "details": OBJECT},
            "required": ["message", "error_code"],
        },
    },
    BEARER,
)
