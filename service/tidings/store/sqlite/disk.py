"""Failures of a writer's disk: it is full, it fails, or the files were moved or deleted."""

from __future__ import annotations

import errno
import os
import sqlite3
from pathlib import Path

from tidings.core.errors import DAMAGED_FILE, DISK_FULL, IO_ERROR, NOT_WRITABLE
from tidings.store.sqlite.file import FILE_NAME, WAL_NAME
from tidings.store.sqlite.rescue import leave_mark

_PROBE_NAME = "probe"
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
_LOOK_S = 0.1

_CAUSES = {
    sqlite3.SQLITE_FULL: DISK_FULL,
    sqlite3.SQLITE_IOERR: IO_ERROR,
    sqlite3.SQLITE_CORRUPT: DAMAGED_FILE,
    sqlite3.SQLITE_NOTADB: DAMAGED_FILE,
    sqlite3.SQLITE_READONLY: NOT_WRITABLE,
}


class Disk:
    """The directory and the files that a writer opened. For the writer's thread only."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._wal_path, self._path = directory / WAL_NAME, directory / FILE_NAME
        self._wal, self._database = _identity(self._wal_path), _identity(self._path)
        self._looked_at_s = 0.0

    def is_ours(self, now_s: float) -> bool:
        """Say whether the files that are written to still have their names.

        Checks the WAL each time and the database ten times a second: each check releases the GIL
        and has to contend for it.
        """
        if _identity(self._wal_path) != self._wal:
            return False
        if now_s - self._looked_at_s < _LOOK_S:
            return True
        self._looked_at_s = now_s
        return _identity(self._path) == self._database

    def cause_of(self, error: sqlite3.Error) -> str:
        """Return in a few words what a failed write means; "" = the next one may succeed."""
        code = getattr(error, "sqlite_errorcode", 0)
        if code == sqlite3.SQLITE_IOERR_WRITE and not self.has_room(0):
            return DISK_FULL  # a quota; SQLite tells that from a failing disk for ENOSPC only
        return _CAUSES.get(code & 0xFF, "")

    def has_room(self, size_bytes: int) -> bool:
        """Say whether so many bytes, and at least one page, can be written."""
        probe = self._directory / _PROBE_NAME
        try:
            descriptor = os.open(probe, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                probe.unlink()  # rolled back in any case
                _allocate(descriptor, size_bytes + _PAGE_BYTES)
            finally:
                os.close(descriptor)
        except OSError as error:
            return error.errno not in _FULL
        return True

    def leave_mark(self) -> bool:
        """Let the next start copy the log; see `sqlite_rescue`."""
        return leave_mark(self._directory)


_PAGE_BYTES = 4096


def _allocate(descriptor: int, size_bytes: int) -> None:
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(descriptor, 0, size_bytes)
    else:  # macOS
        os.write(descriptor, bytes(size_bytes))


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino
