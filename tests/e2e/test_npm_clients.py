"""The real npm consul, unmodified."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from tests.conftest import NpmClients
from tests.kit.server import Server
from tests.patience import PATIENCE_S

EVENTS = 100


@pytest.mark.clients
def test_npm_consul_watch_sees_each_of_a_hundred_events_once(
    server: Server, npm_clients: NpmClients
) -> None:
    script = Path(__file__).parent / "programs" / "consul_watch.cjs"
    done = subprocess.run(
        [npm_clients.node, script, *server.host_and_port, str(EVENTS)],
        env={**os.environ, "NODE_PATH": str(npm_clients.modules)},
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_S * 2,
    )
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    assert seen["listed"] == [[seen["fired"], "hello"]]
    assert sorted(seen["seen"]) == sorted([str(n), 1] for n in range(EVENTS))
