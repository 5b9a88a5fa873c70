"""docs/metrics.md is what the program shows, and dashboards and alerts ask for nothing else."""

from __future__ import annotations

import json
import re
from pathlib import Path

from tests.kit.metrics_page import page

_ROW = re.compile(r"^\| `([a-z_]+)` \| (\w+) \| (.*) \| (.+) \|$", re.MULTILINE)
_NAME = re.compile(r"\b(?:tidings|process)_[a-z_]+")
_SUFFIXES = ("_bucket", "_sum", "_count")


def test_the_page_is_what_both_halves_register(root: Path) -> None:
    assert (root / "docs/metrics.md").read_text() == page()


def test_names_follow_the_rules_of_prometheus(root: Path) -> None:
    rows = _ROW.findall((root / "docs/metrics.md").read_text())
    assert len(rows) > 50
    for name, kind, _, about in rows:
        assert name.endswith("_total") == (kind == "counter"), name
        assert about.endswith("."), name
        assert not name.endswith(("_ms", "_milliseconds", "_kb")), name


def test_dashboard_and_alerts_use_metrics_that_exist(root: Path) -> None:
    known = {name for name, *_ in _ROW.findall((root / "docs/metrics.md").read_text())}
    dashboard = json.loads((root / "deploy/prometheus/tidings.dashboard.json").read_text())
    asked = [each["expr"] for panel in dashboard["panels"] for each in panel.get("targets", ())]
    rules = (root / "deploy/prometheus/tidings.rules.yml").read_text()
    asked += re.findall(r"expr: (.*)", rules)
    names = {name for expression in asked for name in _NAME.findall(expression)}
    plain = {re.sub(f"({'|'.join(_SUFFIXES)})$", "", name) for name in names}
    assert {name for name in plain if name not in known} == set()
    assert {"tidings_commit_seconds", "tidings_up", "tidings_source_stale"} <= plain


def test_every_alert_is_seen_to_fire(root: Path) -> None:
    rules = (root / "deploy/prometheus/tidings.rules.yml").read_text()
    tests = (root / "tests/clients/prometheus/rules.test.yml").read_text()
    firing = re.findall(r'alertname="(\w+)".*exp_samples: \[\{', tests)
    alerts = re.findall(r"- alert: (\w+)", rules)
    assert set(firing) == set(alerts)
    wanted = ("StoresNothing", "DiskFullSoon", "SourceStale", "Errors", "CertificateEnds")
    assert {f"Tidings{each}" for each in wanted} <= set(alerts)
