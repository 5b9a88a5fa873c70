"""Backups by a schedule: when they are due, what is kept, and what a failure leaves."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry
from structlog.testing import capture_logs

from tests.kit.clock import DayClock
from tests.kit.loop import run_async, scenario
from tidings.app.backups import Backups, backup_in_a_process
from tidings.app.cli import run
from tidings.app.settings import BadSetting, Settings
from tidings.app.startup_checks import check_service
from tidings.store.sqlite.file import FILE_NAME, UNFINISHED_NAME
from tidings.store.sqlite.opening import open_sqlite

HOUR_S = 3600.0


class Stop(Exception):
    """Ends a run that goes on for ever."""


class Day:
    """A clock that a run's own pauses move, and what is made meanwhile."""

    def __init__(self, folder: Path, keep: int = 3) -> None:
        self.folder = folder
        self.now_s = 1_800_000_000.0
        self.registry = CollectorRegistry()
        self.made: list[str] = []
        self.problems: list[str] = []
        self.backups = Backups(folder, HOUR_S, keep, clock=self, registry=self.registry)

    def now_us(self) -> int:
        return round(self.now_s * 1e6)

    def monotonic_s(self) -> float:
        return self.now_s

    async def make(self, place: Path) -> str:
        self.made.append(place.name)
        return self._put(place)

    def _put(self, place: Path) -> str:
        place.mkdir(parents=True)
        if self.problems:
            return self.problems.pop(0)
        (place / FILE_NAME).touch()
        return ""

    @property
    def there(self) -> list[str]:
        """What lies in the folder."""
        return sorted(each.name for each in self.folder.iterdir())

    async def live(self, hours: float) -> None:
        end_s = self.now_s + hours * HOUR_S

        async def sleep(pause_s: float) -> None:
            if self.now_s >= end_s:
                raise Stop
            self.now_s += pause_s

        with pytest.raises(Stop):
            await self.backups.run(self.make, sleep)

    async def never(self, _pause_s: float) -> None:
        """End where a run would pause for the first time."""
        raise Stop

    def value(self, name: str, **labels: str) -> float:
        return self.registry.get_sample_value(name, labels) or 0.0


@scenario
async def test_one_is_made_at_once_and_then_every_hour_and_the_newest_are_kept(
    tmp_path: Path,
) -> None:
    day = Day(tmp_path / "backups")
    await day.live(hours=4.5)
    assert len(day.made) == 5
    assert day.there == day.made[-3:]
    assert day.value("tidings_backups_total", outcome="made") == 5
    assert day.now_s - day.value("tidings_backup_timestamp_seconds") <= HOUR_S


@scenario
async def test_the_schedule_goes_on_over_a_restart(tmp_path: Path) -> None:
    first = Day(tmp_path)
    await first.live(hours=0.5)
    second = Day(tmp_path)
    second.now_s = first.now_s
    await second.live(hours=0.25)
    assert (len(first.made), second.made) == (1, [])


@scenario
async def test_a_failure_leaves_nothing_and_is_tried_again_before_the_hour(tmp_path: Path) -> None:
    day = Day(tmp_path)
    day.problems = ["disk full"]
    await day.live(hours=0.5)
    assert len(day.made) == 2
    assert day.there == day.made[1:]
    assert day.value("tidings_backups_total", outcome="failed") == 1


@scenario
async def test_what_became_of_each_is_logged(tmp_path: Path) -> None:
    day = Day(tmp_path, keep=1)
    day.problems = ["disk full"]
    with capture_logs() as lines:
        await day.live(hours=1.5)
    told = [(line["event"], line.get("problem"), line.get("deleted")) for line in lines]
    failed, made = ("backup failed", "disk full", None), ("backup made", None, 0)
    assert told == [failed, made, (*made[:2], 1)]
    assert [Path(line["place"]).name for line in lines] == day.made


@scenario
async def test_what_else_lies_there_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "by-hand").mkdir()
    (tmp_path / "2020-01-01T000000Z").write_text("a file")
    day = Day(tmp_path, keep=1)
    await day.live(hours=2.5)
    assert day.there == ["2020-01-01T000000Z", day.made[-1], "by-hand"]


