"""The steps of the container file, done without a container, from wheels of the locked lists."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from tests.e2e.test_health import healthcheck
from tests.e2e.test_installers import WHEELS
from tests.kit.server import AS_A_USER, Server, nomad_line
from tests.patience import PATIENCE_S
from tests.plain_environment import names_of

pytestmark = [pytest.mark.clients, pytest.mark.own_store, pytest.mark.timeout(300)]

FILE = Path("deploy/container/Containerfile")
STDLIB = "/usr/local/lib/python3.11 "
COMPILE = "python -m compileall"


def steps(root: Path) -> list[tuple[str, str]]:
    """Return the instructions of the container file, each with all of its lines in one."""
    lines = [line for line in (root / FILE).read_text().splitlines() if line[:1] != "#"]
    joined = re.sub(r"\\\n\s*", "", "\n".join(lines))
    return [(word, rest) for word, _, rest in (line.partition(" ") for line in joined.split("\n"))]


@pytest.fixture(scope="module")
def image(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that stands for the root of the image, after all steps that make `/opt`."""
    top = tmp_path_factory.mktemp("image")
    source, wheels = top / "src", root / WHEELS
    source.mkdir()
    if not (wheels / ".made").exists():
        pytest.fail("there is nothing to install from: make .clients/wheels/.made")
    for word, rest in steps(root):
        if word == "COPY" and rest == ". .":
            for path in root.iterdir():
                if not path.name.startswith(".") and not (source / path.name).exists():
                    (source / path.name).symlink_to(path)
        elif word == "COPY" and "--from" not in rest:
            for path in (each for name in rest.split()[:-1] for each in root.glob(name)):
                # the wheels were made of what has these hashes; what was built there has another
                pins = re.sub(r" \\\n\s+--hash=\S+", "", path.read_text())
                (source / path.name).write_text(pins)
        elif word == "RUN" and "/opt/" in rest:
            run(rest, top, wheels)
    return top


def run(step: str, top: Path, wheels: Path) -> None:
    """Run a step below a folder, with wheels in place of an index."""
    assert (COMPILE in step) == (STDLIB in step), "the standard library is compiled as well"
    words = step.replace(STDLIB, "").replace("--require-hashes", "")
    words = re.sub(r"(?<=\s)/(?=opt|dist)|^/(?=opt)", f"{top}/", words)
    environment = {
        **AS_A_USER,
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": str(wheels),
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    }
    done = subprocess.run(
        ["sh", "-ec", words],
        cwd=top / "src", env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, f"{words}\n{done.stdout}{done.stderr}"


@pytest.fixture(scope="module")
def python(image: Path) -> Path:
    return image / "opt/tidings/bin/python"


def test_the_image_has_all_that_the_locked_list_has_and_no_more(root: Path, python: Path) -> None:
    lines = (root / "deploy/container/runtime.txt").read_text().splitlines()
    pins = [Requirement(line.rstrip("\\")) for line in lines if line[:1].isalpha()]
    pinned = {each.name for each in pins if each.marker is None or each.marker.evaluate()}
    names = {re.sub(r"[-_.]+", "-", name).lower() for name in names_of(python)}
    assert names == {*pinned, "tidings"}
    assert {"grpcio", "nats-py", "nkeys", "opentelemetry-sdk", "cel-expr-python"} <= names


def test_a_start_compiles_nothing(python: Path) -> None:
    (site,) = (python.parent.parent / "lib").glob("python*/site-packages")
    modules = list(site.rglob("*.py"))
    assert len(modules) > 1000
    flags = {
        Path(importlib.util.cache_from_source(str(path))).read_bytes()[4:8] for path in modules
    }
    assert flags == {b"\1\0\0\0"}, "compiled, and taken without a look at the source: PEP 552"


@pytest.fixture
def server(python: Path, tmp_path: Path) -> Iterator[Server]:
    server = Server(tmp_path / "data", store=(), python=python)
    try:
        yield server.start()
    finally:
        server.end()


def test_it_serves_and_says_whether_it_is_ready(root: Path, python: Path, server: Server) -> None:
    assert server.publish_nomad([nomad_line(1)]) == [{"line": 1, "seq": 2}]
    program, *arguments = healthcheck(root)
    words = [str(python.with_name(program)), *arguments]
    environment = {**AS_A_USER, "TIDINGS_HTTP": server.http}

    def is_ready() -> bool:
        done = subprocess.run(
            words, env=environment, capture_output=True, check=False, timeout=PATIENCE_S
        )
        return done.returncode == 0

    assert is_ready()
    assert server.stop() == 0
    assert not is_ready()


def test_what_it_runs_is_there(root: Path, python: Path) -> None:
    (entry,) = (json.loads(rest) for word, rest in steps(root) if word == "ENTRYPOINT")
    (command,) = (json.loads(rest) for word, rest in steps(root) if word == "CMD")
    (path,) = re.findall(r"\bPATH=(\S+):\$PATH", dict(steps(root))["ENV"])
    assert path == "/opt/tidings/bin"
    words = [str(python.with_name(entry[0])), *entry[1:], *command, "--help"]
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=PATIENCE_S)
    assert (done.returncode, done.stderr) == (0, ""), shlex.join(words)
