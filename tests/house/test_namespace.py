"""Three folders make one namespace package: one stray __init__.py would hide two of them."""

from pathlib import Path

import pytest

_ROOTS = ("service/tidings", "gateway/tidings", "generated/tidings")


def _packages(root: Path) -> list[Path]:
    return sorted(path.parent for part in _ROOTS for path in (root / part).rglob("__init__.py"))


@pytest.mark.parametrize("part", _ROOTS)
def test_import_root_has_no_init(root: Path, part: str) -> None:
    assert not (root / part / "__init__.py").exists()


@pytest.mark.parametrize("part", _ROOTS)
def test_folder_with_modules_is_a_package(root: Path, part: str) -> None:
    top = root / part
    folders = {path.parent for path in top.rglob("*.py")} - {top}
    assert folders
    assert [folder for folder in folders if not (folder / "__init__.py").exists()] == []


def test_package_is_typed(root: Path) -> None:
    untyped = [str(p.relative_to(root)) for p in _packages(root) if not (p / "py.typed").exists()]
    assert untyped == []
