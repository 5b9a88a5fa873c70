"""What a claim and a report may say: pure checks."""

from __future__ import annotations

from google.protobuf.duration_pb2 import Duration

from tidings.core.errors import BadRequest, PayloadTooLarge
from tidings.core.limits import KIB
from tidings.core.source_name import EXPECTED, is_source_name
from tidings.dialects.rules import check_copied_from, check_duration, check_time
from tidings.v1 import source_service_pb2 as pb

MAX_TEXT_BYTES = 256
MAX_POSITION_BYTES = 16 * KIB

MAX_SOURCES = 1000
"""That a log knows, so that one answer holds them all."""

STALE_AFTER_S = 300
"""How long a source may be without a connection before it counts as stale, unless it says so."""


def check_name(name: str, field: str) -> None:
    """Refuse an invalid name of a source.

    Raises:
        BadRequest: it is not valid.
    """
    if not is_source_name(name):
        raise BadRequest(field, EXPECTED)


def check_claim(claim: pb.SourceClaim) -> None:
    """Refuse a claim that breaks a rule.

    Raises:
        BadRequest: which field, and why.
    """
    check_name(claim.source, "claim.source")
    if not claim.system:
        raise BadRequest("claim.system", "is required")
    _check_size(claim.address, MAX_TEXT_BYTES, "claim.address")
    if claim.HasField("stale_after"):
        check_duration(claim.stale_after, "claim.stale_after")
        if claim.stale_after.seconds < 1:
            raise BadRequest("claim.stale_after", "must be at least 1s")


def stale_after(claim: pb.SourceClaim) -> Duration:
    """Return how long the source may be without a connection."""
    return claim.stale_after if claim.HasField("stale_after") else Duration(seconds=STALE_AFTER_S)


def check_report(report: pb.SourceReport) -> None:
    """Refuse a report that breaks a rule.

    Raises:
        BadRequest: which field, and why.
    """
    _check_size(report.reason, MAX_TEXT_BYTES, "report.reason")
    _check_size(report.position, MAX_POSITION_BYTES, "report.position")
    for name in ("after", "before", "reason"):
        _check_size(getattr(report.gap, name), MAX_TEXT_BYTES, f"report.gap.{name}")
    for name in ("source", "reason"):
        _check_size(getattr(report.state, name), MAX_TEXT_BYTES, f"report.state.{name}")
    if report.state.HasField("stale_since"):
        check_time(report.state.stale_since, "report.state.stale_since")
    check_copied_from(report.copied_from, "report.copied_from")
    if report.HasField("last_event_at"):
        check_time(report.last_event_at, "report.last_event_at")
    if report.HasField("lag"):
        check_duration(report.lag, "report.lag")


def _check_size(text: str, limit_bytes: int, field: str) -> None:
    size_bytes = len(text.encode())
    if size_bytes > limit_bytes:
        raise PayloadTooLarge(field, size_bytes, limit_bytes)
