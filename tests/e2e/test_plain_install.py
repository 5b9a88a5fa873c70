"""The wheel with what it asks for and nothing else: what `pipx install tidings` gives."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.kit.server import Server, nomad_line
from tests.patience import PATIENCE_S
from tests.plain_environment import build_wheel, names_of, plain_environment


@pytest.fixture(scope="module")
def plain(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of an environment that holds the wheel and its dependencies alone."""
    folder = tmp_path_factory.mktemp("plain")
    return plain_environment(build_wheel(root, folder), folder)


@pytest.fixture
def server(plain: Path, tmp_path: Path) -> Iterator[Server]:
    """A server of that environment's own."""
    server = Server(tmp_path / "data", store=(), python=plain)
    try:
        yield server.start()
    finally:
        server.end()


def test_nothing_is_missing_and_nothing_more_is_there(plain: Path) -> None:
    names = names_of(plain)
    assert {"tidings", "grpcio", "uvloop"} <= names
    assert names & {"nats-py", "nkeys", "orjson", "pytest", "pip", "setuptools"} == set()


@pytest.mark.own_store
def test_it_serves_and_its_commands_work(plain: Path, server: Server) -> None:
    assert server.publish_nomad([nomad_line(1)]) == [{"line": 1, "seq": 2}]
    assert server.request("GET", "/", headers={"Accept": "text/html"})[0] == 200
    assert server.request("GET", "/console/main.js")[0] == 200
    tidings = [str(plain.with_name("tidings")), "tail", "--since=start", "-n1"]
    done = subprocess.run(
        [*tidings, f"--upstream={server.grpc}"],
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_S,
    )
    assert (done.returncode, "key-1" in done.stdout) == (0, True), done.stderr
    maps = Path(f"/proc/{server.children()['service'].pid}/maps").read_text()
    assert "uvloop" in maps  # what the numbers were measured with is what serves
    assert server.stop() == 0
