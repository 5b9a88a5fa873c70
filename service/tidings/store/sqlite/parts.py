"""Databases get a name only once they are whole and on the disk: until then they have another."""

from __future__ import annotations

import os
from pathlib import Path

_BESIDE = ("-journal", "-wal", "-shm")
"""What SQLite keeps beside a database, by what is added to its name."""


def begin(part: Path) -> None:
    """Make an empty file that only its owner may read; what a crash left under its name is gone.

    Also what SQLite kept beside that: a journal of another file would be played into this one.
    """
    remove(part)
    os.close(os.open(part, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))


def finish(part: Path, name: str) -> None:
    """Give a file that is whole its name, durably. Nothing may be connected to either."""
    sync_file(part)
    part.rename(part.with_name(name))
    sync_directory(part.parent)


def remove(database: Path) -> None:
    """Remove a database and what SQLite kept beside it, as far as they are there."""
    remove_beside(database)
    database.unlink(missing_ok=True)


def remove_beside(database: Path) -> None:
    """Remove what SQLite kept beside a database."""
    for suffix in _BESIDE:
        beside(database, suffix).unlink(missing_ok=True)


def beside(database: Path, suffix: str) -> Path:
    """Return where SQLite keeps a database's "-journal", "-wal" or "-shm"."""
    return database.with_name(database.name + suffix)


def sync_file(path: Path) -> None:
    """Make what was written to a file durable; its name is another matter."""
    _sync(path)


def sync_directory(directory: Path) -> None:
    """Make the names in a directory durable; syncing a file says nothing of its name."""
    _sync(directory)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
