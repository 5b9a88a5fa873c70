"""Rooms import each other in one direction: no cycles, and every room is checked."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Any

import pytest

_HALVES = ("service", "gateway")

Graph = Mapping[str, set[str]]


@pytest.fixture(scope="module")
def linter(root: Path) -> dict[str, Any]:
    settings: dict[str, Any] = tomllib.loads((root / "pyproject.toml").read_text())["tool"]
    found: dict[str, Any] = settings["importlinter"]
    return found


def _modules(root: Path) -> dict[str, Path]:
    """Return every module of both halves by its full name, packages by their own."""
    found: dict[str, Path] = {}
    for half in _HALVES:
        for path in (root / half / "tidings").rglob("*.py"):
            parts = path.relative_to(root / half).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def _imports(path: Path) -> Iterator[tuple[str, str]]:
    """Yield what a file imports, wherever it does, as (module, name in it or nothing)."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from ((alias.name, "") for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from ((node.module, alias.name) for alias in node.names)


def _graph(modules: Mapping[str, Path]) -> Graph:
    graph: dict[str, set[str]] = {module: set() for module in modules}
    for module, path in modules.items():
        for source, name in _imports(path):
            whole = f"{source}.{name}"
            graph[module] |= {whole if whole in modules else source} & modules.keys()
    return graph


def _room(module: str) -> str:
    """Return the room of a module: `tidings.rpc`, and `tidings.gateway.live` in the gateway."""
    depth = 3 if module.startswith("tidings.gateway.") else 2
    return ".".join(module.split(".")[:depth])


def _folders(parent: Path) -> set[str]:
    return {path.parent.name for path in parent.glob("*/__init__.py")}


def _circle(graph: Graph) -> list[str]:
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        circle: list[str] = error.args[1]
        return circle
    return []


def test_no_module_reaches_itself(root: Path) -> None:
    graph = _graph(_modules(root))
    assert sum(map(len, graph.values())) > len(graph) > 400
    assert _circle(graph) == []


def test_no_room_reaches_itself(root: Path) -> None:
    rooms: dict[str, set[str]] = {}
    for module, known in _graph(_modules(root)).items():
        own = _room(module)
        rooms.setdefault(own, set()).update({_room(each) for each in known} - {own})
    assert _circle(rooms) == []


def test_a_cycle_is_found() -> None:
    assert set(_circle({"a": {"b"}, "b": {"c"}, "c": {"a"}})) == {"a", "b", "c"}


def test_every_room_is_checked(root: Path, linter: dict[str, Any]) -> None:
    rooms = {f"tidings.{name}" for name in _folders(root / "service/tidings")}
    gateway = {"tidings.gateway"}
    assert set(linter["root_packages"]) == rooms | gateway | {"tidings.v1"}
    named = {contract["name"]: contract for contract in linter["contracts"]}
    layers = named["rooms point one way"]["layers"]
    assert {room for layer in layers for room in layer.split(" | ")} == rooms | gateway
    circles = named["no cycles, neither between rooms nor between modules of one"]
    assert set(circles["ancestors"]) == rooms | gateway
    forbidden = named["the gateway knows the contract only"]["forbidden_modules"]
    assert set(forbidden) == rooms
    assert set(named["the contract knows no room"]["forbidden_modules"]) == rooms | gateway
    layers = named["the rooms of the gateway know each other downwards"]["layers"]
    assert set(layers) == _folders(root / "gateway/tidings/gateway")


def test_architecture_has_a_row_for_every_room(root: Path) -> None:
    page = (root / "docs/architecture.md").read_text()
    told = set(re.findall(r"^\| `service/tidings/(\w+)` \|", page, re.MULTILINE))
    assert told == _folders(root / "service/tidings")
    told = set(re.findall(r"^\| `gateway/…/(\w+)` \|", page, re.MULTILINE))
    assert told == _folders(root / "gateway/tidings/gateway")
