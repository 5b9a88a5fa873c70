"""What a disk does to the writer: full, failing, or taken away; and what each is called."""

from __future__ import annotations

import asyncio
import errno
import os
import shutil
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from pathlib import Path

import pytest

from tests.kit.loop import run_async, scenario
from tests.store.places import SQLitePlace, append, draft, opened, texts
from tests.store.test_sqlite_writer import bench
from tidings.core.errors import (
    DAMAGED_FILE,
    DATA_GONE,
    DISK_FULL,
    IO_ERROR,
    NOT_WRITABLE,
    StoreUnavailable,
)
from tidings.core.record import Stored
from tidings.store.base import EventStore
from tidings.store.sqlite.check import check_sqlite
from tidings.store.sqlite.disk import Disk
from tidings.store.sqlite.file import FILE_NAME, WAL_NAME
from tidings.store.sqlite.rescue import MARK_NAME


@pytest.mark.parametrize(
    ("code", "cause"),
    [
        (sqlite3.SQLITE_FULL, DISK_FULL),
        (sqlite3.SQLITE_IOERR_WRITE, IO_ERROR),
        (sqlite3.SQLITE_IOERR_FSYNC, IO_ERROR),
        (sqlite3.SQLITE_IOERR_SHORT_READ, IO_ERROR),
        (sqlite3.SQLITE_CORRUPT, DAMAGED_FILE),
        (sqlite3.SQLITE_READONLY, NOT_WRITABLE),
        (sqlite3.SQLITE_READONLY_DBMOVED, NOT_WRITABLE),
        (sqlite3.SQLITE_BUSY, ""),
    ],
)
@scenario
async def test_failures_of_a_commit_have_causes(directory: Path, code: int, cause: str) -> None:
    async with bench(directory) as made:
        await made.writer.append([draft("before")])
        made.disk.failing = code
        with pytest.raises(StoreUnavailable) as refused:
            await made.writer.append([draft("refused")])
        assert refused.value.cause == cause
        made.disk.failing = None
        if cause in (IO_ERROR, DAMAGED_FILE):
            with pytest.raises(StoreUnavailable, match=r"restart|restore") as refused:
                await made.writer.append([draft("refused")])
            assert refused.value.cause == cause
        else:
            assert await made.writer.append([draft("stored")]) == [Stored(3)]
        assert (directory / MARK_NAME).exists() == (cause == IO_ERROR)


