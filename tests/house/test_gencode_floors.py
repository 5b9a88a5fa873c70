"""Generated code refuses runtimes older than its generator: the declared floors follow it."""

import re
import tomllib
from pathlib import Path

import pytest

from tidings.core.version import VERSION

_DIGITS = r"(\d+\.\d+\.\d+)"


def _floor(root: Path, name: str) -> str:
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    floors = [re.fullmatch(rf"{name}>={_DIGITS}(,<\d+)?", line) for line in project["dependencies"]]
    (floor,) = filter(None, floors)
    return floor[1]


def _pinned(root: Path, name: str) -> str:
    found = re.search(rf"^{name}==(\S+)", (root / "constraints.txt").read_text(), re.MULTILINE)
    assert found, f"{name} is not pinned"
    return found[1]


def _generator(root: Path, files: str, pattern: str) -> set[str]:
    texts = [path.read_text() for path in (root / "generated").rglob(files)]
    return {found[1] for text in texts if (found := re.search(pattern, text))}


def test_grpcio_floor_is_the_version_of_the_stub_generator(root: Path) -> None:
    found = _generator(root, "*_pb2_grpc.py", rf"GRPC_GENERATED_VERSION = '{_DIGITS}'")
    assert found == {_floor(root, "grpcio")}


def test_protobuf_floor_is_not_below_the_version_of_protoc(root: Path) -> None:
    (found,) = _generator(root, "*_pb2.py", rf"Protobuf Python Version: {_DIGITS}")
    assert _numbers(_floor(root, "protobuf")) >= _numbers(found)


@pytest.mark.parametrize("name", ["grpcio", "protobuf"])
def test_floor_is_what_is_pinned(root: Path, name: str) -> None:
    assert _floor(root, name) == _pinned(root, name)


def test_the_stubs_wheel_requires_what_the_service_requires(root: Path) -> None:
    ours, stubs = (
        tomllib.loads((root / place / "pyproject.toml").read_text())["project"]
        for place in (".", "generated")
    )
    assert set(stubs["dependencies"]) <= set(ours["dependencies"])
    assert (stubs["version"], stubs["requires-python"]) == (
        ours["version"],
        ours["requires-python"],
    )


def test_the_program_says_the_version_that_it_is_released_as(root: Path) -> None:
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    assert project["version"] == VERSION


def test_stub_generator_is_pinned_with_its_runtime(root: Path) -> None:
    assert _pinned(root, "grpcio-tools") == _pinned(root, "grpcio")


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))
