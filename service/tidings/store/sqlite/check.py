"""Is a log complete? Reads only; reports everything that is wrong."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from tidings.core.errors import StoreCorrupt, StoreUnavailable
from tidings.core.record import BIRTH_SEQ, SYSTEMS, system_of
from tidings.store.base import SPARSE_THROUGH
from tidings.store.checksums import row_checksum
from tidings.store.kept import CanRead, Report, anything, content_problem
from tidings.store.sqlite import read as sqlite_read
from tidings.store.sqlite import records as sqlite_records
from tidings.store.sqlite import values as sqlite_values
from tidings.store.sqlite.file import FILE_NAME, open_log
from tidings.store.sqlite.format import read_log_id

_INTEGRITY_LINES = 20
_MEANINGLESS = (StoreCorrupt, sqlite3.DatabaseError, ValueError, TypeError)
"""What reads of a damaged log raise."""


def check_sqlite(directory: Path, can_read: CanRead = anything) -> Report:
    """Check the log in a directory; a service may be running on it (its WAL grows meanwhile).

    Raises:
        StoreCorrupt: there is no log that could be read at all.
    """
    try:
        with open_log(directory) as connection:
            return _check(connection, can_read)
    except (sqlite3.Error, UnicodeDecodeError, StoreUnavailable) as error:
        raise StoreCorrupt(f"{directory / FILE_NAME}: {error}") from error


def _check(connection: sqlite3.Connection, can_read: CanRead) -> Report:
    with sqlite_read.one_view(connection):
        problems = [
            f"integrity: {line}"
            for (line,) in connection.execute(f"PRAGMA integrity_check({_INTEGRITY_LINES})")
            if line != "ok"
        ]
        log_id, records, first_seq, last_seq, unchecked = "", 0, 0, 0, 0
        for found in (partial(_content_problems, can_read=can_read), *_SEARCHES):
            try:
                problems += found(connection)
            except _MEANINGLESS as error:
                problems.append(str(error))  # no more of this kind can be found
        try:
            unchecked = _count_unchecked(connection)
            records, first_seq, last_seq = connection.execute(
                "SELECT count(*), coalesce(min(seq), 0), coalesce(max(seq), 0) FROM records"
                " WHERE seq > ?",
                (BIRTH_SEQ,),
            ).fetchone()
            log_id = read_log_id(connection)
        except _MEANINGLESS as error:
            problems.append(str(error))
    return Report(log_id, records, first_seq, last_seq, tuple(problems), unchecked)


def _order_problems(connection: sqlite3.Connection) -> Iterator[str]:
    before_us = 0
    rows = connection.execute(
        "SELECT seq, recorded_at_us, system, subject FROM records ORDER BY seq"
    )
    for seq, recorded_at_us, system, subject in rows:
        if recorded_at_us < before_us:
            yield f"record {seq}: stored before the one in front of it"
        if system not in SYSTEMS or system_of(str(subject)) != system:
            yield f"record {seq}: subject {subject!r} does not fit system {system!r}"
        before_us = recorded_at_us


def _loss_problems(connection: sqlite3.Connection) -> Iterator[str]:
    """Find positions that were assigned to records, and are neither kept nor marked as trimmed."""
    end = sqlite_read.last_seq(connection)
    sparse = sqlite_values.get_state(connection, SPARSE_THROUGH)
    sparse_through = int(sparse.value) if sparse else 0
    trimmed_through = max(*sqlite_values.marks(connection).values(), sparse_through, 0)
    expected = BIRTH_SEQ
    for (seq,) in connection.execute("SELECT seq FROM records ORDER BY seq"):
        if seq > max(expected, trimmed_through + 1):
            yield f"records {max(expected, trimmed_through + 1)} to {seq - 1} are lost"
        expected = seq + 1
    if end >= max(expected, trimmed_through + 1):
        yield f"records {max(expected, trimmed_through + 1)} to {end} are lost"
    if expected > end + 1:
        yield f"record {expected - 1}: past the end of the log, {end}"


def _key_problems(connection: sqlite3.Connection) -> Iterator[str]:
    rows = connection.execute(
        "SELECT keys.seq, keys.system, keys.trimmed, records.system FROM keys"
        " LEFT JOIN records ON records.seq = keys.seq"
    )
    for seq, system, trimmed, held_system in rows:
        if held_system is None and not trimmed:
            yield f"a key of {system} names record {seq}, which is neither kept nor trimmed"
        if held_system is not None and (trimmed or held_system != system):
            yield f"a key of {system} does not fit record {seq} of {held_system}"


def _mark_problems(connection: sqlite3.Connection) -> Iterator[str]:
    end = sqlite_read.last_seq(connection)
    for subject, mark in sqlite_values.marks(connection).items():
        if not BIRTH_SEQ < mark <= end:
            yield f"{subject} was trimmed through {mark}, which is no position of this log"


def _content_problems(connection: sqlite3.Connection, can_read: CanRead) -> Iterator[str]:
    """Find records that are not what was stored, or cannot be decoded."""
    for record in sqlite_records.forwards(connection, 0, sqlite_read.last_seq(connection)):
        if problem := content_problem(record, can_read):
            yield problem


def _checksum_problems(connection: sqlite3.Connection) -> Iterator[str]:
    """Find other rows that are not what was stored, or have lost their checksum."""
    for row in connection.execute(f"{sqlite_records.COLUMNS} WHERE seq = ?", (BIRTH_SEQ,)):
        if sqlite_records.as_records([row])[0].is_damaged:
            yield "the birth record is damaged"
    lost = connection.execute(
        "SELECT seq FROM records WHERE checksum IS NULL AND seq >"
        " (SELECT min(seq) FROM records WHERE checksum IS NOT NULL AND seq > ?)",
        (BIRTH_SEQ,),
    )
    for (seq,) in lost:
        yield f"record {seq}: its checksum is gone"
    for *values, checksum in connection.execute(
        "SELECT seq, system, key, digest, recorded_at_us, checksum FROM keys"
    ):
        if checksum is not None and checksum != row_checksum(*values):
            yield f"the key of record {values[0]} is damaged"
    for *values, checksum in connection.execute(
        "SELECT name, value, revision, checksum FROM state"
    ):
        if checksum is not None and checksum != row_checksum(*values):
            yield f"the value {values[0]} is damaged"


def _count_unchecked(connection: sqlite3.Connection) -> int:
    row = connection.execute(
        "SELECT count(*) FROM records WHERE checksum IS NULL AND seq > ?", (BIRTH_SEQ,)
    ).fetchone()
    return int(row[0])


_SEARCHES = (
    _checksum_problems,
    _order_problems,
    _loss_problems,
    _key_problems,
    _mark_problems,
)