@scenario
async def test_a_quota_is_a_full_disk(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """SQLite calls it an I/O error; the process would refuse to write until it is restarted."""

    def refused(*_: object) -> None:
        raise OSError(errno.EDQUOT, "Disk quota exceeded")

    async with bench(directory) as made:
        made.disk.failing = sqlite3.SQLITE_IOERR_WRITE
        monkeypatch.setattr(os, "posix_fallocate", refused)
        for ask in (made.writer.append([draft("a")]), made.writer.probe(10)):
            with pytest.raises(StoreUnavailable) as full:
                await ask
            assert full.value.cause == DISK_FULL
        assert not (directory / MARK_NAME).exists()
        monkeypatch.undo()
        made.disk.failing = None
        await made.writer.probe(10)
        assert await made.writer.append([draft("a")]) == [Stored(2)]


@scenario
async def test_the_mark_of_an_io_error_is_left_before_anything_else_is_written(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []

    async with bench(directory) as made:
        disk = made.writer._disk  # noqa: SLF001 - the order of two of its calls is the point
        leave = disk.leave_mark

        def leaving() -> bool:
            done.append("mark")
            return leave()

        monkeypatch.setattr(disk, "leave_mark", leaving)
        made.connection.set_trace_callback(lambda sql: done.append(sql.split()[0]))
        made.disk.failing = sqlite3.SQLITE_IOERR_FSYNC
        with pytest.raises(StoreUnavailable):
            await made.writer.append([draft("a")])
        made.connection.set_trace_callback(None)
        assert done[-2:] == ["mark", "ROLLBACK"]
        assert done.count("mark") == 1


@scenario
async def test_an_io_error_whose_mark_cannot_be_left_says_so(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with bench(directory) as made:
        monkeypatch.setattr(Disk, "leave_mark", lambda _: False)
        made.disk.failing = sqlite3.SQLITE_IOERR_FSYNC
        with pytest.raises(StoreUnavailable, match="could not be told"):
            await made.writer.append([draft("a")])


def test_after_an_io_error_the_next_start_has_new_files_with_all_that_was_stored(
    directory: Path,
) -> None:
    async def main() -> None:
        async with bench(directory) as made:
            await made.writer.append([draft(f"{n}") for n in range(30)])
            made.disk.failing = sqlite3.SQLITE_IOERR_FSYNC
            with pytest.raises(StoreUnavailable):
                await made.writer.append([draft("refused")])
            shutil.copytree(directory, directory.with_name("killed"))

    run_async(main())
    killed = directory.with_name("killed")
    old = (killed / FILE_NAME).stat().st_ino
    os.link(killed / FILE_NAME, killed / "old")

    async def again() -> None:
        async with opened(SQLitePlace(killed)) as store:
            assert (killed / FILE_NAME).stat().st_ino != old
            assert texts(await store.read(0, 99))[:30] == [f"{n}" for n in range(30)]
            await append(store, draft("after"))

    run_async(again())
    assert check_sqlite(killed).problems == ()


TAKEN: dict[str, Callable[[Path], object]] = {
    "directory deleted": shutil.rmtree,
    "directory moved": lambda directory: directory.rename(directory.with_name("moved")),
    "directory replaced": lambda directory: (
        directory.rename(directory.with_name("moved")),
        shutil.copytree(directory.with_name("moved"), directory),
    ),
    "WAL deleted": lambda directory: (directory / WAL_NAME).unlink(),
    "database deleted": lambda directory: (directory / FILE_NAME).unlink(),
    "database replaced": lambda directory: (
        (directory / FILE_NAME).rename(directory / "old"),
        shutil.copy(directory / "old", directory / FILE_NAME),
    ),
}


@asynccontextmanager
async def taken_away(directory: Path, take: Callable[[Path], object]) -> AsyncIterator[EventStore]:
    async with opened(SQLitePlace(directory)) as store:
        await append(store, draft("a"), draft("b"))
        await asyncio.to_thread(take, directory)
        yield store


@pytest.mark.parametrize("how", TAKEN)
@scenario
async def test_nothing_is_acknowledged_once_the_files_are_others(
    directory: Path, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tidings.store.sqlite.disk._LOOK_S", 0.0)

    async with taken_away(directory, TAKEN[how]) as store:
        for ask in (
            store.append([draft("c")]),
            store.append([draft("d")]),
            store.state.put("token/a", b"x"),
            store.trim("nomad", 2),
            store.probe(0),
        ):
            with pytest.raises(StoreUnavailable, match="moved or deleted") as refused:
                await ask
            assert refused.value.cause == DATA_GONE
        assert texts(await store.read(0, 2)) == ["a", "b"], "readers go on with what they have"


@scenario
async def test_the_database_is_looked_at_ten_times_a_second_and_the_wal_at_each_commit(
    directory: Path,
) -> None:
    async with opened(SQLitePlace(directory)):
        disk = Disk(directory)
        assert disk.is_ours(100.0)
        (directory / FILE_NAME).rename(directory / "aside")
        assert disk.is_ours(100.05)
        assert not disk.is_ours(100.11)
        (directory / "aside").rename(directory / FILE_NAME)
        assert disk.is_ours(100.3)
        (directory / WAL_NAME).rename(directory / "aside")
        assert not disk.is_ours(100.31)
        (directory / "aside").rename(directory / WAL_NAME)


@scenario
async def test_a_probe_writes_and_leaves_nothing(directory: Path) -> None:
    async with opened(SQLitePlace(directory)) as store:
        await store.probe(100_000)
        assert not (directory / "probe").exists()
        assert await store.append([draft("a")]) == [Stored(2)]


def test_a_probe_needs_room_for_what_was_refused(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []

    def allocate(_: int, start: int, size_bytes: int) -> None:
        assert start == 0
        asked.append(size_bytes)
        if size_bytes > 50_000:
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", allocate)

    async def main() -> None:
        async with opened(SQLitePlace(directory)) as store:
            await store.probe(40_000)
            with pytest.raises(StoreUnavailable, match=r"failed: writing: disk full$") as full:
                await store.probe(60_000)
            assert full.value.cause == DISK_FULL

    run_async(main())
    assert asked == [44_096, 64_096]
    with closing(sqlite3.connect(directory / FILE_NAME)) as connection:
        assert connection.execute("SELECT count(*) FROM records").fetchone() == (1,)
