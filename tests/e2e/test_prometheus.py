"""What is in deploy/prometheus, by Debian's Prometheus and its promtool, over a real server."""

from __future__ import annotations

import contextlib
import json
import shutil
import subprocess
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.e2e.test_metrics import address_of_metrics
from tests.kit.server import Server, nomad_line, serving
from tests.patience import PATIENCE_S

pytestmark = pytest.mark.clients

DEPLOY = Path("deploy/prometheus")
RULES = "tidings.rules.yml"

# Queries of the dashboard that have an answer only once something has gone wrong, or hours long.
MAY_BE_EMPTY = (
    *("tidings_source_", "tidings_gaps_total", "tidings_http_gaps_total", "[6h]"),
    *("tidings_http_refused_total", "tidings_rpc_refusals_total", "tidings_draft_refusals_total"),
)


def promtool(folder: Path, *arguments: str) -> None:
    done = subprocess.run(
        ["promtool", *arguments], cwd=folder, check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_promtool_finds_nothing_wrong(root: Path) -> None:
    promtool(root / DEPLOY, "check", "rules", RULES)
    promtool(root / DEPLOY, "check", "config", "prometheus.yml")


def test_each_alert_fires_when_it_should(root: Path, tmp_path: Path) -> None:
    shutil.copy(root / DEPLOY / RULES, tmp_path)
    shutil.copy(root / "tests/clients/prometheus/rules.test.yml", tmp_path)
    promtool(tmp_path, "test", "rules", "rules.test.yml")


@contextlib.contextmanager
def prometheus(folder: Path, target: str, rules: Path) -> Iterator[str]:
    """Lend the address of a Prometheus that scrapes one target every second."""
    folder.mkdir()
    shutil.copy(rules, folder)
    config = {
        "global": {"scrape_interval": "1s", "scrape_timeout": "1s"},
        "rule_files": [RULES],
        "scrape_configs": [{"job_name": "tidings", "static_configs": [{"targets": [target]}]}],
    }
    (folder / "prometheus.yml").write_text(json.dumps(config))  # JSON is YAML
    command = [
        *("prometheus", f"--config.file={folder / 'prometheus.yml'}"),
        *(f"--storage.tsdb.path={folder / 'data'}", "--web.listen-address=127.0.0.1:0"),
    ]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stderr is not None
            next(line for line in process.stderr if "Server is ready" in line)
            address = _address_of(process.pid)
            with (folder / "log").open("w") as log:
                copying = subprocess.Popen(["cat"], stdin=process.stderr, stdout=log)
                yield address
        finally:
            process.terminate()
            process.wait(PATIENCE_S)
            copying.wait(PATIENCE_S)


def _address_of(pid: int) -> str:
    """Return where a process listens, which does not say so."""
    (port,) = {
        each.laddr.port
        for each in psutil.Process(pid).net_connections("tcp")
        if each.status == psutil.CONN_LISTEN
    }
    return f"127.0.0.1:{port}"


def query(address: str, expression: str) -> list[Any]:
    """Return what Prometheus answers; an expression that is wrong fails the test."""
    url = f"http://{address}/api/v1/query?{urllib.parse.urlencode({'query': expression})}"
    with urllib.request.urlopen(url, timeout=PATIENCE_S) as answer:
        found = json.load(answer)
    assert found["status"] == "success", found
    result: list[Any] = found["data"]["result"]
    return result


def expressions(root: Path) -> Iterator[str]:
    """Yield every query of the dashboard, as Grafana asks it."""
    dashboard = json.loads((root / DEPLOY / "tidings.dashboard.json").read_text())
    for panel in dashboard["panels"]:
        for target in panel.get("targets", ()):
            asked = target["expr"].replace("$__rate_interval", "1m")
            yield asked.replace("$instance", ".*")


def use(server: Server) -> None:
    """Publish and read by both ways, so that there is something to see."""
    with server.lines("/v1/event/stream?index=1") as lines:
        server.publish_nomad([nomad_line(1), nomad_line(2)])
        next(lines)
    server.request("GET", "/v1/event/list")


def test_every_panel_of_the_dashboard_has_something_to_show(root: Path, tmp_path: Path) -> None:
    with serving(tmp_path / "data", "--metrics=127.0.0.1:0") as server:
        target = address_of_metrics(server)
        rules = root / DEPLOY / RULES
        with prometheus(tmp_path / "prometheus", target, rules) as address:
            while not query(address, "rate(tidings_drafts_total[1m])"):
                use(server)  # before and between scrapes
            with server.lines("/v1/event/stream?index=1") as lines:
                next(lines)
                wanted = [
                    each
                    for each in expressions(root)
                    if not any(part in each for part in MAY_BE_EMPTY)
                ]
                while [each for each in wanted if not query(address, each)]:
                    use(server)
            for each in expressions(root):
                query(address, each)
            firing = query(address, 'ALERTS{alertstate="firing"}')
            assert firing == [], "a server that is well raises no alert"
            assert query(address, 'up{job="tidings"}')[0]["value"][1] == "1"
