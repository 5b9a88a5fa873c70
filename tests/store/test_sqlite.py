"""The embedded store keeps the contract, and promises of its own."""

from __future__ import annotations

import asyncio
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest

from tests.kit.loop import scenario
from tests.patience import until
from tests.store.contract import ClockedContract, StoreContract
from tests.store.places import (
    DAY_S,
    SQLitePlace,
    append,
    draft,
    feed_of,
    opened,
    seqs,
    texts,
    turn,
)
from tidings.core.errors import StoreUnavailable
from tidings.core.record import StateEntry
from tidings.store.base import TRIM_MARKS
from tidings.store.feed import PAGE_BYTES
from tidings.store.sqlite import commit as sqlite_commit
from tidings.store.sqlite import read as sqlite_read
from tidings.store.sqlite import values as sqlite_values
from tidings.store.sqlite.file import FILE_NAME, lock_directory, open_reader, open_writer
from tidings.store.sqlite.records import Row, as_records


class TestSQLiteStore(StoreContract, ClockedContract):
    @pytest.fixture
    def place(self, directory: Path) -> SQLitePlace:
        return SQLitePlace(directory)


def test_record_committed_while_systems_are_read_is_not_passed_over(directory: Path) -> None:
    """A page that held only the second of two new records would hide the first for ever."""
    os.close(lock_directory(directory))
    with (
        closing(open_writer(directory, "full", now_us=1)) as writer,
        closing(open_reader(directory)) as reader,
    ):
        asked: list[str] = []

        def commit_between(statement: str) -> None:
            if "system = " not in statement:
                return
            asked.append("consul" if "'consul'" in statement else "nomad")
            if len(asked) == 2:
                for name in asked:
                    row = (None, 1, name, name, name.encode())
                    writer.execute("INSERT INTO records VALUES (?, ?, ?, ?, ?, NULL)", row)

        reader.set_trace_callback(commit_between)
        page = sqlite_read.read(reader, 0, 9, systems=["consul", "nomad"])
        reader.set_trace_callback(None)
        assert len(asked) == 2
        assert page == []
        assert texts(sqlite_read.read(reader, 0, 9, systems=["consul", "nomad"])) == asked


@scenario
async def test_reader_holds_no_view_between_two_pages(directory: Path) -> None:
    async with opened(SQLitePlace(directory)) as store:
        await append(store, *(draft("x" * 5000, name) for name in ("nomad", "consul") * 50))
        for systems in (None, ["nomad"], ["nomad", "consul"]):
            await store.read(0, 9, systems=systems)
            await store.read(0, 9, systems=systems, max_bytes=6000)
        await store.seek("nomad", 0)
        await store.bounds()
        with closing(sqlite3.connect(directory / FILE_NAME, isolation_level=None)) as other:
            busy, frames, done = other.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        assert (busy, frames, done) == (0, 0, 0)


def test_little_is_read_past_the_bound_of_bytes() -> None:
    """What is read at once is held at once, and a body may have 8 MiB."""
    taken: list[int] = []

    def rows() -> Iterator[Row]:
        for seq in range(2, 1000):
            taken.append(seq)
            yield seq, 1, "nomad", "nomad", b"x" * 100, None

    page = as_records(sqlite_read.bounded(rows(), 500, 2050))
    assert seqs(page) == list(range(2, 22))
    assert len(taken) == 21


