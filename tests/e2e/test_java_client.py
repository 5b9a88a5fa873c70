"""Java's own HTTP client, which offers an upgrade to HTTP/2 beside every body that it sends."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.e2e.rig import Server
from tests.patience import PATIENCE_S

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
