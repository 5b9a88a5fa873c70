"""What the Orchestrator's paths take and answer."""

from __future__ import annotations

from tidings.gateway.contract import route_to
from tidings.gateway.openapi import (
    BEARER,
    OBJECT,
    TEXT,
    TIME,
    Answer,
    Operation,
    Parameter,
    Paths,
    array_of,
    header_key,
    json_of,
    object_of,
    publish_operations,
    query_key,
    taken,
)
from tidings.gateway.transcode.message_schema import reference

_INTEGER_TEXT = {"type": "string", "pattern": "^-?[0-9]+$"}
_EVENT = object_of(id=TEXT, type=TEXT, timestamp=TIME, details=OBJECT, message=TEXT)
_EVENTS = {
    "type": "object",
    "properties": {
        "next-events": object_of(id=TEXT, event=TEXT),
        "items": array_of(reference("PuppetJobEvent")),
    },
    "required": ["next-events", "items"],
}
_ERROR = {
    "type": "object",
    "properties": {"kind": TEXT, "msg": TEXT, "details": OBJECT},
    "required": ["kind", "msg"],
}
_JOB = {"type": ["string", "integer"], "pattern": "^[1-9][0-9]{0,18}$", "minimum": 1}
_TAKEN = taken(_EVENT, "job", "type", job=_JOB)

PATHS = Paths(
    "puppet",
    (
        Operation(
            "puppet_job_events",
            route_to("GetJobEvents"),
            "The events of a job, and where the next ones will be.",
            {200: Answer("The events, oldest first", json_of(_EVENTS))},
            errors=(401, 404, 500),
            parameters=(
                Parameter("job_id", "the job", _INTEGER_TEXT, "path"),
                Parameter("start", "the lowest id that is wanted", _INTEGER_TEXT),
            ),
        ),
        *publish_operations("puppet", _TAKEN),
    ),
    json_of(reference("PuppetError")),
    {"PuppetJobEvent": _EVENT, "PuppetError": _ERROR},
    BEARER
    | {
        "puppet_token": header_key("X-Authentication"),
        "puppet_query_token": query_key("token"),
    },
)
