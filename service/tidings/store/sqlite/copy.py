"""Copies a whole log, also one that is being written: how backups are made and restored."""

from __future__ import annotations

import os
import sqlite3
import uuid
from contextlib import closing
from pathlib import Path

from tidings.core.errors import StoreCorrupt, StoreUnfit
from tidings.store.base import RETENTION
from tidings.store.sqlite import parts
from tidings.store.sqlite.file import (
    FILE_NAME,
    PART_NAME,
    explained,
    holds_log,
    lock_directory,
    migrate,
    open_log,
    read_log_id,
    write_log_id,
)


def copy_log(source: Path, target: Path) -> str:
    """Copy the log in a directory into another one, made if need be; return the copy's identity.

    The copy is of one moment, on stable storage before it has its name, and a log of its own: what
    is appended to one is not in the other, so that a position in one says nothing in the other, and
    readers that name the log they know are told. A service may be running on the source, and is not
    held up; its WAL grows meanwhile.

    Raises:
        StoreLocked: a service uses the target.
        StoreCorrupt: the source is no log, or makes no sense.
        StoreUnfit: the target holds a log already.
        StoreUnavailable: a file cannot be read or written; the target is then as it was.
    """
    with open_log(source) as reader:
        return _copy_from(reader, target)


def _copy_from(reader: sqlite3.Connection, target: Path) -> str:
    lock = lock_directory(target)
    part = target / PART_NAME
    try:
        if _is_taken(target):
            raise StoreUnfit(f"{target} holds a log already")
        with explained(part):
            parts.begin(part)
            log_id = _write_copy(reader, part)
            parts.remove_beside(target / FILE_NAME)
            parts.finish(part, FILE_NAME)
    finally:
        parts.remove(part)  # is there only if something went wrong
        os.close(lock)
    return log_id


def _is_taken(target: Path) -> bool:
    try:
        return holds_log(target)
    except StoreCorrupt:
        return True  # no log, but something that is not ours to overwrite


def _write_copy(reader: sqlite3.Connection, part: Path) -> str:
    log_id = str(uuid.uuid4())
    with closing(sqlite3.connect(part)) as copy:
        reader.backup(copy)  # all pages in one step, and so of one moment
        # one file that is whole without a WAL, and can be read from where nothing can be written
        copy.execute("PRAGMA journal_mode = DELETE")
        copy.execute("PRAGMA synchronous = FULL")
        read_log_id(copy)
        migrate(copy, 0)
        with copy:
            write_log_id(copy, log_id)
            copy.execute("DELETE FROM state WHERE name GLOB ?", (RETENTION + "*",))
    return log_id
