"""Tidings without the libraries of its extra, or with releases that it was not made for."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.kit.server import Server
from tests.patience import PATIENCE_S

# Python imports this first: it hides what is not to be there, and gives what is another version.
SITE = """
import importlib.metadata, sys

HIDDEN, VERSIONS = {hidden!r}, {versions!r}

class Hidden:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in HIDDEN:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

def version(name, real=importlib.metadata.version):
    found = VERSIONS.get(name, real)
    if found is None:
        raise importlib.metadata.PackageNotFoundError(name)
    return found if isinstance(found, str) else real(name)

sys.meta_path.insert(0, Hidden())
importlib.metadata.version = version
"""
WITHOUT_NATS = ({"nats", "nkeys"}, {"nats-py": None, "nkeys": None})
ON_NATS = ["--store=nats://127.0.0.1:1", "--durability=relaxed"]


def changed(folder: Path, hidden: set[str], versions: Mapping[str, str | None]) -> dict[str, str]:
    """Return the environment of a Python that lacks some modules and has other versions."""
    (folder / "sitecustomize.py").write_text(SITE.format(hidden=hidden, versions=versions))
    return {**os.environ, "PYTHONPATH": str(folder)}


def run(environment: dict[str, str], *arguments: str) -> tuple[int, str]:
    """Run a command that ends by itself and return its status and what it said on stderr."""
    done = subprocess.run(
        [sys.executable, "-m", "tidings.app", *arguments],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_S,
    )
    assert done.stdout == ""
    return done.returncode, done.stderr


@pytest.mark.parametrize(
    "arguments",
    [["serve", *ON_NATS], ["service", *ON_NATS], ["renew", *ON_NATS]],
    ids=lambda arguments: arguments[0],
)
def test_a_store_on_nats_without_its_library_says_what_to_install(
    tmp_path: Path, arguments: list[str]
) -> None:
    environment = changed(tmp_path, *WITHOUT_NATS)
    data = [f"--data={tmp_path / 'data'}"] if arguments[0] != "renew" else []
    status, told = run(environment, *arguments, *data)
    problem = "--store nats://… needs nats-py, which is not installed"
    assert (status, told) == (1, f"tidings: {problem}: pip install 'tidings[nats]'\n")
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(
    ("name", "found", "arguments", "extra"),
    [
        ("uvicorn", "0.55.0", ["serve"], ""),
        ("uvicorn", "0.53.9", ["gateway"], ""),
        ("uvicorn", "0.5", ["gateway"], ""),
        ("httptools", "0.10.0", ["gateway"], ""),
        ("websockets", "18.0", ["serve"], ""),
        ("nats-py", "3.0.0", ["service", *ON_NATS], "[nats]"),
    ],
)
def test_a_release_that_the_tests_did_not_run_on_is_refused_in_words(
    tmp_path: Path, name: str, found: str, arguments: list[str], extra: str
) -> None:
    status, told = run(
        changed(tmp_path, set(), {name: found}), *arguments, f"--data={tmp_path / 'data'}"
    )
    assert status == 1
    assert told.startswith("tidings: ")
    assert f" needs {name} " in told
    assert f", and {found} is installed: pip install 'tidings{extra}'\n" in told
    assert len(told.splitlines()) == 1


@pytest.mark.parametrize("name", ["uvicorn", "httptools", "websockets"])
@pytest.mark.parametrize("command", ["serve", "gateway"])
def test_insides_that_cannot_be_imported_are_told_in_words_too(
    tmp_path: Path, name: str, command: str
) -> None:
    status, told = run(changed(tmp_path, {name}, {name: "99.0"}), command)
    assert (status, len(told.splitlines())) == (1, 1), told
    assert told.startswith(f"tidings: HTTP needs {name} ")


def test_without_the_runtime_of_filters_all_else_works(tmp_path: Path) -> None:
    environment = changed(tmp_path, {"cel_expr_python"}, {"cel-expr-python": None})
    python = tmp_path / "python"
    python.write_text(
        f'#!/bin/sh\nPYTHONPATH={environment["PYTHONPATH"]} exec {sys.executable} "$@"\n'
    )
    python.chmod(0o755)
    server = Server(tmp_path / "data", store=(), python=python)
    try:
        server.start()
        for path in ("/v1/records", "/v1/records:count", "/v1/events"):
            status, _, body = server.request("GET", f"{path}?filter=true")
            assert status == 400
            assert "filter: needs the CEL runtime" in json.loads(body)["message"]
            assert "pip install 'tidings[cel]'" in json.loads(body)["message"]
        assert server.request("GET", "/v1/records?types=a")[0] == 200
    finally:
        server.end()
