"""Nothing in the repository names a package index, or leaves work for later."""

import re
import subprocess
from pathlib import Path

import pytest

# Lists that pip and npm read: here even the mention of a host would send a user's machine to it.
_LOCKS = re.compile(
    r"(^|/)(constraints\.txt|build-tools\.txt|package-lock\.json|\.npmrc|pip\.conf)$|^tests/clients/.*\.txt$"
)
_INDEX = re.compile(
    r"pypi\.org|pythonhosted\.org|registry\.npmjs|registry\.yarnpkg|crates\.io|rubygems\.org"
    r"|repo1?\.maven|proxy\.golang|sum\.golang|buf\.build/|nuget\.org"
    r"|--(extra-)?index-url|--find-links|--trusted-host"
    r'|"resolved":'
)
_LATER = re.compile(r"\b(TODO|FIXME|XXX|HACK|NotImplementedError)\b")
_THIS = "tests/house/test_tracked_files.py"


@pytest.fixture(scope="module")
def tracked(root: Path) -> dict[str, str]:
    """Every text file that git knows, by its path from the top."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=root, capture_output=True, text=True, check=True
    )
    names = [name for name in listed.stdout.split("\0") if name and (root / name).is_file()]
    assert "Makefile" in names
    raw = {name: (root / name).read_bytes() for name in names if name != _THIS}
    return {name: text.decode() for name, text in raw.items() if b"\0" not in text}


def _found(tracked: dict[str, str], pattern: re.Pattern[str]) -> list[str]:
    return [
        f"{name}:{number}: {line.strip()[:120]}"
        for name, text in tracked.items()
        for number, line in enumerate(text.splitlines(), start=1)
        if pattern.search(line)
    ]


def test_no_file_is_a_symbolic_link(root: Path) -> None:
    listed = subprocess.run(
        ["git", "ls-files", "--stage"], cwd=root, capture_output=True, text=True, check=True
    )
    assert "\tMakefile\n" in listed.stdout
    assert [line for line in listed.stdout.splitlines() if line.startswith("120000 ")] == []


def test_no_file_names_a_package_index(tracked: dict[str, str]) -> None:
    assert _found(tracked, _INDEX) == []


def test_no_lock_file_names_a_host_to_fetch_from(tracked: dict[str, str]) -> None:
    locks = {name: text for name, text in tracked.items() if _LOCKS.search(name)}
    assert len(locks) >= 5
    urls = [line for line in _found(locks, re.compile("://")) if '"url":' not in line]
    assert [line for line in urls if "github.com/sponsors" not in line] == []


def test_every_pin_has_a_hash(tracked: dict[str, str]) -> None:
    for name, text in tracked.items():
        if _LOCKS.search(name) and name.endswith(".txt"):
            pins = re.split(r"\n(?=\S)", text.strip())
            assert [pin for pin in pins if "==" not in pin or "--hash=sha256:" not in pin] == []


def test_nothing_is_left_for_later(tracked: dict[str, str]) -> None:
    others = ("generated/", "gateway/console/vendor/")
    code = {name: text for name, text in tracked.items() if not name.startswith(others)}
    assert _found(code, _LATER) == []


def test_no_file_is_generated_and_edited(tracked: dict[str, str]) -> None:
    makers = (
        "_pb2.py",
        "_pb2.pyi",
        "_pb2_grpc.py",
        "_pb2_grpc.pyi",
        "_json.py",
        "/tidings.binpb",
        "systems.py",
        "__init__.py",
        "py.typed",
    )
    copied = "generated/tidings/v1/json_runtime/"
    ours = [name for name in tracked if name.startswith("generated/tidings/")]
    ours = [name for name in ours if not name.startswith(copied)]
    assert [name for name in ours if not name.endswith(makers)] == []
