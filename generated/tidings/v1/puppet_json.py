"""Puppet's JSON, both directions. Made from protos/ by `make generate`; do not edit."""

from __future__ import annotations

import msgspec

from tidings.v1 import json_runtime as rt
from tidings.v1.puppet_pb2 import (
    PuppetEventDetails,
    PuppetJobEvent,
    PuppetRunDetail,
    PuppetRunMetrics,
)


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
    value: dict[str, rt.Json] = {}
    if message.node:
        value["node"] = message.node
    if message.HasField("detail"):
        value["detail"] = puppet_run_detail_to_json(message.detail)
    if message.state:
        value["state"] = message.state
    return value


def puppet_run_detail_to_json(message: PuppetRunDetail) -> dict[str, rt.Json]:
    """Return the JSON object of a PuppetRunDetail, ready for `rt.dumps`."""
    value: dict[str, rt.Json] = {}
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


class _PuppetJobEventShape(rt.Shape):
    id: rt.Text = msgspec.field(default=None, name="id")
    type: rt.Text = msgspec.field(default=None, name="type")
    timestamp: rt.Text = msgspec.field(default=None, name="timestamp")
    details: _PuppetEventDetailsShape | None = msgspec.field(default=None, name="details")
    message: rt.Text = msgspec.field(default=None, name="message")


class _PuppetEventDetailsShape(rt.Shape):
    node: rt.Text = msgspec.field(default=None, name="node")
    detail: _PuppetRunDetailShape | None = msgspec.field(default=None, name="detail")
    state: rt.Text = msgspec.field(default=None, name="state")


class _PuppetRunDetailShape(rt.Shape):
    noop: rt.Flag = msgspec.field(default=None, name="noop")
    hash: rt.Text = msgspec.field(default=None, name="hash")
    status: rt.Text = msgspec.field(default=None, name="status")
    metrics: _PuppetRunMetricsShape | None = msgspec.field(default=None, name="metrics")
    report_url: rt.Text = msgspec.field(default=None, name="report-url")
    environment: rt.Text = msgspec.field(default=None, name="environment")
    configuration_version: rt.Text = msgspec.field(default=None, name="configuration_version")


class _PuppetRunMetricsShape(rt.Shape):
    corrective_change: rt.Int64 = msgspec.field(default=None, name="corrective_change")
    out_of_sync: rt.Int64 = msgspec.field(default=None, name="out_of_sync")
    restarted: rt.Int64 = msgspec.field(default=None, name="restarted")
    skipped: rt.Int64 = msgspec.field(default=None, name="skipped")
    total: rt.Int64 = msgspec.field(default=None, name="total")
    changed: rt.Int64 = msgspec.field(default=None, name="changed")
    scheduled: rt.Int64 = msgspec.field(default=None, name="scheduled")
    failed_to_restart: rt.Int64 = msgspec.field(default=None, name="failed_to_restart")
    failed: rt.Int64 = msgspec.field(default=None, name="failed")


def _puppet_job_event_fields(shape: _PuppetJobEventShape) -> rt.Fields:
    fields = rt.asdict(shape)
    if shape.timestamp is not None:
        fields["timestamp"] = rt.whole_seconds(shape.timestamp)
    if shape.details is not None:
        fields["details"] = _puppet_event_details_fields(shape.details)
    return fields


_read_puppet_job_event = rt.Reader(_PuppetJobEventShape, _puppet_job_event_fields, PuppetJobEvent)


def puppet_job_event_from_json(value: rt.Json, lost: rt.Lost) -> PuppetJobEvent:
    """Return the PuppetJobEvent of a parsed object; what it cannot hold goes to `lost`.

    Raises:
        rt.JsonError: it is no object, or a member has the wrong type; with the path.
    """
    return _read_puppet_job_event.value(value, lost)


def _puppet_event_details_fields(shape: _PuppetEventDetailsShape) -> rt.Fields:
    fields = rt.asdict(shape)
    if shape.detail is not None:
        fields["detail"] = _puppet_run_detail_fields(shape.detail)
    return fields


