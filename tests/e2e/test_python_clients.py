"""The real clients, unmodified, with nothing changed but the address."""

from __future__ import annotations

import contextlib
import json
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.kit.server import Server, nomad_line
from tests.patience import PATIENCE_S

PROGRAMS = Path(__file__).parent / "programs"
ClientPython = Callable[[str], Path]


@contextlib.contextmanager
def nomad_reader(
    server: Server, python: Path, index: int, namespace: str = "", *topics: str
) -> Iterator[Iterator[str]]:
    """Lend the lines that the real python-nomad prints."""
    command = [
        str(python),
        str(PROGRAMS / "nomad_reader.py"),
        *server.host_and_port,
        str(index),
        namespace,
        *topics,
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as reader:
        assert reader.stdout is not None
        try:
            assert reader.stdout.readline() == "started\n"
            yield iter(reader.stdout)
        finally:
            reader.kill()


def keys(lines: Iterator[str], count: int) -> list[str]:
    """Return the keys of the next `count` events."""
    found: list[str] = []
    while len(found) < count:
        found += [event["Key"] for event in json.loads(next(lines))["Events"]]
    return found


def new_keys(lines: Iterator[str], last: str) -> list[str]:
    """Return keys up to `last`, without those that a reconnect showed again."""
    found: list[str] = []
    while last not in found:
        for event in json.loads(next(lines))["Events"]:
            if event["Key"] not in found:
                found.append(event["Key"])
    return found


@pytest.fixture
def python_nomad(client_python: ClientPython) -> Path:
    return client_python("python-nomad")


def test_python_nomad_reads_from_an_index_and_live(server: Server, python_nomad: Path) -> None:
    server.publish_nomad([nomad_line(n) for n in range(1, 6)])
    with nomad_reader(server, python_nomad, index=1) as lines:
        assert keys(lines, 5) == [f"key-{n}" for n in range(1, 6)]
        server.publish_nomad([nomad_line(6)])
        assert keys(lines, 1) == ["key-6"]


def test_python_nomad_selects_topics_and_namespace(server: Server, python_nomad: Path) -> None:
    lines_in = [nomad_line(1, topic="Job"), nomad_line(2, topic="Node", namespace="")]
    lines_in += [nomad_line(3, topic="Deployment"), nomad_line(4, topic="Job", namespace="prod")]
    server.publish_nomad(lines_in)
    with nomad_reader(server, python_nomad, 1, "", "Job", "Node:key-2") as lines:
        assert keys(lines, 2) == ["key-1", "key-2"]
    with nomad_reader(server, python_nomad, 1, "prod", "Job") as lines:
        assert keys(lines, 1) == ["key-4"]
    with nomad_reader(server, python_nomad, 1, "*", "Job") as lines:
        assert keys(lines, 2) == ["key-1", "key-4"]


def test_python_nomad_lives_through_a_restart_of_the_service(
    server: Server, python_nomad: Path
) -> None:
    server.publish_nomad([nomad_line(1)])
    with nomad_reader(server, python_nomad, index=1) as lines:
        assert keys(lines, 1) == ["key-1"]
        service = server.children()["service"]
        service.kill()
        service.wait(PATIENCE_S)
        server.publish_nomad([nomad_line(2)])
        assert new_keys(lines, "key-2")[-1] == "key-2"


def test_python_nomad_lives_through_sigterm_of_the_gateway(
    server: Server, python_nomad: Path
) -> None:
    server.publish_nomad([nomad_line(1)])
    with nomad_reader(server, python_nomad, index=1) as lines:
        assert keys(lines, 1) == ["key-1"]
        gateway = server.children()["gateway"]
        gateway.send_signal(signal.SIGTERM)
        gateway.wait(PATIENCE_S)
        server.publish_nomad([nomad_line(2)])
        assert new_keys(lines, "key-2")[-1] == "key-2"


def test_python_nomad_resumes_after_kill_of_everything(server: Server, python_nomad: Path) -> None:
    server.publish_nomad([nomad_line(n) for n in range(1, 4)])
    with nomad_reader(server, python_nomad, index=1) as lines:
        last_index = [json.loads(next(lines))["Index"] for _ in range(3)][-1]
    server.kill_all()
    server.start()
    server.publish_nomad([nomad_line(n) for n in range(4, 7)])
    with nomad_reader(server, python_nomad, index=last_index + 1) as lines:
        assert keys(lines, 3) == ["key-4", "key-5", "key-6"]


@pytest.mark.parametrize("client", ["py-consul", "python-consul"])
def test_consul_clients_fire_list_block_and_wake(
    server: Server, client_python: ClientPython, client: str
) -> None:
    done = subprocess.run(
        [client_python(client), PROGRAMS / "consul_events.py", *server.host_and_port],
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_S * 2,
    )
    assert done.returncode == 0, done.stderr
    seen: dict[str, Any] = json.loads(done.stdout)
    assert seen["empty"] == ["1", []]
    assert seen["first"] == [["deploy", "one"]]
    assert seen["listed_id"] == seen["fired"]
    assert seen["woken"] == [["deploy", "one"], ["deploy", "two"]]
    assert seen["rises"]
    assert "Cannot provide tag filter without service filter" in seen["error"]
