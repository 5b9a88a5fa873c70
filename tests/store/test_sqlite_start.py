"""The first start of a log, the start after an I/O error and a restore can be killed anywhere."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.kit.loop import run_async
from tests.patience import PATIENCE_S
from tests.store import killed
from tests.store.places import SQLitePlace, append, draft, opened, texts
from tidings.core.errors import StoreCorrupt, StoreUnavailable
from tidings.store.sqlite.check import check_sqlite
from tidings.store.sqlite.copy import copy_log
from tidings.store.sqlite.file import FILE_NAME, PART_NAME, WAL_NAME
from tidings.store.sqlite.rescue import COPY_NAME, MARK_NAME, leave_mark


def fill(directory: Path, *bodies: str) -> str:
    async def main() -> str:
        async with opened(SQLitePlace(directory)) as store:
            await append(store, *(draft(body) for body in bodies))
            return store.log_id

    return run_async(main())


def stored(directory: Path) -> list[str]:
    async def main() -> list[str]:
        async with opened(SQLitePlace(directory)) as store:
            return texts(await store.read(0, 1000))

    return run_async(main())


def kill_at_each_step(mode: str, place: Path) -> list[tuple[int, ...]]:
    path = os.pathsep.join(entry for entry in sys.path if entry)
    done = subprocess.run(
        [sys.executable, killed.__file__, mode, str(place)],
        capture_output=True,
        text=True,
        check=True,
        timeout=PATIENCE_S * 4,
        env=os.environ | {"PYTHONPATH": path},
    )
    assert done.stderr == ""
    return [tuple(map(int, line.split()))[1:] for line in done.stdout.splitlines()]


def assert_each_is_survived(ends: list[tuple[int, ...]], at_least: int) -> None:
    *died, lived = ends
    assert len(died) >= at_least
    assert set(died) == {(-signal.SIGKILL, 0, 0, 0)}
    assert lived == (0, 0, 0, 0)


@pytest.mark.slow
def test_a_first_start_may_be_killed_at_each_of_its_steps(tmp_path: Path) -> None:
    assert_each_is_survived(kill_at_each_step("start", tmp_path), at_least=25)


@pytest.mark.slow
def test_a_restore_may_be_killed_at_each_of_its_steps(tmp_path: Path) -> None:
    fill(tmp_path / "log", "a", "b")
    copy_log(tmp_path / "log", tmp_path / "copy")
    assert_each_is_survived(kill_at_each_step("restore", tmp_path), at_least=15)


@pytest.mark.slow
def test_the_start_after_a_restore_may_be_killed_at_each_of_its_steps(tmp_path: Path) -> None:
    """A copy has no WAL until a service makes one of it, with a journal in between."""
    fill(tmp_path / "log", "a", "b")
    copy_log(tmp_path / "log", tmp_path / "template")
    assert_each_is_survived(kill_at_each_step("start", tmp_path), at_least=8)
    assert stored(tmp_path / "data") == ["a", "b"]


@pytest.mark.slow
def test_the_start_after_an_io_error_may_be_killed_at_each_of_its_steps(tmp_path: Path) -> None:
    async def crash() -> None:
        async with opened(SQLitePlace(tmp_path / "log")) as store:
            await append(store, draft("a"), draft("b"))
            shutil.copytree(tmp_path / "log", tmp_path / "template")

    run_async(crash())
    assert leave_mark(tmp_path / "template")
    assert_each_is_survived(kill_at_each_step("start", tmp_path), at_least=25)
    assert stored(tmp_path / "data") == ["a", "b"]
    assert not (tmp_path / "data" / MARK_NAME).exists()


def test_a_directory_that_an_older_first_start_broke_starts_again(directory: Path) -> None:
    directory.mkdir()
    program = """
import os, signal, sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("PRAGMA cache_size = 1")
connection.execute("PRAGMA cache_spill = 1")
connection.execute("BEGIN IMMEDIATE")
connection.execute("CREATE TABLE one (a)")
for _ in range(50):
    connection.execute("INSERT INTO one VALUES (zeroblob(9000))")
os.kill(os.getpid(), signal.SIGKILL)
"""
    words = [sys.executable, "-c", program, str(directory / FILE_NAME)]
    died = subprocess.run(words, check=False, timeout=PATIENCE_S)
    assert died.returncode == -signal.SIGKILL
    assert (directory / f"{FILE_NAME}-journal").stat().st_size > 0
    with pytest.raises(StoreCorrupt, match="holds no log"):
        check_sqlite(directory)
    fill(directory, "a")
    assert stored(directory) == ["a"]
    assert check_sqlite(directory).problems == ()
    assert not (directory / f"{FILE_NAME}-journal").exists()


def test_an_empty_file_beside_a_wal_that_is_not_is_no_first_start(directory: Path) -> None:
    async def crash() -> bytes:
        async with opened(SQLitePlace(directory)) as store:
            await append(store, draft("a"))
            return (directory / WAL_NAME).read_bytes()

    wal = run_async(crash())
    (directory / FILE_NAME).write_bytes(b"")
    (directory / WAL_NAME).write_bytes(wal)
    with pytest.raises(StoreCorrupt, match="restore a backup"):
        stored(directory)
    assert (directory / WAL_NAME).read_bytes() == wal


def test_what_a_dead_start_or_restore_left_is_removed(directory: Path) -> None:
    fill(directory, "a")
    for suffix in ("", "-journal", "-wal", "-shm"):
        (directory / f"{PART_NAME}{suffix}").write_bytes(b"half")
    assert stored(directory) == ["a"]
    assert not list(directory.glob(f"{PART_NAME}*"))


def test_a_journal_of_a_dead_restore_is_not_played_into_the_next(tmp_path: Path) -> None:
    fill(tmp_path / "log", "a")
    target = tmp_path / "target"
    target.mkdir()
    (target / PART_NAME).write_bytes(b"x" * 8192)
    (target / f"{PART_NAME}-journal").write_bytes(b"\xd9\xd5\x05\xf9\x20\xa1\x63\xd7" + bytes(504))
    copy_log(tmp_path / "log", target)
    assert check_sqlite(target).problems == ()
    assert stored(target) == ["a"]


def test_a_log_is_restored_where_a_first_start_died(tmp_path: Path) -> None:
    fill(tmp_path / "log", "a")
    target = tmp_path / "target"
    target.mkdir()
    (target / FILE_NAME).touch()
    copy_log(tmp_path / "log", target)
    assert stored(target) == ["a"]


class TestAfterAnIoError:
    def test_the_log_is_copied_into_new_files_before_it_is_served(self, directory: Path) -> None:
        log_id = fill(directory, "a", "b")
        old = (directory / FILE_NAME).stat().st_ino
        os.link(directory / FILE_NAME, directory / "old")  # so that its number is not used again
        leave_mark(directory)
        assert fill(directory, "c") == log_id
        assert (directory / FILE_NAME).stat().st_ino != old
        assert (directory / FILE_NAME).stat().st_mode & 0o777 == 0o600
        assert not (directory / MARK_NAME).exists()
        assert stored(directory) == ["a", "b", "c"]
        new = (directory / FILE_NAME).stat().st_ino
        assert stored(directory) == ["a", "b", "c"]
        assert (directory / FILE_NAME).stat().st_ino == new, "once is enough"

    def test_the_copy_needs_nothing_of_the_old_wal(self, directory: Path, tmp_path: Path) -> None:
        """Its pages may be gone with the power: what is served must stand in the new file."""

        async def crash() -> None:
            async with opened(SQLitePlace(directory)) as store:
                await append(store, *(draft(f"{n}" * 500) for n in range(40)))
                shutil.copytree(directory, tmp_path / "crashed")

        run_async(crash())
        crashed = tmp_path / "crashed"
        assert (crashed / WAL_NAME).stat().st_size > 0
        leave_mark(crashed)

        async def start() -> int:
            async with opened(SQLitePlace(crashed)):
                (tmp_path / "lost").mkdir()
                shutil.copy(crashed / FILE_NAME, tmp_path / "lost" / FILE_NAME)
                return (crashed / WAL_NAME).stat().st_size

        assert run_async(start()) == 0
        assert len(stored(tmp_path / "lost")) == 40

    def test_a_copy_that_was_whole_takes_over_at_the_next_start(self, directory: Path) -> None:
        fill(directory, "a")
        shutil.copy(directory / FILE_NAME, directory / COPY_NAME)
        (directory / FILE_NAME).unlink()
        (directory / WAL_NAME).write_bytes(b"of the files before")
        leave_mark(directory)
        with pytest.raises(StoreCorrupt, match="holds no log"):
            check_sqlite(directory)
        assert stored(directory) == ["a"]

    def test_a_damaged_log_is_not_copied(self, directory: Path) -> None:
        fill(directory, *(f"{n}" * 900 for n in range(40)))
        content = bytearray((directory / FILE_NAME).read_bytes())
        content[8 * 4096 : 8 * 4096 + 2000] = os.urandom(2000)
        (directory / FILE_NAME).write_bytes(content)
        leave_mark(directory)
        with pytest.raises((StoreCorrupt, StoreUnavailable)):
            stored(directory)
        assert (directory / FILE_NAME).read_bytes() == content
        assert (directory / MARK_NAME).exists()

    def test_a_mark_without_a_log_marks_nothing(self, directory: Path) -> None:
        directory.mkdir()
        leave_mark(directory)
        fill(directory, "a")
        assert not (directory / MARK_NAME).exists()

    def test_a_mark_that_cannot_be_left_is_told(self, directory: Path) -> None:
        assert not leave_mark(directory / "nowhere")
