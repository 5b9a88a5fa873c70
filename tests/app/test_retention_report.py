from __future__ import annotations

from typing import Any

import pytest
from prometheus_client import CollectorRegistry
from structlog.testing import capture_logs

from tidings.app.retention_report import RetentionReport
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

RULE = Keep(86_400.0, None, 5, 1024)
SHOWN = "age_s=86400.0 records=unlimited size_bytes=1024 at_least=5"
SAID = {"age_s": 86_400.0, "records": "unlimited", "size_bytes": 1024, "at_least": 5}
NOON_US = 1_772_452_800_000_000


@pytest.mark.parametrize(
    ("news", "level", "line"),
    [
        (
            Taken("nomad", 7, 12),
            "info",
            {"event": "retention deleted", "system": "nomad", "count": 7, "through_seq": 12},
        ),
        (
            RuleApplied("nomad", RULE, Keep(None, 9)),
            "info",
            {
                "event": "retention applied",
                "system": "nomad",
                "before": "age_s=unlimited records=9 size_bytes=unlimited at_least=1",
                **SAID,
            },
        ),
        (
            RuleWaits("nomad", RULE, None, 70, 100, NOON_US),
            "warning",
            {
                "event": "retention waits: these settings would delete more than a tenth of a"
                " system's records; start with --retention-apply to let them",
                "system": "nomad",
                "would_take": 70,
                "of": 100,
                "up_to": "2026-03-02T12:00:00+00:00",
                "until_then": "everything is kept",
                **SAID,
            },
        ),
        (
            RuleChanged("nomad", RULE),
            "warning",
            {
                "event": "retention of the log was changed by another Tidings",
                "system": "nomad",
                **SAID,
            },
        ),
        (
            AgeWaits(),
            "warning",
            {"event": "retention deletes nothing by age: no newer records confirm the time yet"},
        ),
        (
            AgeTrusted(),
            "info",
            {"event": "retention by age goes on: newer records confirm the time"},
        ),
    ],
)
def test_every_piece_of_news_is_a_line(news: News, level: str, line: dict[str, Any]) -> None:
    with capture_logs() as lines:
        RetentionReport(CollectorRegistry())(news)
    assert lines == [line | {"log_level": level}]


def test_the_first_rule_of_a_log_is_no_news() -> None:
    with capture_logs() as lines:
        RetentionReport(CollectorRegistry())(RuleApplied("nomad", RULE, None))
    assert lines == []


def test_what_was_taken_and_what_waits_is_counted_by_system() -> None:
    registry = CollectorRegistry()
    report = RetentionReport(registry)
    for news in (Taken("nomad", 7, 12), Taken("consul", 1, 13), Taken("nomad", 2, 14)):
        report(news)
    report(RuleWaits("puppet", RULE, RULE, 70, 100, NOON_US))

    def value(name: str, system: str) -> float | None:
        return registry.get_sample_value(name, {"system": system})

    assert value("tidings_retention_records_total", "nomad") == 9
    assert value("tidings_retention_records_total", "consul") == 1
    assert value("tidings_retention_waiting", "puppet") == 70
    report(RuleApplied("puppet", RULE, None))
    assert value("tidings_retention_waiting", "puppet") == 0