@scenario
async def test_what_a_kill_left_incomplete_goes_with_the_next_whole_one(tmp_path: Path) -> None:
    left = tmp_path / "2020-01-01T000000Z"
    left.mkdir()
    (left / UNFINISHED_NAME).touch()
    day = Day(tmp_path)
    day.problems = ["disk full"]
    with pytest.raises(Stop):
        await day.backups.run(day.make, day.never)
    assert day.there == [left.name]
    await day.live(hours=0.5)
    assert day.there == [day.made[-1]]


@scenario
async def test_a_process_that_fails_says_why(tmp_path: Path) -> None:
    nowhere = f"unix:{tmp_path / 'service.sock'}"
    problem = await backup_in_a_process(nowhere, "secret", tmp_path / "copy")
    assert f"the service does not answer; is it running? tried {nowhere}" in problem
    assert "secret" not in problem


@scenario
async def test_what_a_backup_lacks_is_logged_and_it_is_made_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "program"
    program.write_text("#!/bin/sh\necho noise >&2\necho 'tidings backup: warning: no keys' >&2\n")
    program.chmod(0o700)
    monkeypatch.setattr(sys, "executable", str(program))
    with capture_logs() as lines:
        assert await backup_in_a_process("unix:nowhere", "secret", tmp_path / "copy") == ""
    assert [(line["event"], line["problem"]) for line in lines] == [
        ("backup lacks something", "no keys")
    ]


def test_a_schedule_needs_a_directory() -> None:
    with pytest.raises(BadSetting, match="backup_every needs backup_to"):
        check_service(Settings(backup_every=HOUR_S))


def test_a_backup_is_tried_and_nothing_of_the_trial_stays(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async def make() -> None:
        store = await open_sqlite(
            tmp_path / "data", clock=DayClock(), durability="full", key_retention_s=86_400.0
        )
        await store.close()

    run_async(make())
    copies = tmp_path / "copies"
    assert run(["backup", str(copies / "one"), f"--data={tmp_path / 'data'}"]) == 0
    capsys.readouterr()
    assert run(["backup", "verify", str(copies / "one"), "--store=nats://away"]) == 0
    assert capsys.readouterr().out.startswith("ok log_id=")
    assert [each.name for each in copies.iterdir()] == ["one"]
    file = copies / "one" / FILE_NAME
    file.write_bytes(file.read_bytes()[:100] + b"nonsense" * 1000)
    assert run(["backup", "verify", str(copies / "one")]) == 1
    assert [each.name for each in copies.iterdir()] == ["one"]


@pytest.mark.parametrize("flag", ["--until=yesterday", "--until=2026-11-29", "--until-seq=-1"])
def test_a_point_that_is_none_is_refused(flag: str) -> None:
    with pytest.raises(SystemExit):
        run(["restore", "copy", flag])


@pytest.mark.parametrize(
    ("flags", "variable", "status", "told"),
    [
        (["--upstream=127.0.0.1:1"], "", 1, "tried 127.0.0.1:1"),
        ([], "127.0.0.1:1", 1, "tried 127.0.0.1:1"),
        (["--upstream=127.0.0.1:1", "--store=nats://a"], "", 1, "tried 127.0.0.1:1"),
        (["--data=none"], "127.0.0.1:1", 1, "none holds no log"),
        ([], "", 1, "tidings-data holds no log"),
        (["--data=none", "--upstream=127.0.0.1:1"], "", 2, "one behind a service"),
    ],
)
def test_whose_log_is_backed_up_is_said_by_flags_before_all_else(
    flags: list[str],
    variable: str,
    status: int,
    told: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    if variable:
        monkeypatch.setenv("TIDINGS_UPSTREAM", variable)
    assert run(["backup", "copy", *flags]) == status
    complaint = capsys.readouterr().err
    assert told in complaint
    assert len(complaint.splitlines()) == 1
    assert not list(tmp_path.glob("copy/log*"))
