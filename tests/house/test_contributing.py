"""Every file that a task of the contributing page names is there, and holds what is named in it."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

TASKS = {
    "Add a Nomad topic",
    "Change a default",
    "Add an RPC",
    "Add a system",
    "Put a header on all replies",
    "Add a metric",
    "Add a store",
    "Add a command",
    "Change or add an error",
    "Change when heartbeats come",
}
_ROW = re.compile(r"\| `([^`]+)` \| .* \| (?:`([^`]+)` )?\|")


@pytest.fixture(scope="module")
def rows(root: Path) -> list[tuple[str, str, str]]:
    """Return (task, path, symbol) of every row; a symbol may be empty."""
    found: list[tuple[str, str, str]] = []
    task = ""
    for line in (root / "docs/contributing.md").read_text().splitlines():
        if line.startswith("## "):
            task = line.removeprefix("## ")
        elif row := _ROW.fullmatch(line):
            found.append((task, row[1], row[2] or ""))
    return found


def test_every_task_names_its_files(rows: list[tuple[str, str, str]]) -> None:
    assert {task for task, _, _ in rows} == TASKS


def test_every_file_is_there_and_holds_what_is_named_in_it(
    root: Path, rows: list[tuple[str, str, str]]
) -> None:
    wrong = [
        (path, symbol)
        for _, path, symbol in rows
        if not (root / path).is_file() or not is_in(root / path, symbol)
    ]
    assert wrong == []


def is_in(path: Path, symbol: str) -> bool:
    text = path.read_text()
    return (
        symbol in names_of(ast.parse(text)) if path.suffix == ".py" and symbol else symbol in text
    )


def names_of(tree: ast.Module) -> set[str]:
    """Return what a module defines or assigns, methods also with their class before them."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            names.add(node.name)
            names |= {f"{node.name}.{name}" for name in names_in(node.body)}
        elif isinstance(node, ast.Attribute):
            names.add(node.attr)
    return names | names_in(tree.body)


def names_in(body: list[ast.stmt]) -> set[str]:
    names: set[str] = set()
    for node in body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            names.add(node.name)
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names |= {each.id for each in targets if isinstance(each, ast.Name)}
    return names
