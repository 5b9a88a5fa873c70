"""Items of a job's list, both directions; /v1/publish/puppet takes each with its "job"."""

from __future__ import annotations

from tidings.gateway.upload.spelling import BadLine, Description, Spelling
from tidings.v1 import event_pb2, puppet_json, puppet_pb2
from tidings.v1 import json_runtime as rt


def parse_item(text: bytes, source: str) -> event_pb2.Draft | None:
    """Return the draft of one item, None for an empty object.

    Its id, if it has one, is its key within its source and job.

    Raises:
        BadLine: it is no such object.
    """
    try:
        members = rt.members(text)
        if not members:
            return None
        job = _job(members)
        unknown: list[str] = []
        body = puppet_json.puppet_job_event_from_text(text, unknown)
    except rt.JsonError as error:
        raise BadLine(str(error)) from None
    unknown.remove("job")
    if unknown:
        raise BadLine(f"{unknown[0]}: unknown member")
    upstream_id, body.id, body.job = body.id, "", job
    event = event_pb2.Event(source=source, puppet=body)
    if upstream_id:
        event.id = f"{job}/{upstream_id}"
    return event_pb2.Draft(events=[event])


def _job(members: dict[str, bytes]) -> str:
    if "job" not in members:
        raise BadLine("job: is missing")
    value = rt.loads(members["job"])
    if type(value) is int:
        return str(value)
    if type(value) is str:
        return value
    raise BadLine("job: expected a number or its digits in a text")


def item_object(item: puppet_pb2.PuppetJobEvent) -> dict[str, rt.Json]:
    """Return one event as an item of Puppet's list; details that say nothing are `{}`."""
    value = puppet_json.puppet_job_event_to_json(item)
    if value["details"] is None:
        value["details"] = {}
    return value


def describe(event: event_pb2.Event, seq: int) -> Description:
    """Describe an event of a job, whose subject is the job's number."""
    del seq
    return Description(event.puppet.type, event.puppet.job, item_object(event.puppet))


SPELLING = Spelling("puppet", parse_item, describe, ("job",))
