"""Reads a whole log at one moment, also one that is being written: a backup, or an export."""

from __future__ import annotations

import os
import sqlite3
import uuid
from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from tidings.core.errors import StoreCorrupt, StoreUnfit
from tidings.core.record import BIRTH_SEQ, Record
from tidings.store.base import ORIGIN, RETENTION, TRIM_MARKS
from tidings.store.sqlite import parts
from tidings.store.sqlite.file import (
    FILE_NAME,
    PART_NAME,
    explained,
    holds_log,
    lock_directory,
    open_log,
)
from tidings.store.sqlite.format import migrate, read_log_id, write_log_id
from tidings.store.sqlite.read import last_seq, one_view
from tidings.store.sqlite.records import forwards


@dataclass(frozen=True, slots=True)
class Until:
    """Where a copy ends: with a position, inclusive, or before a time."""

    seq: int | None = None
    before_us: int | None = None


def copy_log(source: Path, target: Path, until: Until | None = None) -> str:
    """Copy the log in a directory into another one, made if need be; return the copy's identity.

    The copy is a consistent snapshot, on stable storage before it gets its name, and a log of its
    own: the two diverge, so that a position of one is invalid in the other, and readers that name
    their log are refused. A service may be running on the source, and is not blocked; its WAL grows
    meanwhile. What is past `until` is left out, with its keys, and positions continue from there.

    Raises:
        StoreLocked: a service uses the target.
        StoreCorrupt: the source is no log, or malformed.
        StoreUnfit: the target holds a log already, or what was there at `until` is gone.
        StoreUnavailable: a file cannot be read or written; the target is then as it was.
    """
    with open_log(source) as reader:
        return _copy_from(reader, target, until)


def _copy_from(reader: sqlite3.Connection, target: Path, until: Until | None) -> str:
    lock = lock_directory(target)
    part = target / PART_NAME
    try:
        if _is_taken(target):
            raise StoreUnfit(f"{target} holds a log already")
        with explained(part):
            parts.begin(part)
            log_id = _write_copy(reader, part, until)
            parts.remove_beside(target / FILE_NAME)
            parts.finish(part, FILE_NAME)
    finally:
        parts.remove(part)  # exists only if something went wrong
        os.close(lock)
    return log_id


def _is_taken(target: Path) -> bool:
    try:
        return holds_log(target)
    except StoreCorrupt:
        return True  # no log, but a file that we must not overwrite


def _write_copy(reader: sqlite3.Connection, part: Path, until: Until | None) -> str:
    log_id = str(uuid.uuid4())
    with closing(sqlite3.connect(part)) as copy:
        reader.backup(copy)  # all pages in one step: a snapshot
        # one file that is complete without a WAL, and readable on read-only media
        copy.execute("PRAGMA journal_mode = DELETE")
        copy.execute("PRAGMA synchronous = FULL")
        read_log_id(copy)
        migrate(copy, 0)
        if until is not None:
            _cut(copy, until)
        if copy.execute("PRAGMA auto_vacuum").fetchone()[0] == 0:
            # made by a Tidings without incremental vacuum
            copy.execute("PRAGMA auto_vacuum = INCREMENTAL")
            copy.execute("VACUUM")
        with copy:
            write_log_id(copy, log_id)
            copy.execute(
                "DELETE FROM state WHERE name GLOB ? OR name = ?", (RETENTION + "*", ORIGIN)
            )
    return log_id


def _cut(copy: sqlite3.Connection, until: Until) -> None:
    """Delete what is past a point from a copy, in one transaction."""
    through_seq = until.seq
    if until.before_us is not None:
        found = copy.execute(
            "SELECT MAX(seq) FROM records WHERE recorded_at_us < ?", (until.before_us,)
        ).fetchone()[0]
        through_seq = min(found or BIRTH_SEQ, through_seq or found or BIRTH_SEQ)
    kept_seq = max(through_seq or BIRTH_SEQ, BIRTH_SEQ)
    marks = copy.execute("SELECT name, value FROM state WHERE name GLOB ?", (TRIM_MARKS + "*",))
    for name, value in marks:
        if int(value) > kept_seq:
            system = name.removeprefix(TRIM_MARKS)
            raise StoreUnfit(
                f"what {system} had at {kept_seq} is gone, it was trimmed through {int(value)}:"
                " take an older backup"
            )
    with copy:
        copy.execute("DELETE FROM records WHERE seq > ?", (kept_seq,))
        copy.execute("DELETE FROM keys WHERE seq > ?", (kept_seq,))
        copy.execute("UPDATE sqlite_sequence SET seq = min(seq, ?)", (kept_seq,))


def export_log(directory: Path) -> Generator[tuple[Record, str | None]]:
    """Yield every record of one moment, in order, with its key; a service may be running.

    A damaged one is yielded as such (`Record.is_damaged`).

    Closing the iterator early is fine. The log's WAL grows until it is closed.

    Raises:
        StoreCorrupt: there is no log that could be read.
        StoreUnavailable: the file cannot be read.
    """
    with open_log(directory) as connection, one_view(connection):
        keys = "SELECT key FROM keys WHERE seq = ?"
        for record in forwards(connection, BIRTH_SEQ, last_seq(connection)):
            key = connection.execute(keys, (record.seq,)).fetchone()
            yield record, key[0] if key else None
