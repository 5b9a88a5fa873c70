"""What is imported is what pyproject.toml asks for, each where it is needed, and within bounds."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Sequence
from functools import cache
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

import pytest

from tidings.app.libraries import TESTED

EXPORTERS = ("opentelemetry", "exporter")
OURS = {"benchmarks", "demo", "tests", "tidings"}


@pytest.fixture(scope="module")
def project(root: Path) -> dict[str, Any]:
    return tomllib.loads((root / "pyproject.toml").read_text())


def _names(requirements: list[str]) -> set[str]:
    return {re.split(r"[\[<>=;! ]", line)[0] for line in requirements}


def _extras(project: dict[str, Any]) -> set[str]:
    extras = project["project"]["optional-dependencies"]
    return set().union(*map(_names, extras.values()))


@cache
def _owners() -> dict[str, str]:
    """Return the distribution of each top-level module, or of the packages below a shared one."""
    found: dict[str, str] = {}
    for distribution in distributions():
        for file in distribution.files or ():
            parts = file.parts
            depth = _depth(parts)
            if file.suffix in {".py", ".so"} and len(parts) >= depth:
                name = ".".join([*parts[: depth - 1], parts[depth - 1].split(".")[0]])
                found[name] = distribution.metadata["Name"].lower().replace("_", "-")
    return found


def _depth(parts: Sequence[str]) -> int:
    """Return how many names say whose a module is, where several distributions share the first."""
    return {"google": 2, "opentelemetry": 2}.get(parts[0], 1) if parts[:2] != EXPORTERS else 5


@cache
def _modules_of(path: Path) -> frozenset[str]:
    """Return the modules that a file imports, wherever it does."""
    modules: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            modules |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            parent = node.module == "google"
            names = [f"google.{alias.name}" for alias in node.names] if parent else []
            modules |= {*(names or [node.module])}
    return frozenset(modules)


def _imported(*folders: Path) -> set[str]:
    """Return the distributions that the code below some folders imports."""
    paths = [path for folder in folders for path in folder.rglob("*.py")]
    modules = frozenset[str]().union(*map(_modules_of, paths))
    foreign = {
        ".".join(name.split(".")[: _depth(tuple(name.split(".")))])
        for name in modules
        if name.split(".")[0] not in sys.stdlib_module_names | OURS
    }
    return {_owners().get(name, f"? {name}") for name in foreign}


def test_what_is_served_with_is_required_and_nothing_else(
    root: Path, project: dict[str, Any]
) -> None:
    asked = _names(project["project"]["dependencies"])
    extra = _extras(project)
    imported = _imported(root / "service", root / "gateway", root / "generated")
    assert imported == asked | extra
    assert asked & extra == set()


def test_nats_is_imported_by_its_store_alone(root: Path) -> None:
    rooms = [path for path in (root / "service/tidings").iterdir() if path.name != "store"]
    assert "nats-py" not in _imported(*rooms, root / "gateway")


def test_cel_is_imported_by_the_runtime_of_filters_alone(root: Path) -> None:
    rooms = [*(root / "service").rglob("*.py"), *(root / "gateway").rglob("*.py")]
    knows = [path for path in rooms if "cel_expr_python" in _modules_of(path)]
    assert knows == [root / "service/tidings/rpc/filters/runtime.py"]


def test_opentelemetry_is_imported_by_one_module_alone(root: Path) -> None:
    rooms = (root / "service", root / "gateway")
    paths = {path for room in rooms for path in room.rglob("*.py")}
    knowing = {path.name for path in paths if any("opentelemetry" in m for m in _modules_of(path))}
    assert knowing == {"otlp.py"}


def test_what_benchmarks_tests_and_demo_import_is_in_a_group(
    root: Path, project: dict[str, Any]
) -> None:
    groups = project["dependency-groups"]
    asked = _names(project["project"]["dependencies"])
    asked |= _extras(project)
    development = asked | _names(groups["dev"])
    # in environments of their own
    clients = {"? consul", "? dockercloud", "? feldera", "? nomad", "? playwright"}
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
