"""What /v1/publish/feldera takes: the objects that /v0/cluster/events gives."""

from __future__ import annotations

from tidings.gateway.upload.publish import BadLine
from tidings.v1 import event_pb2, feldera_json
from tidings.v1 import json_runtime as rt


def parse_event(text: bytes, source: str) -> event_pb2.Draft | None:
    """Return the draft of one cluster event, None for an empty object.

    Its id, if it has one, names it among those of its source.

    Raises:
        BadLine: it is no such object.
    """
    try:
        value = rt.loads(text)
        if value == {}:
            return None
        unknown: list[str] = []
        body = feldera_json.feldera_cluster_event_from_json(value, unknown)
    except rt.JsonError as error:
        raise BadLine(str(error)) from None
    if unknown:
        raise BadLine(f"{unknown[0]}: unknown member")
    return event_pb2.Draft(events=[event_pb2.Event(id=body.id, source=source, feldera=body)])
