"""The data directory: whose it is, who may open it, and what is refused."""

from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from tests.kit.clock import ManualClock
from tests.kit.loop import run_async, scenario
from tests.store.places import SQLitePlace, append, draft, opened, texts
from tidings.core.errors import StoreCorrupt, StoreLocked, StoreUnavailable, StoreUnfit
from tidings.core.record import BIRTH_SEQ
from tidings.store.sqlite import format as sqlite_format
from tidings.store.sqlite.check import check_sqlite
from tidings.store.sqlite.file import (
    FILE_NAME,
    LOCK_NAME,
    WAL_NAME,
    lock_directory,
    open_reader,
    open_writer,
)
from tidings.store.sqlite.format import APPLICATION_ID, MIGRATIONS
from tidings.store.sqlite.opening import open_sqlite

OTHER_PROCESS = """
import sys
from pathlib import Path
from tidings.core.errors import StoreLocked
from tidings.store.sqlite.file import lock_directory
try:
    lock_directory(Path(sys.argv[1]))
except StoreLocked as error:
    print(error)
"""


def make_log(directory: Path, *bodies: str) -> str:
    """Make a log, close it, and return its identity."""

    async def main() -> str:
        async with opened(SQLitePlace(directory)) as store:
            await append(store, *(draft(body) for body in bodies))
            return store.log_id

    return run_async(main())


def open_and_close(directory: Path) -> None:
    async def main() -> None:
        async with opened(SQLitePlace(directory)):
            pass

    run_async(main())


def alter(directory: Path, script: str) -> None:
    with closing(sqlite3.connect(directory / FILE_NAME)) as connection:
        connection.executescript(script)


@pytest.mark.parametrize(("durability", "synchronous"), [("full", 2), ("relaxed", 1)])
def test_durability_is_what_sqlite_is_told(
    directory: Path, durability: str, synchronous: int
) -> None:
    os.close(lock_directory(directory))
    with closing(open_writer(directory, durability, now_us=1)) as connection:
        assert connection.execute("PRAGMA synchronous").fetchone() == (synchronous,)
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert connection.execute("PRAGMA wal_autocheckpoint").fetchone() == (4000,)
        assert connection.execute("PRAGMA user_version").fetchone() == (len(MIGRATIONS),)
        assert connection.execute("PRAGMA application_id").fetchone() == (APPLICATION_ID,)


@scenario
async def test_only_the_owner_may_read(directory: Path) -> None:
    async with opened(SQLitePlace(directory)) as store:
        await append(store, draft())
        modes = _modes(directory)
        assert modes.keys() >= {FILE_NAME, WAL_NAME, LOCK_NAME}
        assert set(modes.values()) == {0o600}
        assert _modes(directory.parent)[directory.name] == 0o700


def _modes(directory: Path) -> dict[str, int]:
    return {path.name: stat.S_IMODE(path.stat().st_mode) for path in directory.iterdir()}


@scenario
async def test_second_store_on_a_directory_is_refused(directory: Path) -> None:
    async with opened(SQLitePlace(directory)) as store:
        with pytest.raises(StoreLocked, match="in use by another Tidings"):
            await open_sqlite(directory, clock=ManualClock())
        await append(store, draft("still mine"))
    async with opened(SQLitePlace(directory)) as store:
        assert texts(await store.read(0, 9)) == ["still mine"]


def test_other_process_is_refused(directory: Path) -> None:
    held = lock_directory(directory)
    try:
        path = os.pathsep.join(entry for entry in sys.path if entry)
        done = subprocess.run(
            [sys.executable, "-c", OTHER_PROCESS, str(directory)],
            capture_output=True,
            text=True,
            check=True,
            env=os.environ | {"PYTHONPATH": path},
        )
    finally:
        os.close(held)
    assert done.stdout == f"{directory} is in use by another Tidings\n"


def test_lock_file_that_was_left_behind_locks_nothing(directory: Path) -> None:
    directory.mkdir()
    (directory / LOCK_NAME).write_text("4711")
    assert make_log(directory)


