"""How `tidings tail` shows a record: what happened in a few words, or all of it as JSON."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from google.protobuf import json_format

from tidings.app.commands.exact_json import EXACT_JSON
from tidings.app.terminal import visible, visible_json
from tidings.v1 import event_pb2, feldera_pb2, nomad_pb2
from tidings.v1 import json_runtime as rt

_COLORS = {
    "nomad": 32,
    "consul": 35,
    "docker_cloud": 34,
    "puppet": 33,
    "feldera": 36,
    "tidings": 37,
}


def print_record(record: event_pb2.Record, form: str, *, colored: bool) -> Iterator[str]:
    """Yield the line of a record as JSON, or one line of text for each of its events."""
    if form == "json":
        yield _json_line(record)
        return
    stored_at = record.recorded_at.ToDatetime(dt.UTC).astimezone()
    when = stored_at.isoformat(sep=" ", timespec="seconds")
    for event in record.events:
        system = event.WhichOneof("body") or "unknown"
        name = f"\x1b[{_COLORS.get(system, 37)}m{system:<12}\x1b[0m" if colored else f"{system:<12}"
        yield f"{record.seq:>8}  {when}  {name}  {summarize(event)}"


def _json_line(record: event_pb2.Record) -> str:
    try:
        printed = json_format.MessageToDict(record)
        for event, members in zip(record.events, printed.get("events", ()), strict=True):
            _show_exact_json(event, members)
        return visible_json(rt.dumps(printed).decode())
    except (ValueError, TypeError, json_format.Error) as error:
        # of an older version's log; what comes after it is wanted as well
        reason = f"cannot be printed as JSON ({type(error).__name__})"
        return rt.dumps({"seq": str(record.seq), "unprintable": reason}).decode()


def _show_exact_json(event: event_pb2.Event, members: dict[str, rt.Json]) -> None:
    """Put the JSON that a payload came as where proto3 JSON would print it in base64."""
    system = event.WhichOneof("body")
    exact = EXACT_JSON.get(system or "")
    if system is None or exact is None:
        return
    text: bytes = getattr(getattr(event, system), exact.field)
    body = members[system]
    if text and isinstance(body, dict):
        del body[exact.taken]
        body[exact.shown] = rt.raw(rt.compact(text))


def summarize(event: event_pb2.Event) -> str:
    """Return what happened in a few words, safe to print on a terminal."""
    match event.WhichOneof("body"):
        case "nomad":
            nomad = event.nomad
            words = [nomad.topic, nomad.type, nomad.key, nomad.namespace, *_state(nomad.payload)]
        case "consul":
            words = [event.consul.name, f"{len(event.consul.payload)} bytes"]
        case "docker_cloud":
            cloud = event.docker_cloud
            words = [cloud.type, cloud.action, cloud.state, cloud.resource_uri]
        case "puppet":
            puppet = event.puppet
            words = [f"job {puppet.job}", puppet.type, puppet.details.node, puppet.message]
        case "feldera":
            words = _health(event.feldera)
        case "tidings":
            words = [event.tidings.WhichOneof("kind") or ""]
        case _:
            words = ["newer than this program"]
    return visible("  ".join(filter(None, words)))


def _state(payload: nomad_pb2.NomadPayload) -> list[str]:
    """Return what an object is about and how it is, beside its key."""
    match payload.WhichOneof("object"):
        case "allocation":
            allocation = payload.allocation
            wanted = allocation.desired_status
            words = [
                f"job {allocation.job_id}" if allocation.job_id else "",
                allocation.client_status,
                f"wanted {wanted}" if wanted and wanted != "run" else "",
                f"on {allocation.node_name}" if allocation.node_name else "",
            ]
        case "evaluation":
            evaluation = payload.evaluation
            job = f"job {evaluation.job_id}" if evaluation.job_id else ""
            words = [job, evaluation.status, evaluation.triggered_by]
        case "deployment":
            deployment = payload.deployment
            job = f"job {deployment.job_id}" if deployment.job_id else ""
            words = [job, deployment.status, deployment.status_description]
        case "job":
            words = [payload.job.status]
        case "node":
            node = payload.node
            words = [node.name, node.status, node.scheduling_eligibility]
        case "service":
            service = payload.service
            words = [service.service_name, f"job {service.job_id}" if service.job_id else ""]
        case _:
            words = []
    return words


def _health(health: feldera_pb2.FelderaClusterEvent) -> list[str]:
    named = {
        "api": health.api_status,
        "compiler": health.compiler_status,
        "runner": health.runner_status,
    }
    return [f"{name} {status}" for name, status in named.items() if status]
