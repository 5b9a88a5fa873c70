"""`tidings restore`: all of a backup, or what there was at a point."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.fixtures.logs.make import HERE
from tidings.app.cli import run
from tidings.index.file import VERSION
from tidings.store.sqlite.format import MIGRATIONS


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A log that somebody wrote: eight records at six times."""
    shutil.copytree(HERE / f"log-{len(MIGRATIONS)}-index-{VERSION}", tmp_path / "copy")
    return tmp_path / "copy"


def times_in(directory: Path) -> dict[int, int]:
    """Return when each record was stored, by its position, in microseconds."""
    with closing(sqlite3.connect(directory / "log.db")) as log:
        return dict(log.execute("SELECT seq, recorded_at_us FROM records"))


def points(times: dict[int, int]) -> Iterator[tuple[list[str], set[int]]]:
    """Yield the options for a point, and what was there then."""
    yield [], set(times)
    yield ["--until-seq=4"], {1, 2, 3, 4}
    at = datetime.fromtimestamp(times[6] / 1e6, UTC).isoformat()
    yield [f"--until={at}"], {1, 2, 3, 4, 5}
    yield ["--until-seq=3", f"--until={at}"], {1, 2, 3}


def test_what_is_restored_is_what_there_was_at_the_point(
    copy: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    times = times_in(copy)
    for number, (options, left) in enumerate(points(times)):
        target = tmp_path / f"restored-{number}"
        assert run(["restore", str(copy), f"--data={target}", *options]) == 0
        assert capsys.readouterr().out.startswith("ok log_id=")
        assert set(times_in(target)) == left, options
