"""Copies a whole log, also one that is being written: how backups are made and restored."""

from __future__ import annotations

import os
import sqlite3
import uuid
from contextlib import closing
from pathlib import Path

from tidings.core.errors import StoreUnavailable
from tidings.store.sqlite_file import (
    FILE_NAME,
    explained,
    lock_directory,
    open_log,
    read_log_id,
    sync_directory,
    write_log_id,
)

_PART_NAME = "log.db.part"


def copy_log(source: Path, target: Path) -> str:
    """Copy the log in a directory into another one, made if need be; return the copy's identity.

    The copy is of one moment, on stable storage before it has its name, and a log of its own: what
    is appended to one is not in the other, so that a position in one says nothing in the other, and
    readers that name the log they know are told. A service may be running on the source, and is not
    held up; its WAL grows meanwhile.

    Raises:
        StoreLocked: a service uses the target.
        StoreCorrupt: the source is no log, or makes no sense.
        StoreUnavailable: the target holds a log already, or a file cannot be read or written; the
            target is then as it was.
    """
    with open_log(source) as reader:
        return _copy_from(reader, target)


def _copy_from(reader: sqlite3.Connection, target: Path) -> str:
    lock = lock_directory(target)
    part = target / _PART_NAME
    try:
        if (target / FILE_NAME).exists():
            raise StoreUnavailable(f"{target} holds a log already")
        with explained(part):
            os.close(os.open(part, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600))
            log_id = _write_copy(reader, part)
            part.rename(target / FILE_NAME)
            sync_directory(target)
    finally:
        part.unlink(missing_ok=True)  # is there only if something went wrong
        os.close(lock)
    return log_id


def _write_copy(reader: sqlite3.Connection, part: Path) -> str:
    log_id = str(uuid.uuid4())
    with closing(sqlite3.connect(part)) as copy:
        reader.backup(copy)  # all pages in one step, and so of one moment
        # one file that is whole without a WAL, and can be read from where nothing can be written
        copy.execute("PRAGMA journal_mode = DELETE")
        copy.execute("PRAGMA synchronous = FULL")
        read_log_id(copy)
        with copy:
            write_log_id(copy, log_id)
    descriptor = os.open(part, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    return log_id
