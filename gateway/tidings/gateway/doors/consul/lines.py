"""The objects that /v1/event/list gives, and /v1/publish/consul takes."""

from __future__ import annotations

from tidings.gateway.upload.spelling import BadLine, Description, Spelling
from tidings.v1 import consul_json, event_pb2, json_runtime


def parse_event(text: bytes, source: str) -> event_pb2.Draft | None:
    """Return the draft of one event of a list, None for an empty object.

    Its ID is its key within its source, so that a list that is published again is stored
    once. Its LTime is not stored: it is specific to the agent that assigned it.

    Raises:
        BadLine: it is no such object.
    """
    try:
        value = json_runtime.loads(text)
        if value == {}:
            return None
        unknown: list[str] = []
        event = consul_json.consul_event_from_json(value, unknown)
    except json_runtime.JsonError as error:
        raise BadLine(str(error)) from None
    if unknown:
        raise BadLine(f"{unknown[0]}: unknown member")
    upstream_id, event.id, event.l_time = event.id, "", 0
    return event_pb2.Draft(events=[event_pb2.Event(id=upstream_id, source=source, consul=event)])


def describe(event: event_pb2.Event, seq: int) -> Description:
    """Describe a user event, whose subject is its name."""
    del seq
    data = consul_json.consul_event_to_json(event.consul)
    return Description("user_event", event.consul.name, data)


SPELLING = Spelling("consul", parse_event, describe, ("LTime", "Name"))
