"""Puppet's JSON, both directions. Made from protos/ by `make generate`; do not edit."""

from __future__ import annotations

from tidings.v1 import json_runtime as rt
from tidings.v1.puppet_pb2 import PuppetEventDetails, PuppetJobEvent, PuppetRunDetail, PuppetRunMetrics


def puppet_job_event_to_json(message: PuppetJobEvent) -> dict[str, rt.Json]:
    """Return the JSON object of a PuppetJobEvent, ready for `rt.dumps`."""
    value: dict[str, rt.Json] = {
        "id": message.id,
        "type": message.type,
        "timestamp": rt.time_text_seconds(message.timestamp) if message.HasField("timestamp") else rt.ZERO_TIME,
        "details": rt.raw(message.details_json) if message.details_json else puppet_event_details_to_json(message.details) if message.HasField("details") else None,
        "message": message.message,
    }
    return value


def puppet_event_details_to_json(message: PuppetEventDetails) -> dict[str, rt.Json]:
    """Return the JSON object of a PuppetEventDetails, ready for `rt.dumps`."""
    value: dict[str, rt.Json] = {
    }
    if message.node:
        value["node"] = message.node
    if message.HasField("detail"):
        value["detail"] = puppet_run_detail_to_json(message.detail)
    if message.state:
        value["state"] = message.state
    return value


def puppet_run_detail_to_json(message: PuppetRunDetail) -> dict[str, rt.Json]:
    """Return the JSON object of a PuppetRunDetail, ready for `rt.dumps`."""
    value: dict[str, rt.Json] = {
    }
    if message.HasField("noop"):
        value["noop"] = message.noop
    if message.hash:
        value["hash"] = message.hash
    if message.status:
        value["status"] = message.status
    if message.HasField("metrics"):
        value["metrics"] = puppet_run_metrics_to_json(message.metrics)
    if message.report_url:
        value["report-url"] = message.report_url
    if message.environment:
        value["environment"] = message.environment
    if message.configuration_version:
        value["configuration_version"] = message.configuration_version
    return value


def puppet_run_metrics_to_json(message: PuppetRunMetrics) -> dict[str, rt.Json]:
    """Return the JSON object of a PuppetRunMetrics, ready for `rt.dumps`."""
    value: dict[str, rt.Json] = {
        "corrective_change": message.corrective_change,
        "out_of_sync": message.out_of_sync,
        "restarted": message.restarted,
        "skipped": message.skipped,
        "total": message.total,
        "changed": message.changed,
        "scheduled": message.scheduled,
        "failed_to_restart": message.failed_to_restart,
        "failed": message.failed,
    }
    return value


_PUPPET_RUN_METRICS: rt.Table = {
    "corrective_change": ("corrective_change", int, rt.wrong("an integer")),
    "out_of_sync": ("out_of_sync", int, rt.wrong("an integer")),
    "restarted": ("restarted", int, rt.wrong("an integer")),
    "skipped": ("skipped", int, rt.wrong("an integer")),
    "total": ("total", int, rt.wrong("an integer")),
    "changed": ("changed", int, rt.wrong("an integer")),
    "scheduled": ("scheduled", int, rt.wrong("an integer")),
    "failed_to_restart": ("failed_to_restart", int, rt.wrong("an integer")),
    "failed": ("failed", int, rt.wrong("an integer")),
}


def puppet_run_metrics_from_json(value: rt.Json, lost: rt.Lost) -> PuppetRunMetrics:
    """Return the PuppetRunMetrics of a JSON object; what its types cannot hold is written to `lost`."""
    message: PuppetRunMetrics = rt.fill(PuppetRunMetrics, _PUPPET_RUN_METRICS, value, lost)
    return message


_PUPPET_RUN_DETAIL: rt.Table = {
    "noop": ("noop", bool, rt.wrong("true or false")),
    "hash": ("hash", str, rt.wrong("text")),
    "status": ("status", str, rt.wrong("text")),
    "metrics": ("metrics", None, puppet_run_metrics_from_json),
    "report-url": ("report_url", str, rt.wrong("text")),
    "environment": ("environment", str, rt.wrong("text")),
    "configuration_version": ("configuration_version", str, rt.wrong("text")),
}


