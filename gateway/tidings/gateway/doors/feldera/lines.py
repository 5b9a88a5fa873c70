"""The objects that /v0/cluster/events gives, and /v1/publish/feldera takes."""

from __future__ import annotations

from tidings.gateway.upload.spelling import BadLine, Description, Spelling
from tidings.v1 import event_pb2, feldera_json
from tidings.v1 import json_runtime as rt


def parse_event(text: bytes, source: str) -> event_pb2.Draft | None:
    """Return the draft of one cluster event, None for an empty object.

    Its id, if it has one, is its key within its source.

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


def describe(event: event_pb2.Event, seq: int) -> Description:
    """Describe an event with all its members; it tells of the whole cluster, and of no object."""
    del seq
    return Description(
        "cluster_event", "", feldera_json.feldera_cluster_event_to_json(event.feldera)
    )


SPELLING = Spelling("feldera", parse_event, describe, ("api_status",), newest_first=True)
