"""Every kind of damage is found, and a whole log is called whole."""

from __future__ import annotations

import random
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.kit.loop import run_async
from tests.store.places import SQLitePlace, append, draft, opened
from tidings.core.errors import StoreCorrupt
from tidings.store.kept import Report
from tidings.store.sqlite.check import check_sqlite
from tidings.store.sqlite.file import FILE_NAME, lock_directory, open_writer


@pytest.fixture
def log(directory: Path) -> Path:
    """A log with trimmed records, keys, values, and the records 4 to 13."""

    async def main() -> None:
        place = SQLitePlace(directory)
        async with opened(place) as store:
            for n in range(12):
                name = ("nomad", "puppet.1")[n % 2]
                await append(store, draft(f"{n}" * 500, name, key=f"k{n}"))
                place.clock.at_s += 1
            await store.trim("nomad", 2)
            await store.trim("puppet", 3)
            await store.state.put("token/a", b"x")

    run_async(main())
    return directory


def test_whole_log_has_no_problems(log: Path) -> None:
    report = check_sqlite(log)
    assert report.problems == ()
    assert (report.records, report.first_seq, report.last_seq) == (10, 4, 13)
    assert len(report.log_id) == 36


def test_log_in_use_can_be_checked(directory: Path) -> None:
    async def main() -> Report:
        async with opened(SQLitePlace(directory)) as store:
            await append(store, draft(), draft())
            return check_sqlite(directory)

    report = run_async(main())
    assert (report.records, report.problems) == (2, ())


@pytest.mark.parametrize(
    ("damage", "problem"),
    [
        ("DELETE FROM records WHERE seq = 7", "records 7 to 7 are lost"),
        ("DELETE FROM records WHERE seq >= 12", "records 12 to 13 are lost"),
        ("DELETE FROM records WHERE seq BETWEEN 2 AND 5", "records 4 to 5 are lost"),
        ("UPDATE sqlite_sequence SET seq = 11", "record 13: past the end of the log, 11"),
        ("UPDATE records SET recorded_at_us = 5 WHERE seq = 9", "record 9: stored before the one"),
        ("UPDATE records SET system = 'unix' WHERE seq = 9", "does not fit system 'unix'"),
        ("UPDATE records SET subject = 'nomadic' WHERE seq = 8", "subject 'nomadic' does not fit"),
        ("UPDATE keys SET seq = 99 WHERE key = 'k9'", "names record 99, which is neither"),
        ("UPDATE keys SET system = 'consul' WHERE seq = 8", "does not fit record 8 of nomad"),
        ("UPDATE keys SET trimmed = 1 WHERE seq = 8", "does not fit record 8 of nomad"),
        (
            "UPDATE state SET value = '14', checksum = NULL WHERE name = 'trim/nomad'",
            "nomad was trimmed through 14",
        ),
        (
            "UPDATE state SET value = 'x', checksum = NULL WHERE name = 'trim/nomad'",
            "invalid literal",
        ),
        ("UPDATE records SET body = 'x' WHERE seq = 1", "the birth record is gone"),
        ("DELETE FROM records WHERE seq = 1", "the birth record is gone"),
    ],
)
def test_damage_is_found(log: Path, damage: str, problem: str) -> None:
    with closing(sqlite3.connect(log / FILE_NAME, isolation_level=None)) as connection:
        connection.execute(damage)
    problems = check_sqlite(log).problems
    assert any(problem in one for one in problems), problems


def test_content_that_cannot_be_decoded_is_found(log: Path) -> None:
    report = check_sqlite(log, lambda record: record.seq not in {5, 9})
    assert report.problems == (
        "record 5: its content cannot be decoded",
        "record 9: its content cannot be decoded",
    )


def test_broken_index_is_found(log: Path) -> None:
    with closing(sqlite3.connect(log / FILE_NAME, isolation_level=None)) as connection:
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute(
            "UPDATE sqlite_master SET sql = replace(sql, '(subject', '(system')"
            " WHERE name = 'records_by_subject'"
        )
    assert any(problem.startswith("integrity: ") for problem in check_sqlite(log).problems)


@pytest.mark.parametrize("seed", range(8))
def test_overwritten_pages_are_found(log: Path, seed: int) -> None:
    content = bytearray((log / FILE_NAME).read_bytes())
    chance = random.Random(seed)
    for start in range(4096, len(content), 4096):
        content[start : start + 64] = chance.randbytes(64)
    (log / FILE_NAME).write_bytes(content)
    try:
        problems = check_sqlite(log).problems
    except StoreCorrupt as error:
        problems = (str(error),)
    assert problems


def test_what_is_no_log_cannot_be_checked(directory: Path) -> None:
    with pytest.raises(StoreCorrupt, match="holds no log"):
        check_sqlite(directory)
    directory.mkdir()
    (directory / FILE_NAME).write_bytes(b"text" * 2000)
    with pytest.raises(StoreCorrupt, match="not a database"):
        check_sqlite(directory)
    (directory / FILE_NAME).write_bytes(b"")
    with pytest.raises(StoreCorrupt, match="holds no log"):
        check_sqlite(directory)


def test_fresh_log_is_whole(directory: Path) -> None:
    lock_directory(directory)
    open_writer(directory, "full", now_us=1).close()
    report = check_sqlite(directory)
    assert (report.records, report.first_seq, report.last_seq, report.problems) == (0, 0, 0, ())


def test_a_schema_whose_names_are_no_text_is_told_in_words(log: Path) -> None:
    """SQLite's own message quotes the name, and Python's module cannot decode it."""
    with closing(sqlite3.connect(log / FILE_NAME, isolation_level=None)) as connection:
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute(
            "UPDATE sqlite_master SET name = CAST(x'ed' AS TEXT), sql = 'CREATE nonsense'"
            " WHERE name = 'records_by_subject'"
        )
    with pytest.raises(StoreCorrupt, match="makes no sense"):
        check_sqlite(log)
    with pytest.raises(StoreCorrupt, match="makes no sense"):
        open_writer(log, "full", now_us=1)
