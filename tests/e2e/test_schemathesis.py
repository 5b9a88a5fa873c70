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
from tests.kit.server import Server, tidings

pytestmark = [pytest.mark.clients, pytest.mark.timeout(300)]

_TIME_S = 280.0

# what schemathesis.toml leaves out
_LEFT_OUT = 4


def run(server: Server, python: Path, root: Path, folder: Path, *flags: str) -> None:
    """Ask with what the document says, a time-out for each answer, and nothing of it is amiss.

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
    count = sum(len(operations) for operations in document["paths"].values())
    assert f"Operations:       {count - _LEFT_OUT} selected / {count} total" in done.stdout
    assert "Traceback" not in server.log_path.read_text()


def test_every_answer_is_documented(
    server: Server, client_python: Callable[[str], Path], root: Path, tmp_path: Path
) -> None:
    assert tidings("demo", "--into", server.grpc).returncode == 0
    run(server, client_python("schemathesis"), root, tmp_path)


def test_every_refusal_of_nobody_is_documented(
    guarded: GuardedServer, client_python: Callable[[str], Path], root: Path, tmp_path: Path
) -> None:
    python = client_python("schemathesis")
    run(guarded.server, python, root, tmp_path, "--phases=fuzzing", "--max-examples=2")
