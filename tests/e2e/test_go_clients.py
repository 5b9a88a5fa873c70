"""The real Go clients of Nomad and Consul, unmodified: what most of those systems' users run."""

from __future__ import annotations

import contextlib
import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.kit.server import Server, nomad_line
from tests.patience import PATIENCE_S

GoClient = Callable[[str], Path]
EVENTS = 100

pytestmark = pytest.mark.clients


@contextlib.contextmanager
def nomad_reader(
    server: Server, program: Path, index: int, namespace: str, *topics: str
) -> Iterator[Iterator[dict[str, Any]]]:
    """Lend the messages that the real client decodes."""
    command = [str(program), f"http://{server.http}", str(index), namespace, *topics]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as reader:
        assert reader.stdout is not None
        try:
            assert reader.stdout.readline() == "started\n"
            yield map(json.loads, reader.stdout)
        finally:
            reader.kill()


def test_nomad_api_decodes_typed_objects_from_an_index_and_live(
    server: Server, go_client: GoClient
) -> None:
    topics = ["Job", "Node", "Allocation", "Evaluation"]
    server.publish_nomad([nomad_line(n, topic=topic) for n, topic in enumerate(topics, 1)])
    with nomad_reader(server, go_client("nomadreader"), 1, "*", "*:*") as messages:
        seen = [next(messages) for _ in topics]
        assert [message["Types"] for message in seen] == [[f"{t}Registered"] for t in topics]
        assert [message["Keys"] for message in seen] == [[f"key-{n}"] for n in range(1, 5)]
        assert seen[0]["JobIDs"] == ["key-1"]
        server.publish_nomad([nomad_line(5)])
        assert next(messages)["JobIDs"] == ["key-5"]


def test_nomad_api_selects_topic_key_and_namespace(server: Server, go_client: GoClient) -> None:
    lines = [nomad_line(1), nomad_line(2), nomad_line(3, namespace="prod")]
    server.publish_nomad([*lines, nomad_line(4, topic="Deployment")])
    program = go_client("nomadreader")
    with nomad_reader(server, program, 1, "default", "Job:key-2", "Deployment:*") as messages:
        assert [next(messages)["Keys"] for _ in range(2)] == [["key-2"], ["key-4"]]
    with nomad_reader(server, program, 1, "prod", "Job:*") as messages:
        assert next(messages)["Keys"] == ["key-3"]


def test_nomad_api_resumes_after_kill_of_everything(server: Server, go_client: GoClient) -> None:
    program = go_client("nomadreader")
    server.publish_nomad([nomad_line(n) for n in range(1, 4)])
    with nomad_reader(server, program, 1, "*", "*:*") as messages:
        last_index = [next(messages)["Index"] for _ in range(3)][-1]
    server.kill_all()
    server.start()
    server.publish_nomad([nomad_line(n) for n in range(4, 7)])
    with nomad_reader(server, program, last_index + 1, "*", "*:*") as messages:
        keys = [next(messages)["Keys"] for _ in range(3)]
    assert keys == [["key-4"], ["key-5"], ["key-6"]]


def test_consul_api_fires_lists_and_watches_each_event_once(
    server: Server, go_client: GoClient
) -> None:
    done = subprocess.run(
        [go_client("consulevents"), f"http://{server.http}", str(EVENTS)],
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_S * 3,
    )
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    assert seen["listed"] == [seen["fired"], "hello", "^web"]
    assert seen["seen"] == {str(n): 1 for n in range(EVENTS)}
    assert seen["indexes"] == sorted(set(seen["indexes"])), "an index went back"
