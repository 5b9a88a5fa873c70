"""The machine's clock jumps a year ahead while a real service runs, and is set right again."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.kit.server import Server, events_after, nomad_line, serving
from tests.patience import until

PROGRAM = Path(__file__).parent / "programs" / "movable_time"
YEAR_S = 365 * 86_400


@pytest.fixture
def offset(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file that says by how many seconds the clock of new processes is ahead."""
    file = tmp_path / "offset"
    file.write_text("0")
    monkeypatch.setenv("OFFSET_FILE", str(file))
    monkeypatch.setenv("PYTHONPATH", str(PROGRAM))
    return file


@pytest.fixture
def server(tmp_path: Path, offset: Path) -> Iterator[Server]:
    assert offset.exists()
    with serving(tmp_path / "data", "--retention-age=1h") as running:
        yield running


def move(offset: Path, seconds: int) -> None:
    written = offset.with_suffix(".new")
    written.write_text(str(seconds))
    written.rename(offset)


def says(server: Server, line: str) -> bool:
    status, _, body = server.request("GET", "/readyz?verbose")
    assert status == 200
    return line in body.decode()


@pytest.mark.embedded
def test_a_jump_changes_no_time_and_erases_nothing(server: Server, offset: Path) -> None:
    server.publish_nomad([nomad_line(n) for n in range(1, 301)])
    move(offset, YEAR_S)
    until(
        lambda: says(server, "[-]clock failed: the machine's clock jumped forward"), "it is shown"
    )
    server.publish_nomad([nomad_line(n) for n in range(301, 311)])
    move(offset, 0)
    until(lambda: says(server, "[+]clock ok"), "it is over")
    server.publish_nomad([nomad_line(311)])
    with server.lines("/v1/events?after_seq=0") as lines:
        records = [json.loads(line)["batch"]["records"][0] for line in events_after(lines, 311)]
    assert [record["seq"] for record in records] == [str(n) for n in range(2, 313)]
    now = dt.datetime.now(dt.UTC)
    for record in records:
        recorded_at = dt.datetime.fromisoformat(record["recordedAt"])
        assert abs(now - recorded_at) < dt.timedelta(minutes=5)
    log = server.log_path.read_text()
    assert "the machine's clock jumped and is not followed yet" in log
    assert "the jump was taken back" in log
    assert "retention deleted" not in log
