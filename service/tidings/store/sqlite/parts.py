"""Databases get their name only once they are complete and synced: until then they have another."""

from __future__ import annotations

import os
from pathlib import Path

_BESIDE = ("-journal", "-wal", "-shm")
"""The suffixes of the files that SQLite keeps beside a database."""


def begin(part: Path) -> None:
    """Create an empty file that only its owner may read, in place of what a crash left.

    Also of SQLite's files beside it: a journal of another file would be replayed into this one.
    """
    remove(part)
    os.close(os.open(part, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))


def finish(part: Path, name: str) -> None:
    """Give a complete file its name, durably. There must be no connection to either."""
    sync_file(part)
    part.rename(part.with_name(name))
    sync_directory(part.parent)


def remove(database: Path) -> None:
    """Remove a database and SQLite's files beside it, if they exist."""
    remove_beside(database)
    database.unlink(missing_ok=True)


def remove_beside(database: Path) -> None:
    """Remove SQLite's files beside a database."""
    for suffix in _BESIDE:
        beside(database, suffix).unlink(missing_ok=True)


def beside(database: Path, suffix: str) -> Path:
    """Return where SQLite keeps a database's "-journal", "-wal" or "-shm"."""
    return database.with_name(database.name + suffix)


def sync_file(path: Path) -> None:
    """Sync what was written to a file; its name needs another sync."""
    _sync(path)


def sync_directory(directory: Path) -> None:
    """Sync the names in a directory; syncing a file does not sync its name."""
    _sync(directory)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
