"""Space in the file: what records take of it, and how what is free goes back to the file system."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.kit.loop import scenario
from tests.store.places import SQLitePlace, append, draft, opened, seqs
from tidings.store.sqlite.copy import copy_log
from tidings.store.sqlite.file import FILE_NAME
from tidings.store.sqlite.vacuum import give_back

PAGE_BYTES = 4096
BIG = "x" * 100_000


def asked(directory: Path, *names: str) -> list[int]:
    with closing(sqlite3.connect(directory / FILE_NAME)) as connection:
        return [int(connection.execute(f"PRAGMA {name}").fetchone()[0]) for name in names]


def size_of(directory: Path) -> int:
    return (directory / FILE_NAME).stat().st_size


@scenario
async def test_a_file_that_was_trimmed_becomes_shorter(tmp_path: Path) -> None:
    async with opened(SQLitePlace(tmp_path)) as store:
        given = await append(store, *(draft(BIG) for _ in range(300)))
        assert await store.give_back() == 0
        await store.trim("nomad", given[-3])
        returned = 0
        while more := await store.give_back():
            returned += more
        assert returned > 20_000_000
        assert size_of(tmp_path) < 5_000_000
        assert seqs(await store.read(0, 9)) == given[-2:]
        assert {len(record.body) for record in await store.read(0, 9)} == {len(BIG)}
        free, pages = asked(tmp_path, "freelist_count", "page_count")
        assert 0 < free <= max(pages // 10, 256), "what new records will need stays"
    with closing(sqlite3.connect(tmp_path / FILE_NAME)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


@scenario
async def test_a_little_that_is_free_is_kept(tmp_path: Path) -> None:
    async with opened(SQLitePlace(tmp_path)) as store:
        given = await append(store, *(draft(BIG) for _ in range(10)))
        await store.trim("nomad", given[-3])
        assert await store.give_back() == 0


class Writer:
    """Runs steps on a file of its own, and has somebody waiting for as long as it is told."""

    def __init__(self, path: Path, busy_for: int) -> None:
        self.connection = sqlite3.connect(path, isolation_level=None)
        self.connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
        self.connection.execute("PRAGMA synchronous = OFF")
        self.connection.execute("CREATE TABLE t (b BLOB)")
        self.connection.execute("INSERT INTO t VALUES (zeroblob(40000000))")
        self.connection.execute("DELETE FROM t")
        self.busy_for = busy_for
        self.steps: list[int] = []
        self.checkpoints = 0

    @property
    def has_work(self) -> bool:
        self.busy_for -= 1
        return self.busy_for >= 0

    async def transact(self, work: Callable[[sqlite3.Connection], int]) -> int:
        self.connection.execute("BEGIN")
        self.steps.append(work(self.connection))
        self.connection.execute("COMMIT")
        return self.steps[-1]

    async def checkpoint(self) -> None:
        self.checkpoints += 1


@pytest.mark.parametrize(
    ("busy_for", "given_pages", "checkpoints"),
    [(0, 9519, 1), (100, 9519, 1), (200, 56 * 64, 1), (256, 0, 0), (10_000, 0, 0)],
)
@scenario
async def test_steps_are_short_and_give_way_to_whoever_waits(
    busy_for: int, given_pages: int, checkpoints: int, tmp_path: Path
) -> None:
    fake = Writer(tmp_path / "file", busy_for)
    writer: Any = fake
    with closing(fake.connection):
        assert await give_back(writer) == given_pages * PAGE_BYTES
    assert max(fake.steps) <= 64
    assert len(fake.steps) <= 256
    assert fake.checkpoints == checkpoints


@scenario
async def test_publishers_are_served_between_the_steps(tmp_path: Path) -> None:
    async with opened(SQLitePlace(tmp_path)) as store:
        given = await append(store, *(draft(BIG) for _ in range(100)))
        await store.trim("nomad", given[-1])
        while await store.give_back():
            (seq,) = await append(store, draft("small"))
            assert seq > given[-1]
        assert size_of(tmp_path) < 3_000_000


@scenario
async def test_a_file_of_an_older_program_stays_as_long_as_it_is_and_its_copy_does_not(
    tmp_path: Path,
) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    async with opened(SQLitePlace(old)) as store:
        given = await append(store, *(draft(BIG) for _ in range(60)))
    with closing(sqlite3.connect(old / FILE_NAME)) as connection:
        connection.execute("PRAGMA auto_vacuum = NONE")
        connection.execute("PRAGMA journal_mode = DELETE")
        connection.execute("VACUUM")
    async with opened(SQLitePlace(old)) as store:
        await store.trim("nomad", given[-2])
        assert await store.give_back() == 0
    assert asked(old, "auto_vacuum") == [0]
    copy_log(old, new)
    assert asked(new, "auto_vacuum") == [2]
    assert size_of(new) < size_of(old) // 10
    async with opened(SQLitePlace(new)) as store:
        assert seqs(await store.read(0, 9)) == given[-1:]


@pytest.mark.parametrize("size", [10, 300, 900, 1300, 1900, 2100, 3900, 4200, 9000, 100_000])
@scenario
async def test_a_weight_is_about_what_the_file_takes(size: int, tmp_path: Path) -> None:
    count = max(20, min(3000, 4_000_000 // size))
    async with opened(SQLitePlace(tmp_path)) as store:
        (used_before,) = asked(tmp_path, "page_count")
        for start in range(0, count, 100):
            some = min(100, count - start)
            await append(store, *(draft("x" * size) for _ in range(some)))
        weight = (await store.weigh(0, 2**62))["nomad"]
        used = (asked(tmp_path, "page_count")[0] - used_before) * PAGE_BYTES
    assert weight.records == count
    assert 0.85 * used < weight.size_bytes < 1.15 * used
