"""The real python-dockercloud, unmodified, with nothing changed but the address."""

from __future__ import annotations

import base64
import contextlib
import json
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.kit.server import Server
from tests.patience import PATIENCE_S

PROGRAM = Path(__file__).parent / "programs" / "docker_cloud_events.py"
AUTH = f"Basic {base64.b64encode(b'joe:a-key').decode()}"


@contextlib.contextmanager
def running(
    server: Server, python: Path, namespace: str = "", origin: str = ""
) -> Iterator[subprocess.Popen[str]]:
    """Lend the client's process, which prints "open" and then every message."""
    environment = {"DOCKERCLOUD_STREAM_HOST": f"ws://{server.http}", "DOCKERCLOUD_AUTH": AUTH}
    with subprocess.Popen(
        [python, PROGRAM, namespace, origin], env=environment, stdout=subprocess.PIPE, text=True
    ) as client:
        try:
            yield client
        finally:
            client.kill()


def line(client: subprocess.Popen[str]) -> str:
    assert client.stdout is not None
    return client.stdout.readline().rstrip("\n")


def publish(server: Server, namespace: str, state: str) -> dict[str, Any]:
    """Publish an event, and return it as it is expected back."""
    event = {
        "type": "service",
        "action": "update",
        "parents": [f"/api/app/v1/{namespace}/stack/7/"],
        "resource_uri": f"/api/app/v1/{namespace}/service/8/",
        "state": state,
        "uuid": f"093ba3bb-08dd-48f0-8f12-{len(state):012d}",
        "datetime": "2016-02-01T16:47:28Z",
    }
    status, _, answer = server.request(
        "POST", "/v1/publish/docker-cloud", json.dumps(event).encode()
    )
    assert (status, json.loads(answer)["line"]) == (200, 1)
    return event


@pytest.fixture
def python(client_python: Callable[[str], Path]) -> Path:
    return client_python("python-dockercloud")


def test_run_forever_gets_all_events_without_a_namespace(server: Server, python: Path) -> None:
    with running(server, python) as client:
        assert line(client) == "open"
        for event in (publish(server, "me", "Running"), publish(server, "you", "Partly running")):
            assert json.loads(line(client)) == event


def test_run_forever_gets_the_events_of_a_namespace(server: Server, python: Path) -> None:
    with running(server, python, namespace="me") as client:
        assert line(client) == "open"
        publish(server, "you", "Starting")
        event = publish(server, "me", "Not running")
        assert json.loads(line(client)) == event


def test_run_forever_ends_on_ctrl_c(server: Server, python: Path) -> None:
    with running(server, python) as client:
        assert line(client) == "open"
        client.send_signal(signal.SIGINT)
        assert client.wait(PATIENCE_S) == 0


def test_run_forever_comes_again_after_a_restart_of_the_gateway(
    server: Server, python: Path
) -> None:
    with running(server, python) as client:
        assert line(client) == "open"
        gateway = server.children()["gateway"]
        gateway.send_signal(signal.SIGTERM)
        gateway.wait(PATIENCE_S)
        assert line(client) == "open"
        event = publish(server, "me", "Running")
        assert json.loads(line(client)) == event


def test_a_401_raises_auth_error(server: Server, python: Path) -> None:
    with running(server, python, origin="http://elsewhere.example") as client:
        assert line(client) == "AuthError Not Authorized"
        assert client.wait(PATIENCE_S) == 0
