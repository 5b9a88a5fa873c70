"""Is a log at rest whole? Reads only; says everything that is wrong."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tidings.core.errors import StoreCorrupt
from tidings.core.record import BIRTH_SEQ, SYSTEMS, system_of
from tidings.store import sqlite_read
from tidings.store.sqlite_file import (
    APPLICATION_ID,
    FILE_NAME,
    MIGRATIONS,
    open_reader,
    read_log_id,
)


@dataclass(frozen=True, slots=True)
class Report:
    """What a check found. `problems` is empty when the log is whole."""

    log_id: str
    records: int
    first_seq: int
    last_seq: int
    problems: tuple[str, ...]


def check_sqlite(directory: Path) -> Report:
    """Check the log in a directory; a service may be running on it.

    Raises:
        StoreCorrupt: there is no log that could be read at all.
    """
    if not (directory / FILE_NAME).is_file():
        raise StoreCorrupt(f"{directory} holds no log")
    try:
        with contextlib.closing(open_reader(directory)) as connection:
            return _check(connection)
    except sqlite3.Error as error:
        raise StoreCorrupt(f"{directory / FILE_NAME}: {error}") from error


def _check(connection: sqlite3.Connection) -> Report:
    problems = [
        f"integrity: {line}"
        for (line,) in connection.execute("PRAGMA integrity_check(20)")
        if line != "ok"
    ]
    application_id = connection.execute("PRAGMA application_id").fetchone()[0]
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if application_id != APPLICATION_ID:
        raise StoreCorrupt("the file is a database, but not a Tidings log")
    if version != len(MIGRATIONS):
        problems.append(f"format {version}, this program knows {len(MIGRATIONS)}")
    try:
        log_id = read_log_id(connection)
    except (StoreCorrupt, ValueError, KeyError) as error:
        log_id = ""
        problems.append(f"birth record: {error}")
    problems += _order_problems(connection)
    problems += _key_problems(connection)
    kept = sqlite_read.bounds(connection, None)
    count = connection.execute(
        "SELECT count(*) FROM records WHERE seq > ?", (BIRTH_SEQ,)
    ).fetchone()
    return Report(log_id, count[0], kept.first_seq, kept.last_seq, tuple(problems))


def _order_problems(connection: sqlite3.Connection) -> Iterator[str]:
    before_us = 0
    end = sqlite_read.last_seq(connection)
    rows = connection.execute(
        "SELECT seq, recorded_at_us, system, subject FROM records ORDER BY seq"
    )
    for seq, recorded_at_us, system, subject in rows:
        if recorded_at_us < before_us:
            yield f"record {seq}: stored before the one in front of it"
        if seq > end:
            yield f"record {seq}: past the end of the log, {end}"
        if system not in SYSTEMS or system_of(subject) != system:
            yield f"record {seq}: subject {subject!r} does not fit system {system!r}"
        before_us = recorded_at_us


def _key_problems(connection: sqlite3.Connection) -> Iterator[str]:
    rows = connection.execute(
        "SELECT keys.seq, keys.system, records.system, records.subject FROM keys"
        " LEFT JOIN records ON records.seq = keys.seq"
    )
    marks = sqlite_read.marks(connection)
    for seq, system, held_system, _ in rows:
        if held_system is None:
            gone = [mark for subject, mark in marks.items() if system_of(subject) == system]
            if seq > max(gone, default=0):
                yield f"a key of {system} names record {seq}, which is neither kept nor trimmed"
        elif held_system != system:
            yield f"a key of {system} names record {seq} of {held_system}"
