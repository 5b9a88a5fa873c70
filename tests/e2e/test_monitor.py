"""`tidings serve` watches a cluster when it is told where its services are."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from tests.e2e.rig import serving
from tests.monitor.test_monitor import targets
from tests.patience import PATIENCE_S


def test_serve_records_what_the_monitor_sees(tmp_path: Path) -> None:
    with targets() as made:
        flags = [f"--monitor-{name}={target.url}" for name, target in made.items()]
        made["compiler"].status = 503
        with serving(tmp_path / "data", *flags, "--monitor-interval=50ms") as server:
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
        for record in line.get("records", ()):
            event: dict[str, str] = record["events"][0]["feldera"]
            return event