def test_file_that_a_crash_left_empty_is_filled(directory: Path) -> None:
    directory.mkdir()
    (directory / FILE_NAME).touch()
    log_id = make_log(directory, "a")
    assert log_id == make_log(directory, "b")


def test_log_without_its_birth_record_yet_gets_one(directory: Path) -> None:
    make_log(directory)
    alter(directory, "DELETE FROM records; DELETE FROM sqlite_sequence")
    make_log(directory, "a")
    with closing(open_reader(directory)) as connection:
        seqs = connection.execute("SELECT seq FROM records ORDER BY seq").fetchall()
    assert seqs == [(BIRTH_SEQ,), (BIRTH_SEQ + 1,)]


def test_log_of_a_newer_program_is_refused_and_left_alone(directory: Path) -> None:
    make_log(directory, "a")
    alter(directory, f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    before = (directory / FILE_NAME).read_bytes()
    with pytest.raises(StoreCorrupt, match="use a newer Tidings"):
        open_and_close(directory)
    assert (directory / FILE_NAME).read_bytes() == before


def test_older_log_is_brought_up_to_date(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log_id = make_log(directory, "a")
    newer = (*MIGRATIONS, "ALTER TABLE counters ADD COLUMN more INTEGER NOT NULL DEFAULT 7")
    monkeypatch.setattr(sqlite_format, "MIGRATIONS", newer)
    assert make_log(directory, "b") == log_id
    with closing(open_reader(directory)) as connection:
        assert connection.execute("SELECT more FROM counters").fetchall() == [(7,)]
        assert connection.execute("PRAGMA user_version").fetchone() == (len(newer),)
        assert connection.execute("SELECT count(*) FROM records").fetchone() == (3,)


def test_migration_that_fails_changes_nothing(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_log(directory, "a")
    broken = (*MIGRATIONS, "DROP TABLE keys; SELECT nonsense")
    monkeypatch.setattr(sqlite_format, "MIGRATIONS", broken)
    with pytest.raises(StoreUnavailable, match="nonsense"):
        open_and_close(directory)
    monkeypatch.undo()
    make_log(directory, "b")
    assert check_sqlite(directory).problems == ()


def test_database_of_another_program_is_refused_and_left_alone(directory: Path) -> None:
    directory.mkdir()
    alter(directory, "CREATE TABLE cookies (name)")
    before = (directory / FILE_NAME).read_bytes()
    with pytest.raises(StoreCorrupt, match="not a Tidings log"):
        open_and_close(directory)
    assert (directory / FILE_NAME).read_bytes() == before


def test_file_that_is_no_database_is_refused(directory: Path) -> None:
    directory.mkdir()
    (directory / FILE_NAME).write_bytes(b"#!/bin/sh\n" * 1000)
    with pytest.raises(StoreCorrupt, match="not a database"):
        open_and_close(directory)


def test_log_without_identity_is_refused_and_released(directory: Path) -> None:
    make_log(directory)
    alter(directory, "UPDATE records SET body = '{}' WHERE seq = 1")
    for _ in range(2):  # the second would meet the lock if the first had kept it
        with pytest.raises(StoreCorrupt, match="birth record"):
            open_and_close(directory)


def test_directory_that_cannot_be_made_is_said_to_be_so(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(StoreUnfit, match=f"^{file / 'data'}: Not a directory$"):
        open_and_close(file / "data")
    with pytest.raises(StoreUnfit, match=f"^{file}: is there, and is no directory$"):
        open_and_close(file)


def test_file_that_cannot_be_opened_is_said_to_be_so(directory: Path) -> None:
    (directory / FILE_NAME).mkdir(parents=True)
    with pytest.raises(StoreUnavailable, match="opening "):
        open_and_close(directory)


@scenario
async def test_reader_needs_no_lock_and_cannot_write(directory: Path) -> None:
    async with opened(SQLitePlace(directory)) as store:
        await append(store, draft("a"))
        with closing(open_reader(directory)) as connection:
            count = connection.execute("SELECT count(*) FROM records").fetchone()
            with pytest.raises(sqlite3.OperationalError, match="readonly"):
                connection.execute("DELETE FROM records")
        assert count == (2,)
