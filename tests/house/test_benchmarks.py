"""What benchmarks hold Tidings to is what the documentation promises."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from benchmarks import idle
from benchmarks.lab.rows import ROWS, UNMEASURED

_MILLISECONDS = {"MB": 1.0, "s": 1000.0}
"""Or megabytes."""


@pytest.fixture
def page(root: Path) -> str:
    return (root / "docs" / "performance.md").read_text()


def _idle_rows(page: str) -> list[tuple[float, float]]:
    """Return of each row what a ratio must not exceed, and what ours alone must not."""
    table = page.partition("## When nothing happens")[2].partition("## ")[0]
    found = re.findall(
        r"\| <= ([0-9.]+) \| ([0-9.]+) (MB|s)(?:, \*\*missed\*\*)? \|$", table, re.MULTILINE
    )
    return [(float(must), float(limit) * _MILLISECONDS[unit]) for must, limit, unit in found]


def test_what_an_idle_server_may_take(page: str) -> None:
    assert [limit for _, limit in _idle_rows(page)] == list(idle.LIMITS.values())


@contextlib.contextmanager
def _server() -> Iterator[SimpleNamespace]:
    """Lend what stands for a server, and for its children."""
    parts = ("index", "service", "gateway")
    children = [SimpleNamespace(cmdline=lambda part=part: ["", "", "", part]) for part in parts]
    yield SimpleNamespace(children=lambda: children)


@pytest.mark.parametrize(("mb", "status"), [(1.0, 0), (26.0, 1)])
def test_all_of_that_is_measured(
    mb: float,
    status: int,
    page: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    bare = contextlib.contextmanager(lambda programs: iter([list(programs)]))
    for name, stand_in in {
        "_serving": _server,
        "_rest": lambda _: None,
        "_idling": bare,
        "_pss_mb": lambda _: mb,
        "_took_s": lambda _: 0.001,
        "_starting_bare": _server,
        "_ready_s": lambda _: 0.001,
    }.items():
        monkeypatch.setattr(idle, name, stand_in)
    assert idle.main(quick=False) == status
    said = re.findall(r"^(.+): .* must be <= ([0-9.]+) ", capsys.readouterr().out, re.MULTILINE)
    assert [title for title, _ in said] == list(idle.LIMITS)
    assert [float(must) for _, must in said] == [must for must, _ in _idle_rows(page)]


_ROW = re.compile(r"^\| (\d+) .*\| ([<>]=) ([0-9.; ]+) \| ([<>]=) ([0-9.; ]+) \|$", re.MULTILINE)


def test_every_row_of_the_page_is_measured_and_judged_as_it_says(page: str) -> None:
    said = {
        (int(number), kind, sign, float(value))
        for number, *targets in _ROW.findall(page)
        for kind, sign, values in (("must", *targets[:2]), ("aim", *targets[2:]))
        for value in values.split(";")
    }
    signs = {True: ">=", False: "<="}
    assert said == {
        (row.number, kind, signs[row.more_is_better], value)
        for row in ROWS
        for kind, value in (("must", row.must), ("aim", row.aim))
    }
    assert UNMEASURED == []


def test_what_is_hidden_from_an_idle_server_is_not_installed_with_it(root: Path) -> None:
    installed = (root / "deploy" / "container" / "runtime.txt").read_text()
    assert "\nstructlog==" in installed
    assert "\nrich==" not in installed
