"""What Nomad's paths take and answer."""

from __future__ import annotations

from tidings.gateway.contract import route_to
from tidings.gateway.openapi import (
    BEARER,
    INTEGER,
    PLAIN,
    TEXT,
    UINT64,
    Answer,
    Operation,
    OwnPath,
    Parameter,
    Paths,
    array_of,
    header_key,
    json_of,
    lines_of,
    object_of,
    publish_operations,
    taken,
)
from tidings.gateway.transcode.message_schema import reference
from tidings.gateway.transcode.render import JSON_TYPE

_EVENT = object_of(
    Topic=TEXT,
    Type=TEXT,
    Key=TEXT,
    Namespace=TEXT,
    FilterKeys={"type": ["array", "null"], "items": TEXT},
    Index=UINT64,
    Payload={"type": ["object", "null"]},
)
_LINE = {
    "oneOf": [
        object_of(Index=UINT64, Events=array_of(reference("NomadEvent"))),
        {"type": "object", "description": "a heartbeat", "maxProperties": 0},
    ]
}
# Nomad adds members to its events; those that are unknown are left out.
_TAKEN_EVENT = taken(_EVENT, "Topic", "Type") | {"additionalProperties": True}
_TAKEN = {
    "type": "object",
    "properties": {"Index": UINT64, "Events": array_of(_TAKEN_EVENT) | {"minItems": 1}},
    "required": ["Events"],
}

PATHS = Paths(
    "nomad",
    (
        Operation(
            "nomad_stream",
            route_to("Subscribe", 1),
            "Nomad's event stream: past events from an index on, then live ones, for ever.",
            {200: Answer("One line a record; {} is a heartbeat", lines_of(_LINE, JSON_TYPE))},
            errors=(429, 500),
            parameters=(
                Parameter("topic", "Topic or Topic:key; repeated", array_of(TEXT)),
                Parameter("index", "the first index that is wanted", {"type": "integer"}),
                Parameter("namespace", "one namespace, * for all"),
                Parameter("region", "this server's own, or 500"),
                Parameter("stale", "of no meaning here", {"type": "boolean"}),
                Parameter("per_page", "of no meaning here", INTEGER),
                Parameter("wait", "of no meaning here: a duration of Go's"),
            ),
        ),
        Operation(
            "nomad_regions",
            OwnPath.get("/v1/regions"),
            "The one region that this server is.",
            {200: Answer("Its name", json_of(array_of(TEXT)))},
        ),
        Operation(
            "nomad_leader",
            OwnPath.get("/v1/status/leader"),
            "That there is a leader: the address that the request came to.",
            {200: Answer("The address", json_of(TEXT))},
        ),
        *publish_operations("nomad", _TAKEN),
    ),
    PLAIN,
    {"NomadEvent": _EVENT},
    BEARER | {"nomad_token": header_key("X-Nomad-Token")},
)