_read_puppet_event_details = rt.Reader(_PuppetEventDetailsShape, _puppet_event_details_fields, PuppetEventDetails)


def puppet_event_details_from_json(value: rt.Json, lost: rt.Lost) -> PuppetEventDetails:
    """Return the PuppetEventDetails of a parsed object; what it cannot hold goes to `lost`.

    Raises:
        rt.JsonError: it is no object, or a member has the wrong type; with the path.
    """
    return _read_puppet_event_details.value(value, lost)


def _puppet_run_detail_fields(shape: _PuppetRunDetailShape) -> rt.Fields:
    fields = rt.asdict(shape)
    if shape.metrics is not None:
        fields["metrics"] = rt.asdict(shape.metrics)
    return fields


_read_puppet_run_detail = rt.Reader(_PuppetRunDetailShape, _puppet_run_detail_fields, PuppetRunDetail)


def puppet_run_detail_from_json(value: rt.Json, lost: rt.Lost) -> PuppetRunDetail:
    """Return the PuppetRunDetail of a parsed object; what it cannot hold goes to `lost`.

    Raises:
        rt.JsonError: it is no object, or a member has the wrong type; with the path.
    """
    return _read_puppet_run_detail.value(value, lost)


_read_puppet_run_metrics = rt.Reader(_PuppetRunMetricsShape, rt.asdict, PuppetRunMetrics)


def puppet_run_metrics_from_json(value: rt.Json, lost: rt.Lost) -> PuppetRunMetrics:
    """Return the PuppetRunMetrics of a parsed object; what it cannot hold goes to `lost`.

    Raises:
        rt.JsonError: it is no object, or a member has the wrong type; with the path.
    """
    return _read_puppet_run_metrics.value(value, lost)


def puppet_job_event_from_members(members: dict[str, bytes], lost: rt.Lost) -> PuppetJobEvent:
    """Return the PuppetJobEvent of the valid texts of its members, as `rt.members` gives them.

    The exact text of "details" is kept in `details_json` and not looked into.
    What the types cannot hold goes to `lost`.

    Raises:
        rt.JsonError: a member has the wrong type; with the path.
    """
    exact = members.get("details", b"null")
    if exact == b"null":
        exact = b""
    elif not exact.startswith(b"{"):
        raise rt.JsonError("details", "expected an object")
    rest = {name: text for name, text in members.items() if name != "details"}
    message = _read_puppet_job_event.text(rt.join(rest), lost)
    message.details_json = exact
    return message


def puppet_job_event_from_text(text: bytes, lost: rt.Lost) -> PuppetJobEvent:
    """Return the PuppetJobEvent of a JSON text, as `puppet_job_event_from_members` does.

    Raises:
        rt.JsonError: it is not JSON, no object, or a member has the wrong type; with the path.
    """
    return puppet_job_event_from_members(rt.members(text), lost)


def puppet_event_details_from_text(text: bytes) -> tuple[PuppetEventDetails, bool]:
    """Return the typed form of an exact JSON text, and whether it holds all that the text says.

    Absent, null and zero are alike, and so are the spellings of one instant and of one number. A
    text that repeats a name is never held whole.

    Raises:
        rt.JsonError: it is not JSON, or the types cannot hold it; with the path.
    """
    lost: list[str] = []
    message = _read_puppet_event_details.text(text, lost)
    return message, not lost and rt.parses_whole(text)


def blank_puppet_event_details(message: PuppetEventDetails) -> bool:
    """Blank every secret of a typed PuppetEventDetails in place, and say whether it had any."""
    return rt.blank_message(message)


def blank_puppet_event_details_text(text: bytes) -> bytes:
    """Return the valid JSON text of a PuppetEventDetails without its secrets.

    The very same bytes come back when it has none. Names count in any case. When the text is
    written anew, order and numbers stay as they were.

    Raises:
        rt.JsonError: it is not JSON; a text that names no secret is not looked at.
    """
    return rt.blank_text(text, PuppetEventDetails.DESCRIPTOR)
