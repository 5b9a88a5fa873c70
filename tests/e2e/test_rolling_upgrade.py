"""Two nodes over NATS are upgraded one after another, while events are published and read.

The version before is the wheel that TEST_PREVIOUS_WHEEL names. Without one, as before the first
release, it is this tree under another version number: that shows that two installations which know
nothing of each other share a log and hand over without a loss, and nothing of a change of formats.
"""

from __future__ import annotations

import http.client
import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from secrets import token_hex

import grpc
import pytest

from tests.kit.server import Server, nomad_line
from tests.nats.shared import shared_server, store_flags_of
from tests.patience import PATIENCE_S, until
from tests.plain_environment import build_wheel, plain_environment
from tidings.v1 import event_service_pb2

pytestmark = [pytest.mark.slow, pytest.mark.own_store, pytest.mark.timeout(300)]

EACH = 20
"""Events that are published, at least, between two steps."""


@pytest.fixture(scope="module")
def previous(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of an environment that holds the version before."""
    folder = tmp_path_factory.mktemp("previous")
    given = os.environ.get("TEST_PREVIOUS_WHEEL")
    wheel = Path(given) if given else build_wheel(renumbered(root, folder / "tree"), folder)
    return plain_environment(wheel, folder, "nats")


def renumbered(root: Path, target: Path) -> Path:
    """Copy what a wheel is made of, under another version number."""
    target.mkdir()
    for name in ("service", "gateway", "generated", "protos"):
        ignored = shutil.ignore_patterns("__pycache__", "node_modules")
        shutil.copytree(root / name, target / name, ignore=ignored)
    for name in ("README.md", "LICENSE"):
        shutil.copy(root / name, target)
    project = (root / "pyproject.toml").read_text()
    own = f'version = "{version_of(Path(sys.executable))}"'
    assert project.count(own) == 1
    (target / "pyproject.toml").write_text(project.replace(own, 'version = "0.0.0"'))
    return target


def version_of(python: Path) -> str:
    asked = "import importlib.metadata as m; print(m.version('tidings'))"
    return subprocess.check_output([python, "-c", asked], text=True).strip()


class Publisher:
    """Publishes numbered events one by one, each through whichever node takes it, until told."""

    def __init__(self, nodes: list[Server]) -> None:
        self._nodes = nodes
        self._enough = threading.Event()
        self.seqs: list[int] = []
        """What was acknowledged, by number."""

    def run(self) -> None:
        while not self._enough.is_set():
            number = len(self.seqs)
            self.seqs.append(until(lambda number=number: self._try(number), "an acknowledgement"))  # type: ignore[misc]

    def stop(self) -> None:
        self._enough.set()

    def go_on(self) -> None:
        """Return when some more have been acknowledged."""
        enough = len(self.seqs) + EACH
        until(lambda: len(self.seqs) >= enough, f"{EACH} more")

    def _try(self, number: int) -> int | None:
        for node in self._nodes[number % 2 :] + self._nodes[: number % 2]:
            try:
                _, _, body = node.request(
                    "POST", "/v1/publish/nomad?source=prod", nomad_line(number)
                )
                return int(json.loads(body)["seq"])
            except (OSError, http.client.HTTPException, KeyError, ValueError):
                continue  # it goes down, or is away: the key makes another try harmless
        return None


class Reader:
    """Reads all behind a position, from whichever node serves it, and goes on where it was."""

    def __init__(self, nodes: list[Server], after_seq: int) -> None:
        self._nodes = nodes
        self._enough = threading.Event()
        self.seen: list[tuple[int, int]] = []
        """Position and number of each event, as they came."""
        self._after_seq = after_seq

    def run(self) -> None:
        while not self._enough.is_set():
            self._read()

    def stop(self) -> None:
        self._enough.set()

    def _read(self) -> None:
        for node in self._nodes:
            request = event_service_pb2.SubscribeRequest(after_seq=self._after_seq)
            with node.stub() as stub:
                try:
                    for response in stub.Subscribe(request, timeout=5.0):
                        for record in response.batch.records:
                            self._after_seq = record.seq
                            number = record.events[0].nomad.upstream_index
                            self.seen.append((record.seq, number))
                except grpc.RpcError:
                    continue


@pytest.fixture
def nodes(previous: Path, tmp_path: Path) -> Iterator[list[Server]]:
    """Two nodes of the version before, on one log."""
    store = store_flags_of([shared_server()], f"upgrade-{token_hex(6)}")
    with ExitStack() as stack:
        made = [Server(tmp_path / name, store=store, python=previous) for name in ("a", "b")]
        for node in made:
            node.start()
            stack.callback(node.end)
        yield made


def test_nodes_are_upgraded_one_by_one_under_load(previous: Path, nodes: list[Server]) -> None:
    own = Path(sys.executable)
    assert version_of(previous) != version_of(own)
    first = nodes[0].publish_nomad([nomad_line(10**6)])[0]["seq"]
    publisher, reader = Publisher(nodes), Reader(nodes, first)
    with ThreadPoolExecutor(2) as pool:
        running = [pool.submit(each.run) for each in (publisher, reader)]
        try:
            for node in nodes:
                publisher.go_on()
                assert node.stop() == 0
                node.python = own
                node.start()
                until(lambda node=node: node.request("GET", "/readyz")[0] == 200, "it is ready")  # type: ignore[misc]
            publisher.go_on()
            publisher.stop()
            running[0].result(PATIENCE_S)
            until(lambda: len(reader.seen) >= len(publisher.seqs), "all of it was read")
        finally:
            publisher.stop()
            reader.stop()
        running[1].result(PATIENCE_S)
    expected = [(seq, number) for number, seq in enumerate(publisher.seqs)]
    assert reader.seen == expected, "each once, in order, where it was acknowledged"
    for node in nodes:
        assert json.loads(node.request("GET", "/version")[2])["version"] == version_of(own)
        again = node.publish_nomad([nomad_line(0)], "?source=prod")
        assert (again[0]["seq"], again[0]["duplicate"]) == (publisher.seqs[0], True)
