"""The wheel with what it asks for and nothing else: what `pipx install tidings` gives."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import Distribution, distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from tests.e2e.rig import Server, nomad_line
from tests.patience import PATIENCE_S


def _closure(requirements: list[str]) -> dict[str, Distribution]:
    """Return what an installer would bring for these, out of what is installed here."""
    found: dict[str, Distribution] = {}
    waiting = [(Requirement(line), "") for line in requirements]
    while waiting:
        requirement, extra = waiting.pop()
        if requirement.marker is not None and not requirement.marker.evaluate({"extra": extra}):
            continue
        name = requirement.name.lower().replace("_", "-")
        found[name] = distribution(name)
        assert requirement.specifier.contains(found[name].version), requirement
        lines = found[name].requires or ()
        waiting += [
            (Requirement(line), more)
            for line in lines
            for more in ("", *requirement.extras)
            if (Requirement(line).name not in found)
        ]
    return found


@pytest.fixture(scope="module")
def plain(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of an environment that holds the wheel and its dependencies alone."""
    folder = tmp_path_factory.mktemp("plain")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "-o", str(folder)]
    subprocess.run([*build, str(root)], capture_output=True, check=True)
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    (wheel,) = folder.glob("*.whl")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder / "venv"], check=True)
    (site,) = (folder / "venv").glob("lib/python*/site-packages")
    for each in _closure(project["dependencies"]).values():
        for file in each.files or ():
            if ".." not in file.parts and "__pycache__" not in file.parts:
                place = site.joinpath(*file.parts)
                place.parent.mkdir(parents=True, exist_ok=True)
                place.symlink_to(Path(str(file.locate())))
    python = folder / "venv/bin/python"
    install = ["-m", "pip", f"--python={python}", "install", "-q", "--no-deps", "--no-index"]
    subprocess.run([sys.executable, *install, str(wheel)], capture_output=True, check=True)
    return python


@pytest.fixture
def server(plain: Path, tmp_path: Path) -> Iterator[Server]:
    """A server of that environment's own."""
    server = Server(tmp_path / "data", store=(), python=plain)
    try:
        yield server.start()
    finally:
        server.end()


def test_nothing_is_missing_and_nothing_more_is_there(plain: Path) -> None:
    check = [sys.executable, "-m", "pip", f"--python={plain}", "check"]
    done = subprocess.run(check, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "No broken requirements found.\n")
    listing = "import importlib.metadata as m; print(*(d.name for d in m.distributions()))"
    names = set(subprocess.check_output([plain, "-c", listing], text=True).split())
    assert {"tidings", "grpcio", "uvloop"} <= names
    assert names & {"nats-py", "nkeys", "orjson", "pytest", "pip", "setuptools"} == set()


@pytest.mark.own_store
def test_it_serves_and_its_commands_work(plain: Path, server: Server) -> None:
    assert server.publish_nomad([nomad_line(1)]) == [{"line": 1, "seq": 2}]
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
