"""Three folders make one namespace package: one stray __init__.py would hide two of them."""

from pathlib import Path

import pytest

_ROOTS = ("service/tidings", "gateway/tidings", "generated/tidings")


@pytest.mark.parametrize("part", _ROOTS)
def test_import_root_has_no_init(root: Path, part: str) -> None:
    assert not (root / part / "__init__.py").exists()


@pytest.mark.parametrize("part", _ROOTS)
def test_folder_with_modules_is_a_package(root: Path, part: str) -> None:
    top = root / part
    folders = {path.parent for path in top.rglob("*.py")} - {top}
    assert folders
    assert [folder for folder in folders if not (folder / "__init__.py").exists()] == []


@pytest.mark.parametrize("part", _ROOTS)
def test_room_is_typed(root: Path, part: str) -> None:
    # py.typed counts for what is below it too, but a namespace cannot have one
    rooms = {path.parent for path in (root / part).glob("*/__init__.py")}
    assert rooms
    assert [room.name for room in rooms if not (room / "py.typed").exists()] == []
