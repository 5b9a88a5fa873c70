"""What is shipped: one import name, typed, with a command."""

import subprocess
import sys
import zipfile
from pathlib import Path, PurePosixPath

import pytest


@pytest.fixture(scope="module")
def dist(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that holds the wheel and the sdist that it was made of."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--no-isolation", "-o", str(folder), str(root)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.fixture(scope="module")
def wheel(dist: Path) -> Path:
    (wheel,) = dist.glob("*.whl")
    return wheel


@pytest.fixture(scope="module")
def wheel_names(wheel: Path) -> list[str]:
    return zipfile.ZipFile(wheel).namelist()


def test_wheel_holds_only_tidings(wheel_names: list[str]) -> None:
    tops = {PurePosixPath(name).parts[0] for name in wheel_names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"tidings"}


def test_wheel_holds_all_three_roots(wheel_names: list[str]) -> None:
    rooms = {"core", "store", "log", "dialects", "access", "rpc", "app", "gateway", "v1"}
    found = {PurePosixPath(name).parts[1] for name in wheel_names if name.startswith("tidings/")}
    assert rooms <= found


def test_wheel_keeps_the_namespace_open(wheel_names: list[str]) -> None:
    assert "tidings/__init__.py" not in wheel_names


def test_wheel_is_typed(wheel_names: list[str]) -> None:
    rooms = {
        "/".join(PurePosixPath(name).parts[:2]) for name in wheel_names if name[:7] == "tidings"
    }
    assert [
        room for room in rooms if "." not in room and f"{room}/py.typed" not in wheel_names
    ] == []


def test_wheel_brings_what_is_read_at_run_time(root: Path, wheel_names: list[str]) -> None:
    page = root / "gateway/console"
    files = [path.relative_to(page) for path in page.rglob("*") if path.is_file()]
    assert {f"tidings/gateway/console/{path}" for path in files} <= set(wheel_names)
    kinds = {"service": "*.sql", "gateway": "*.sql", "protos": "*.proto", "generated": "*.binpb"}
    for room, kind in kinds.items():
        wanted = {str(path.relative_to(root / room)) for path in (root / room).rglob(kind)}
        assert wanted <= set(wheel_names)


def test_sdist_brings_the_contract(root: Path, dist: Path) -> None:
    (sdist,) = dist.glob("*.tar.gz")
    listed = subprocess.check_output(["tar", "-tzf", sdist], text=True).splitlines()
    names = {name.partition("/")[2] for name in listed}
    protos = {str(path.relative_to(root)) for path in (root / "protos").rglob("*.proto")}
    assert {*protos, "generated/tidings/v1/tidings.binpb"} <= names


def test_wheel_runs_as_a_module(wheel: Path, tmp_path: Path) -> None:
    zipfile.ZipFile(wheel).extractall(tmp_path)
    # without site-packages, where this very tree is installed
    command = [sys.executable, "-S", "-m", "tidings", "--version"]
    environment = {"PYTHONPATH": str(tmp_path)}
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, env=environment, cwd="/"
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("tidings ")
