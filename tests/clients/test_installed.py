"""The clients of other people that the end-to-end tests use are the versions that they name."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import NpmClients


@pytest.mark.parametrize(
    ("name", "module", "version"),
    [
        ("python-nomad", "nomad", "2.1.0"),
        ("py-consul", "consul", "1.8.0"),
        ("python-consul", "consul", "1.1.0"),
        ("feldera", "feldera", "0.369.0"),
        ("python-dockercloud", "dockercloud", "1.0.12"),
    ],
)
def test_python_client_is_importable(
    client_python: Callable[[str], Path], name: str, module: str, version: str
) -> None:
    script = f"import {module}, importlib.metadata as m; print(m.version({name!r}))"
    done = subprocess.run(
        [client_python(name), "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == version


@pytest.mark.clients
def test_libraries_of_the_console_are_what_npm_has_of_them(root: Path, tmp_path: Path) -> None:
    program = root / "gateway/vendoring/vendor.py"
    subprocess.run([sys.executable, program, tmp_path / "vendor"], check=True)
    kept = root / "gateway/console/vendor"
    found = [
        {path.name: path.read_bytes() for path in folder.iterdir()}
        for folder in (kept, tmp_path / "vendor")
    ]
    assert found[0] == found[1], "make vendored"


@pytest.mark.clients
def test_npm_client_is_importable(npm_clients: NpmClients) -> None:
    script = "require('consul'); console.log(require('consul/package.json').version)"
    done = subprocess.run(
        [npm_clients.node, "-e", script],
        capture_output=True,
        text=True,
        check=True,
        env={"NODE_PATH": str(npm_clients.modules)},
    )
    assert done.stdout.strip() == "2.0.1"
