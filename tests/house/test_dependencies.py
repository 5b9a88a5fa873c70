"""What is imported is what pyproject.toml asks for, each where it is needed, and within bounds."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from functools import cache
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

import pytest

from tidings.app.libraries import TESTED

OURS = {"benchmarks", "demo", "tests", "tidings"}


@pytest.fixture(scope="module")
def project(root: Path) -> dict[str, Any]:
    return tomllib.loads((root / "pyproject.toml").read_text())


def _names(requirements: list[str]) -> set[str]:
    return {re.split(r"[\[<>=;! ]", line)[0] for line in requirements}


@cache
def _owners() -> dict[str, str]:
    """Return the distribution of each top-level module; of `google`, of each package below it."""
    found: dict[str, str] = {}
    for distribution in distributions():
        for file in distribution.files or ():
            parts = file.parts
            depth = 2 if parts[0] == "google" else 1
            if file.suffix in {".py", ".so"} and len(parts) >= depth:
                name = ".".join([*parts[: depth - 1], parts[depth - 1].split(".")[0]])
                found[name] = distribution.metadata["Name"].lower().replace("_", "-")
    return found


def _imported(*folders: Path) -> set[str]:
    """Return the distributions that the code below some folders imports, wherever it does."""
    modules: set[str] = set()
    for path in (path for folder in folders for path in folder.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                modules |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                parent = node.module == "google"
                names = [f"google.{alias.name}" for alias in node.names] if parent else []
                modules |= {*(names or [node.module])}
    foreign = {
        ".".join(name.split(".")[: 2 if name.startswith("google.") else 1])
        for name in modules
        if name.split(".")[0] not in sys.stdlib_module_names | OURS
    }
    return {_owners().get(name, f"? {name}") for name in foreign}


def test_what_is_served_with_is_asked_for_and_nothing_else(
    root: Path, project: dict[str, Any]
) -> None:
    asked = _names(project["project"]["dependencies"])
    extra = _names(project["project"]["optional-dependencies"]["nats"])
    imported = _imported(root / "service", root / "gateway", root / "generated")
    assert imported == asked | extra
    assert asked & extra == set()


def test_nats_is_imported_by_its_store_alone(root: Path) -> None:
    rooms = [path for path in (root / "service/tidings").iterdir() if path.name != "store"]
    assert "nats-py" not in _imported(*rooms, root / "gateway")


def test_what_benchmarks_tests_and_demo_import_is_in_a_group(
    root: Path, project: dict[str, Any]
) -> None:
    groups = project["dependency-groups"]
    asked = _names(project["project"]["dependencies"])
    asked |= _names(project["project"]["optional-dependencies"]["nats"])
    development = asked | _names(groups["dev"])
    clients = {"? consul", "? dockercloud", "? feldera", "? nomad"}  # in environments of their own
    assert _imported(root / "demo") <= asked
    assert _imported(root / "tests") - clients <= development
    assert _imported(root / "benchmarks") <= development | _names(groups["bench"])
    assert _names(groups["bench"]) <= _imported(root / "benchmarks")
    assert not _names(groups["bench"]) & _imported(root / "tests", root / "demo")


def test_libraries_whose_insides_are_used_have_the_bounds_that_are_checked_at_the_start(
    root: Path, project: dict[str, Any]
) -> None:
    lock = dict(re.findall(r"^(\S+)==(\S+)", (root / "constraints.txt").read_text(), re.MULTILINE))
    lines = [
        *project["project"]["dependencies"],
        *project["project"]["optional-dependencies"]["nats"],
    ]
    bounded = {}
    for line in lines:
        found = re.fullmatch(
            r"([a-z0-9-]+)(?:\[\w+\])?>=(\d+)\.(\d+)(?:\.\d+)?,<(\d+)\.(\d+)", line
        )
        if found:
            name, *numbers = found.groups()
            major, minor, below_major, below_minor = map(int, numbers)
            assert (below_major, below_minor) == (major, minor + 1), line
            assert lock[name].split(".")[:2] == [str(major), str(minor)], line
            bounded[name] = f"{major}.{minor}"
    assert bounded == TESTED
