"""`tidings serve` watches a cluster that is one of its sources."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from tests.kit.server import serving
from tests.patience import PATIENCE_S
from tests.sources.test_feldera_health import targets


def test_serve_records_what_is_seen_of_a_cluster(tmp_path: Path) -> None:
    with targets() as made:
        config = tmp_path / "tidings.toml"
        config.write_text(
            f"[sources.prod]\nsystem = 'feldera-health'\nurl = '{made['api'].url}'\n"
            f"compiler = '{made['compiler'].url}'\nrunner = '{made['runner'].url}'\n"
            "interval = '50ms'\n"
        )
        made["compiler"].status = 503
        with serving(tmp_path / "data", f"--config={config}") as server:
            with server.lines("/v1/events?after_seq=1&system=feldera") as lines:
                first = next_feldera(lines)
                assert (first["api_status"], first["compiler_status"]) == (
                    "Healthy",
                    "InitialUnhealthy",
                )
                made["compiler"].status = 200
                while (row := next_feldera(lines))["compiler_status"] != "Healthy":
                    assert row["compiler_status"] == "InitialUnhealthy"
            status, _, answer = server.request("GET", "/v0/cluster_healthz")
            assert (status, json.loads(answer)["all_healthy"]) == (200, True)
            assert server.stop() == 0
            assert server.process.wait(PATIENCE_S) == 0


def next_feldera(lines: Iterator[bytes]) -> dict[str, str]:
    """Return the next cluster event of a stream of native lines."""
    while True:
        line = json.loads(next(lines))
        for record in line.get("batch", {}).get("records", ()):
            event: dict[str, str] = record["events"][0]["feldera"]
            return event