def puppet_run_detail_from_json(value: rt.Json, lost: rt.Lost) -> PuppetRunDetail:
    """Return the PuppetRunDetail of a JSON object; what its types cannot hold is written to `lost`."""
    message: PuppetRunDetail = rt.fill(PuppetRunDetail, _PUPPET_RUN_DETAIL, value, lost)
    return message


_PUPPET_EVENT_DETAILS: rt.Table = {
    "node": ("node", str, rt.wrong("text")),
    "detail": ("detail", None, puppet_run_detail_from_json),
    "state": ("state", str, rt.wrong("text")),
}


def puppet_event_details_from_json(value: rt.Json, lost: rt.Lost) -> PuppetEventDetails:
    """Return the PuppetEventDetails of a JSON object; what its types cannot hold is written to `lost`."""
    message: PuppetEventDetails = rt.fill(PuppetEventDetails, _PUPPET_EVENT_DETAILS, value, lost)
    return message


_PUPPET_JOB_EVENT: rt.Table = {
    "id": ("id", str, rt.wrong("text")),
    "type": ("type", str, rt.wrong("text")),
    "timestamp": ("timestamp", None, rt.take_time),
    "details": ("details", None, puppet_event_details_from_json),
    "message": ("message", str, rt.wrong("text")),
}


def puppet_job_event_from_json(value: rt.Json, lost: rt.Lost) -> PuppetJobEvent:
    """Return the PuppetJobEvent of a JSON object; what its types cannot hold is written to `lost`."""
    message: PuppetJobEvent = rt.fill(PuppetJobEvent, _PUPPET_JOB_EVENT, value, lost)
    return message


def puppet_job_event_from_text(text: bytes, lost: rt.Lost) -> PuppetJobEvent:
    """Return the PuppetJobEvent of a JSON text, the exact text of "details" kept in `details_json`.

    Raises:
        rt.JsonError: it is not JSON or has the wrong shape; with the path.
    """
    texts = rt.members(text)
    exact = texts.pop("details", b"null")
    message = puppet_job_event_from_json({name: rt.loads(inside) for name, inside in texts.items()}, lost)
    if exact != b"null":
        if not exact.startswith(b"{"):
            raise rt.JsonError("details", "expected an object")
        message.details_json = exact
    return message


def puppet_event_details_from_text(text: bytes) -> tuple[PuppetEventDetails, bool]:
    """Return the typed form of an exact JSON text, and whether it holds all that the text says.

    Raises:
        rt.JsonError: the types cannot hold it; with the path.
    """
    lost: list[str] = []
    return puppet_event_details_from_json(rt.loads(text), lost), not lost


PUPPET_EVENT_DETAILS_SECRETS: tuple[tuple[str, ...], ...] = ()
PUPPET_EVENT_DETAILS_DROPS: tuple[tuple[str, ...], ...] = ()
_PUPPET_EVENT_DETAILS_SECRET_FIELDS: tuple[tuple[str, ...], ...] = ()
_PUPPET_EVENT_DETAILS_DROPPED_FIELDS: tuple[tuple[str, ...], ...] = ()


def blank_puppet_event_details(message: PuppetEventDetails) -> None:
    """Blank every secret of a typed PuppetEventDetails, in place."""
    rt.blank_message(message, _PUPPET_EVENT_DETAILS_SECRET_FIELDS, _PUPPET_EVENT_DETAILS_DROPPED_FIELDS)


def blank_puppet_event_details_text(text: bytes) -> bytes:
    """Return the JSON text of a PuppetEventDetails without its secrets; the very same bytes when it has none.

    Raises:
        rt.JsonError: it is not JSON.
    """
    return rt.blank_text(text, PUPPET_EVENT_DETAILS_SECRETS, PUPPET_EVENT_DETAILS_DROPS)