@scenario
async def test_feed_of_large_records_is_cut_into_pages(directory: Path) -> None:
    async with opened(SQLitePlace(directory)) as store:
        body = "x" * (PAGE_BYTES // 2 - 1)
        await append(store, *(draft(body) for _ in range(5)))
        batches = aiter(store.committed(0))
        assert [len(await anext(batches)) for _ in range(3)] == [2, 2, 1]


@scenario
async def test_trim_deletes_in_pieces_bounded_by_count_and_bytes(directory: Path) -> None:
    async with opened(SQLitePlace(directory)) as store:
        await append(store, *(draft("x" * 7_000_000, "consul") for _ in range(4)))
        await append(store, *(draft(f"{n}") for n in range(2300)))
    pieces: dict[str, list[int]] = {}
    with closing(open_writer(directory, "full", now_us=1)) as connection:
        for system in ("consul", "nomad", "puppet"):
            pieces[system] = []
            while deleted := sqlite_commit.delete_chunk(connection, system, 2**62, 0):
                pieces[system].append(deleted)
    assert pieces == {"consul": [2, 2], "nomad": [1000, 1000, 300], "puppet": []}


@scenario
async def test_publishers_go_on_while_much_is_trimmed(directory: Path) -> None:
    async with opened(SQLitePlace(directory)) as store:
        old = await append(store, *(draft(f"{n}") for n in range(5000)))
        async with asyncio.TaskGroup() as group:
            trimming = group.create_task(store.trim("nomad", old[-1]))
            fresh = [seq for n in range(5) for seq in await append(store, draft(f"new {n}"))]
        assert trimming.result() == 5000
        assert seqs(await store.read(0, 9)) == fresh


@scenario
async def test_interrupted_trim_leaves_a_true_mark_and_can_be_finished(directory: Path) -> None:
    place = SQLitePlace(directory)
    async with opened(place) as store:
        given = await append(store, *(draft(f"{n}") for n in range(3000)))
        marks = store.state.watch("trim/")
        async with asyncio.TaskGroup() as group:
            trimming = group.create_task(store.trim("nomad", given[-1]))
            await anext(marks)
            trimming.cancel()
    async with opened(place) as store:
        bounds = await store.bounds("nomad")
        assert bounds.trimmed_through == given[-1]
        left = len(await store.read(0, 5000))
        assert await store.trim("nomad", given[-1]) == left
        assert await store.read(0, 9) == []


@scenario
async def test_old_keys_of_trimmed_records_are_purged(directory: Path) -> None:
    place = SQLitePlace(directory)
    async with opened(place) as store:
        given = await append(store, *(draft(f"{n}", key=f"k{n}") for n in range(1500)))
        await store.trim("nomad", given[1199])
        assert _count_keys(directory) == 1500
        place.clock.at_s += DAY_S + 1
        await store.trim("nomad", given[1299])
        assert _count_keys(directory) == 200
        await append(store, draft("again", key="k0"))
        assert _count_keys(directory) == 201


def _count_keys(directory: Path) -> int:
    with closing(open_reader(directory)) as connection:
        return int(connection.execute("SELECT count(*) FROM keys").fetchone()[0])


@scenario
async def test_unreadable_file_is_unavailable(directory: Path) -> None:
    place = SQLitePlace(directory)
    async with opened(place) as store:
        await append(store, *(draft("x" * 3000) for _ in range(200)))
    size_bytes = (directory / FILE_NAME).stat().st_size
    async with opened(place) as store:
        with (directory / FILE_NAME).open("r+b") as file:
            file.seek(4096)
            file.write(os.urandom(size_bytes - 4096))
        with pytest.raises(StoreUnavailable, match="reading"):
            await store.read(0, 1000)


@scenario
async def test_state_names_sort_by_letters_and_prefixes_are_exact(directory: Path) -> None:
    async with opened(SQLitePlace(directory)) as store:
        for name in ("a%", "a_", "A", "a/z~", "a/Z", "b"):
            await store.state.put(name, b"")
        assert [e.name for e in await store.state.list("a")] == ["a%", "a/Z", "a/z~", "a_"]
        assert len(await store.state.list("")) == 6


@scenario
async def test_feed_outlives_the_cancelling_of_one_that_waited(directory: Path) -> None:
    async with opened(SQLitePlace(directory)) as store:
        async with feed_of(store, 0) as feed, asyncio.TaskGroup() as group:
            waiting = group.create_task(feed.take(1))
            await store.bounds()
            waiting.cancel()
        await append(store, draft("a"))
        async with feed_of(store, 0) as feed:
            assert texts(await feed.take(1)) == ["a"]


@scenario
async def test_a_trim_is_known_before_the_loop_is_told_of_it(directory: Path) -> None:
    """Else a reader that misses its records could believe that there were none."""
    async with opened(SQLitePlace(directory)) as store:
        seqs = [*await append(store, *(draft(str(n), "consul") for n in range(3)))]
        assert await store.state.list(TRIM_MARKS) == []  # and so it is remembered
        trimming = asyncio.create_task(store.trim("consul", seqs[1]))
        await turn()  # the writer has it now
        with closing(sqlite3.connect(directory / FILE_NAME)) as other:
            until(lambda: trim_marks(other), "the mark is committed")
        (mark,) = await store.state.list(TRIM_MARKS)
        assert int(mark.value) == seqs[1]
        assert await trimming == 2


@scenario
async def test_a_position_that_a_reader_has_is_none_ahead_of_the_log(directory: Path) -> None:
    """It may have read a record before the loop was told that it is committed."""
    async with opened(SQLitePlace(directory)) as store:
        (seq,) = await append(store, draft("a"))
        appending = asyncio.create_task(append(store, draft("b")))
        await turn()  # the writer has it now
        with closing(sqlite3.connect(directory / FILE_NAME)) as other:
            newest = partial(sqlite_read.last_seq, other)
            until(lambda: newest() > seq, "the record is committed")
        assert await store.end_seq(seq + 1) == seq + 1
        assert await appending == [seq + 1]


@scenario
async def test_trim_marks_are_read_once_until_something_else_is_written(directory: Path) -> None:
    async with opened(SQLitePlace(directory)) as store:
        read: list[str] = []
        real = sqlite_values.list_state

        def counted(connection: sqlite3.Connection, prefix: str) -> list[StateEntry]:
            read.append(prefix)
            return real(connection, prefix)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(sqlite_values, "list_state", counted)
            (seq,) = await append(store, draft("a", "consul"))
            for _ in range(3):
                assert await store.state.list(TRIM_MARKS) == []
            await append(store, draft("b", "consul"))
            assert await store.state.list(TRIM_MARKS) == []
            assert read == [TRIM_MARKS]
            await store.trim("consul", seq)
            for _ in range(3):
                assert len(await store.state.list(TRIM_MARKS)) == 1
            assert read == [TRIM_MARKS] * 2


def trim_marks(connection: sqlite3.Connection) -> list[tuple[str]]:
    names = "SELECT name FROM state WHERE name LIKE ?"
    return connection.execute(names, (f"{TRIM_MARKS}%",)).fetchall()
