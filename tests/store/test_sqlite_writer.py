"""The thread that writes: turns, transactions, and what a failure leaves behind."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import threading
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, cast

import pytest

from tests.kit.clock import ManualClock
from tests.kit.loop import scenario
from tests.store.places import DAY_S, SQLitePlace, draft, opened, texts, turn
from tidings.core.errors import KeyReused, LogClosed, StoreUnavailable
from tidings.core.record import Record, Stored
from tidings.store.sqlite import read as sqlite_read
from tidings.store.sqlite.disk import Disk
from tidings.store.sqlite.file import WAL_NAME, lock_directory, open_reader, open_writer
from tidings.store.sqlite.writer import WriterThread


class Failing:
    """A connection whose next commits can be made to fail as those of a dying disk do."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self.failing: int | None = None

    def execute(self, sql: str, parameters: Sequence[Any] = ()) -> sqlite3.Cursor:
        if sql == "COMMIT" and self.failing is not None:
            error = sqlite3.OperationalError("disk I/O error")
            error.sqlite_errorcode = self.failing
            raise error
        return self._connection.execute(sql, parameters)

    @property
    def in_transaction(self) -> bool:
        return self._connection.in_transaction


class LookedAt:
    """A file that counts who asks for its size."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.looks = 0

    def stat(self) -> os.stat_result:
        self.looks += 1
        return self._path.stat()


class Bench:
    """A writer, its connection, and every commit that it told of."""

    def __init__(self, directory: Path, wal_limit_bytes: int) -> None:
        os.close(lock_directory(directory))
        self.connection = open_writer(directory, "full", now_us=1)
        self.disk = Failing(self.connection)
        self.wal = LookedAt(directory / WAL_NAME)
        self.commits: list[Sequence[Record]] = []
        self.writer = WriterThread(
            cast("sqlite3.Connection", self.disk),
            wal=cast("Path", self.wal),
            disk=Disk(directory),
            clock=ManualClock(),
            key_retention_us=int(DAY_S * 1e6),
            on_commit=self.commits.append,
            wal_limit_bytes=wal_limit_bytes,
        )

    @asynccontextmanager
    async def held(self) -> AsyncIterator[None]:
        """Keep the thread from its next job until all that was started inside waits for it."""
        begun, go_on = asyncio.Event(), threading.Event()
        loop = asyncio.get_running_loop()

        def hold(_: sqlite3.Connection) -> None:
            loop.call_soon_threadsafe(begun.set)
            go_on.wait()

        async with asyncio.TaskGroup() as group:
            group.create_task(self.writer.transact(hold))
            await begun.wait()
            try:
                yield
                await turn()
            finally:
                go_on.set()


@asynccontextmanager
async def bench(directory: Path, wal_limit_bytes: int = 2**30) -> AsyncIterator[Bench]:
    made = Bench(directory, wal_limit_bytes)
    try:
        yield made
    finally:
        await made.writer.close()
        made.connection.close()


def stored_texts(directory: Path) -> list[str]:
    connection = open_reader(directory)
    try:
        return texts(sqlite_read.read(connection, 0, 10_000))
    finally:
        connection.close()


@scenario
async def test_an_append_is_one_commit_and_keeps_its_turn(directory: Path) -> None:
    async with bench(directory) as made:
        groups = [[draft(f"{n}a"), draft(f"{n}b")] for n in range(5)]
        async with made.held():
            waiting = asyncio.gather(*(made.writer.append(drafts) for drafts in groups))
        answers = [answer for group in await waiting for answer in group]
        assert [len(commit) for commit in made.commits] == [2] * 5
        assert answers == [Stored(seq) for seq in range(2, 12)]
        assert [text for commit in made.commits for text in texts(commit)] == stored_texts(
            directory
        )


@scenario
async def test_keys_are_compared_across_appends_that_wait(directory: Path) -> None:
    async with bench(directory) as made:
        drafts = [draft("a", key="k"), draft("a", key="k"), draft("b", key="k")]
        async with made.held():
            waiting = asyncio.gather(*(made.writer.append([one]) for one in drafts))
        (first,), (again,), (refused,) = await waiting
        assert (first, again) == (Stored(2), Stored(2, duplicate=True))
        assert isinstance(refused, KeyReused)
        assert [len(commit) for commit in made.commits] == [1]


@scenario
async def test_small_values_keep_their_turn_between_appends(directory: Path) -> None:
    async with bench(directory) as made:

        def newest(connection: sqlite3.Connection) -> int:
            return sqlite_read.last_seq(connection)

        async with made.held():
            waiting = asyncio.gather(
                made.writer.append([draft("a")]),
                made.writer.transact(newest),
                made.writer.append([draft("b")]),
                made.writer.transact(newest),
            )
        first, newest_then, second, newest_now = await waiting
        assert (first, newest_then) == ([Stored(2)], 2)
        assert (second, newest_now) == ([Stored(3)], 3)


@scenario
async def test_failed_work_changes_nothing_and_stops_nobody(directory: Path) -> None:
    def half(connection: sqlite3.Connection) -> None:
        connection.execute("DELETE FROM records")
        connection.execute("SELECT nonsense")

    def bug(connection: sqlite3.Connection) -> None:
        connection.execute("DELETE FROM records")
        raise ZeroDivisionError

    async with bench(directory) as made:
        await made.writer.append([draft("a")])
        with pytest.raises(StoreUnavailable, match="nonsense"):
            await made.writer.transact(half)
        with pytest.raises(ZeroDivisionError):
            await made.writer.transact(bug)
        assert await made.writer.append([draft("b")]) == [Stored(3)]
        assert stored_texts(directory) == ["a", "b"]


@scenario
async def test_draft_that_cannot_be_stored_fails_its_group_only(directory: Path) -> None:
    async with bench(directory) as made:
        with pytest.raises(UnicodeEncodeError):
            await made.writer.append([draft("a"), draft("b", key="\ud800")])
        assert await made.writer.append([draft("c")]) == [Stored(2)]
        assert stored_texts(directory) == ["c"]


@scenario
async def test_full_disk_fails_the_whole_group_and_the_store_goes_on(directory: Path) -> None:
    async with bench(directory) as made:
        await made.writer.append([draft("before")])
        made.connection.execute("PRAGMA max_page_count = 60")
        large = [draft("small", key="k"), *(draft("x" * 100_000) for _ in range(5))]
        for _ in range(3):
            with pytest.raises(StoreUnavailable, match="full"):
                await made.writer.append(large)
        assert [len(commit) for commit in made.commits] == [1]
        assert await made.writer.append([draft("fits")]) == [Stored(3)]
        made.connection.execute("PRAGMA max_page_count = 100000")
        assert await made.writer.append(large) == [Stored(n) for n in range(4, 10)]
    assert stored_texts(directory)[:3] == ["before", "fits", "small"]


@scenario
async def test_dying_disk_is_trusted_no_more(directory: Path) -> None:
    async with bench(directory) as made:
        await made.writer.append([draft("before")])
        made.disk.failing = sqlite3.SQLITE_IOERR_FSYNC
        with pytest.raises(StoreUnavailable, match="disk I/O error"):
            await made.writer.append([draft("lost")])
        made.disk.failing = None
        with pytest.raises(StoreUnavailable, match="restart"):
            await made.writer.append([draft("after")])
        assert [len(commit) for commit in made.commits] == [1]
        assert stored_texts(directory) == ["before"]
    async with opened(SQLitePlace(directory)) as store:
        assert await store.append([draft("anew")]) == [Stored(3)]


@scenario
async def test_other_failures_of_a_commit_pass(directory: Path) -> None:
    async with bench(directory) as made:
        made.disk.failing = sqlite3.SQLITE_BUSY
        with pytest.raises(StoreUnavailable):
            await made.writer.append([draft("refused")])
        made.disk.failing = None
        assert await made.writer.append([draft("stored")]) == [Stored(2)]
        assert stored_texts(directory) == ["stored"]


@scenario
async def test_closing_commits_what_waits_and_refuses_the_rest(directory: Path) -> None:
    async with bench(directory) as made:
        async with asyncio.TaskGroup() as group:
            async with made.held():
                waiting = group.create_task(made.writer.append([draft("waits")]))
                closing = group.create_task(made.writer.close())
                await turn()  # it is closed now
                with pytest.raises(LogClosed):
                    await made.writer.append([draft("late")])
            await closing
        assert waiting.result() == [Stored(2)]


@scenario
async def test_change_is_told_even_if_its_caller_went_away(directory: Path) -> None:
    async with bench(directory) as made:
        told = asyncio.Event()
        async with asyncio.TaskGroup() as group, made.held():
            gone = group.create_task(made.writer.transact(lambda _: None, lambda _: told.set()))
            await turn()
            gone.cancel()
        await told.wait()
        assert gone.cancelled()


@scenario
async def test_small_commits_hardly_look_at_the_wal(directory: Path) -> None:
    async with bench(directory, 2**24) as made:
        for number in range(100):
            await made.writer.append([draft(str(number))])
        await made.writer.transact(lambda _: None)
        assert 1 <= made.wal.looks <= 10


@scenario
async def test_wal_is_emptied_once_no_reader_is_in_the_way(directory: Path) -> None:
    limit_bytes = 200_000

    async with bench(directory, limit_bytes) as made:
        made.connection.execute("PRAGMA wal_autocheckpoint = 0")
        wal = directory / WAL_NAME
        await made.writer.append([draft("first")])
        reader = open_reader(directory)
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM records").fetchone()
        for _ in range(3):
            await made.writer.append([draft("x" * limit_bytes)])
        assert wal.stat().st_size > 3 * limit_bytes
        reader.execute("COMMIT")
        reader.close()
        for _ in range(3):
            await made.writer.append([draft("y" * limit_bytes)])
        await made.writer.transact(lambda _: None)  # the commits before it are tidied up after
        assert wal.stat().st_size < 2 * limit_bytes
        assert len(stored_texts(directory)) == 7
