"""What /v1/publish/puppet takes: items of a job's list, each with its "job"."""

from __future__ import annotations

from tidings.gateway.upload.publish import BadLine
from tidings.v1 import event_pb2, puppet_json
from tidings.v1 import json_runtime as rt


def parse_item(text: bytes, source: str) -> event_pb2.Draft | None:
    """Return the draft of one item, None for an empty object.

    Its id, if it has one, names it among those of its source and job.

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
