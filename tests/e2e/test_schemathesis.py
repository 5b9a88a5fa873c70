"""Schemathesis holds the served OpenAPI document against the running server.

What is endless, and what is held back on purpose, is left out: see tests/clients/schemathesis and
tests/gateway/doors/test_openapi.py.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.guarded import GuardedServer
from tests.e2e.halves import command
from tests.e2e.rig import Server

pytestmark = pytest.mark.clients

_TIME_S = 100.0


def run(server: Server, python: Path, root: Path, folder: Path, *flags: str) -> str:
    """Ask with what the document says, a time-out for each answer; return what has been found.

    Nomad's objects are left out of drafts: hundreds of members make no other kind of request.
    """
    document = json.loads(server.request("GET", "/openapi.json")[2])
    document["components"]["schemas"]["tidings.v1.NomadPayload"] = {"type": "object"}
    path = folder / "openapi.json"
    path.write_text(json.dumps(document))
    settings = root / "tests/clients/schemathesis/schemathesis.toml"
    done = subprocess.run(
        [
            *(str(python.with_name("schemathesis")), f"--config-file={settings}", "run", str(path)),
            *(f"--url=http://{server.http}", "--no-color", "--continue-on-failure"),
            *("--request-timeout=10", *flags),
        ],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=_TIME_S,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_every_answer_is_documented(
    server: Server, client_python: Callable[[str], Path], root: Path, tmp_path: Path
) -> None:
    assert command("demo", "--into", server.grpc).returncode == 0
    found = run(server, client_python("schemathesis"), root, tmp_path)
    assert "Operations:       25 selected / 29 total" in found
    assert "Traceback" not in server.log_path.read_text()


def test_every_refusal_of_nobody_is_documented(
    guarded: GuardedServer, client_python: Callable[[str], Path], root: Path, tmp_path: Path
) -> None:
    python = client_python("schemathesis")
    found = run(guarded.server, python, root, tmp_path, "--phases=fuzzing", "--max-examples=2")
    assert "Operations:       25 selected / 29 total" in found
    assert "Traceback" not in guarded.server.log_path.read_text()
