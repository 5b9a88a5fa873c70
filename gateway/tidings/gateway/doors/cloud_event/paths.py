"""What the paths of CloudEvents take and answer."""

from __future__ import annotations

from dataclasses import replace

from tidings.gateway.openapi import (
    BEARER,
    BYTES,
    STATUS,
    TEXT,
    Operation,
    OwnPath,
    Paths,
    array_of,
    publish_operations,
)
from tidings.gateway.transcode.message_schema import reference
from tidings.gateway.transcode.template import parse_template

EVENTS_PATH = "/v1/cloudevents"
STRUCTURED_TYPE = "application/cloudevents+json"
BATCH_TYPE = "application/cloudevents-batch+json"

EVENT_SCHEMA = {
    "type": "object",
    "properties": {
        "specversion": {"const": "1.0"},
        "id": TEXT,
        "source": TEXT | {"format": "uri-reference"},
        "type": TEXT,
        "datacontenttype": TEXT,
        "dataschema": TEXT | {"format": "uri"},
        "subject": TEXT,
        "time": TEXT | {"format": "date-time"},
        "data": {},
        "data_base64": TEXT | {"contentEncoding": "base64"},
    },
    "required": ["specversion", "id", "source", "type"],
    "additionalProperties": {"type": ["string", "boolean", "integer", "null"]},
}
_EVENT = reference("CloudEvent")


def _publishing() -> tuple[Operation, ...]:
    published = publish_operations("cloudevents", _EVENT)
    modes = {STRUCTURED_TYPE: {"schema": _EVENT}, BATCH_TYPE: {"schema": array_of(_EVENT)}}
    taken = [replace(each, body={**each.body, **modes, **BYTES}) for each in published]
    plain = [
        replace(
            each,
            name=each.name.replace("publish_", ""),
            at=OwnPath(each.at.http_method, parse_template(EVENTS_PATH)),
        )
        for each in taken
    ]
    return (*taken, *plain)


PATHS = Paths("cloud_event", _publishing(), STATUS, {"CloudEvent": EVENT_SCHEMA}, BEARER)
