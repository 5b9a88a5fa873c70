"""The real Feldera client, unmodified, with nothing changed but the address."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

from tests.kit.server import Server
from tests.patience import PATIENCE_S

PROGRAM = Path(__file__).parent / "programs" / "feldera_events.py"


def test_the_feldera_client_reads_cluster_events(
    server: Server, client_python: Callable[[str], Path]
) -> None:
    event = {
        f"{service}_{what}": text
        for service in ("api", "compiler", "runner")
        for what, text in (("status", "Healthy"), ("self_info", "s"), ("resources_info", "r"))
    }
    for _ in range(2):
        status, _, answer = server.request(
            "POST", "/v1/publish/feldera", json.dumps(event).encode()
        )
        assert (status, json.loads(answer)["line"]) == (200, 1)
    done = subprocess.run(
        [client_python("feldera"), PROGRAM, f"http://{server.http}"],
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_S * 2,
    )
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    assert len(seen["listed"]) == 2
    assert [len(each) for each in seen["listed"]] == [6, 6]
    assert seen["listed"][0]["all_healthy"] is True
    assert seen["latest"] == seen["by_id"] == seen["listed"][0]
    assert seen["latest_all"] == {**seen["latest"], **event}
    assert seen["unknown"][:2] == [404, "UnknownClusterMonitorEvent"]
    assert seen["unknown"][2] == {"event_id": "00000000-0000-0000-0000-000000000000"}
    assert seen["no_uuid"][:2] == [400, "InvalidUuidParam"]
    assert seen["selector"][0] == "ValueError"
