"""Java: its own HTTP client, which offers HTTP/2 beside every body, and a Consul client."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.kit.server import Server
from tests.patience import PATIENCE_S

EVENTS = 100
PROGRAM = Path(__file__).parent / "programs" / "JavaUpload.java"


@pytest.mark.clients  # needs java
def test_bodies_beside_an_offer_of_http_2_are_stored(server: Server) -> None:
    java = shutil.which("java")
    assert java, "java is missing: apt-get install default-jdk-headless"
    done = subprocess.run(
        [java, PROGRAM, f"http://{server.http}"],
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_S * 3,
    )
    assert done.returncode == 0, done.stderr
    fired, stored, listed = done.stdout.splitlines()
    assert json.loads(fired)["Payload"] == "aGk="
    assert stored == '{"line":1,"seq":3} {"line":2,"seq":4} {"line":3,"seq":5}'
    assert [event["Payload"] for event in json.loads(listed)] == ["aGk="]


@pytest.mark.clients
def test_the_consul_client_of_spring_sees_each_event_once(root: Path, server: Server) -> None:
    folder = root / ".clients/java"
    if not (folder / ".installed").exists():
        pytest.fail("the Java client is not built: make .clients/java/.installed")
    done = subprocess.run(
        [folder / "run", *server.host_and_port, str(EVENTS)],
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_S * 3,
    )
    assert done.returncode == 0, done.stderr
    seen = [line.split("|") for line in done.stdout.splitlines()]
    assert [each[:3] for each in seen] == [
        ["deploy", base64.b64encode(f"number {number}".encode()).decode(), "web.*"]
        for number in range(EVENTS)
    ]
    # what the client makes of an ID is the index, and both are the position
    indexes = [int(index) for *_, index, _ in seen]
    assert indexes == [int(l_time) for *_, l_time in seen] == sorted(set(indexes))
