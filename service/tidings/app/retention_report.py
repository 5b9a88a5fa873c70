"""What retention does, for logs and metrics."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge

from tidings.log.retention_rule import (
    AgeTrusted,
    AgeWaits,
    Keep,
    News,
    RuleApplied,
    RuleChanged,
    RuleWaits,
    Taken,
)

_log = structlog.get_logger("tidings.retention")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class RetentionReport:
    """Logs and counts what retention reports by calls (`tidings.log.retention.Retention`)."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._taken = Counter(
            "tidings_retention_records",
            "Records that retention deleted.",
            ["system"],
            registry=registry,
        )
        self._waiting = Gauge(
            "tidings_retention_waiting",
            "Records that stricter retention would delete, but not without --retention-apply.",
            ["system"],
            registry=registry,
        )

    def __call__(self, news: News) -> None:
        """Handle the next report."""
        match news:
            case Taken(system, count, through_seq):
                self._taken.labels(system=system).inc(count)
                _log.info("retention deleted", system=system, count=count, through_seq=through_seq)
            case RuleApplied(system, rule, before):
                self._waiting.labels(system=system).set(0)
                if before is not None:
                    _log.info(
                        "retention applied", system=system, before=_shown(before), **_said(rule)
                    )
            case RuleWaits(system, wanted, rule, count, total, through_us):
                self._waiting.labels(system=system).set(count)
                _log.warning(
                    "retention waits: these settings would delete more than a tenth of a system's"
                    " records; start with --retention-apply to let them",
                    system=system,
                    would_take=count,
                    of=total,
                    up_to=(_EPOCH + timedelta(microseconds=through_us)).isoformat(),
                    until_then=_shown(rule),
                    **_said(wanted),
                )
            case RuleChanged(system, rule):
                _log.warning(
                    "retention of the log was changed by another Tidings",
                    system=system,
                    **_said(rule),
                )
            case AgeWaits():
                _log.warning(
                    "retention deletes nothing by age: no newer records confirm the time yet"
                )
            case AgeTrusted():
                _log.info("retention by age goes on: newer records confirm the time")


def _said(rule: Keep) -> dict[str, object]:
    return {
        "age_s": "unlimited" if rule.max_age_s is None else rule.max_age_s,
        "records": "unlimited" if rule.max_count is None else rule.max_count,
        "size_bytes": "unlimited" if rule.max_bytes is None else rule.max_bytes,
        "at_least": rule.min_count,
    }


def _shown(rule: Keep | None) -> str:
    if rule is None:
        return "everything is kept"
    return " ".join(f"{name}={value}" for name, value in _said(rule).items())
