"""Tests always run, always assert, and wait for things instead of sleeping."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

# Names that would leave a test out, or make it wait for a while instead of for something.
_BANNED = {
    "asyncio.sleep",
    "pytest.importorskip",
    "pytest.mark.skip",
    "pytest.mark.skipif",
    "pytest.mark.xfail",
    "pytest.skip",
    "pytest.xfail",
    "time.sleep",
    "unittest.skip",
    "unittest.skipIf",
    "unittest.skipUnless",
}
_RUNNERS = {"scenario", "patient_scenario"}  # of tests/kit: they await a test's coroutine
_LAST_WORDS = {name.rpartition(".")[2] for name in _BANNED}


@pytest.fixture(scope="module")
def trees(root: Path) -> dict[str, ast.Module]:
    paths = sorted((root / "tests").rglob("*.py"))
    return {str(path.relative_to(root)): ast.parse(path.read_text()) for path in paths}


def _imported(tree: ast.Module) -> dict[str, str]:
    """Local name to full name, for `import x as y` and `from x import y as z`."""
    names: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.asname: alias.name for alias in node.names if alias.asname}
        elif isinstance(node, ast.ImportFrom):
            names |= {a.asname or a.name: f"{node.module}.{a.name}" for a in node.names}
    return names


def _used(tree: ast.Module) -> Iterator[tuple[int, str]]:
    imported = _imported(tree)
    for node in ast.walk(tree):
        if not isinstance(node, ast.Attribute | ast.Name):
            continue
        if node.attr in _LAST_WORDS if isinstance(node, ast.Attribute) else node.id in imported:
            first, _, rest = ast.unparse(node).partition(".")
            full = imported.get(first, first)
            yield node.lineno, f"{full}.{rest}" if rest else full


def test_no_test_is_skipped_or_sleeps(trees: dict[str, ast.Module]) -> None:
    found = {
        f"{name}:{line}: {used}"
        for name, tree in trees.items()
        for line, used in _used(tree)
        if used in _BANNED
    }
    assert found == set()


def _test_functions(tree: ast.Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith(
            "test_"
        ):
            yield node


def _names_in(expressions: list[ast.expr]) -> Iterator[ast.Name]:
    for expression in expressions:
        for node in ast.walk(expression):
            if isinstance(node, ast.Name):
                yield node


def test_no_test_is_a_coroutine_that_is_never_awaited(trees: dict[str, ast.Module]) -> None:
    found = [
        f"{name}:{test.lineno}: {test.name}"
        for name, tree in trees.items()
        for test in _test_functions(tree)
        if isinstance(test, ast.AsyncFunctionDef)
        and not _RUNNERS & {each.id for each in _names_in(test.decorator_list)}
    ]
    assert found == []


def test_tests_of_one_file_have_different_names(trees: dict[str, ast.Module]) -> None:
    for name, tree in trees.items():
        tops = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
        names = [node.name for node in tops]
        assert len(names) == len(set(names)), f"{name}: a later test hides an earlier one"
