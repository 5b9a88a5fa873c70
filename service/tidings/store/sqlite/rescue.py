"""After an I/O error: a mark that makes the next start copy the log before using it.

After a failed write or sync the kernel may mark pages as clean that never reached the disk. They
are read from memory as if nothing were wrong, later syncs skip them, and a power cut loses them,
with every commit that was written after them. So the next start reads the log once, bypassing the
page cache as far as it can, and writes all of it into new files.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing, suppress
from pathlib import Path

from tidings.core.errors import StoreCorrupt
from tidings.store.sqlite import parts
from tidings.store.sqlite.file import FILE_NAME, PART_NAME, WAL_NAME, explained, open_reader

MARK_NAME = "io-error"
COPY_NAME = "log.db.copy"
"""A complete copy: it replaces the files that it was made of."""

_WHY = b"Writing failed. The next start of Tidings copies the log into new files.\n"


def leave_mark(directory: Path) -> bool:
    """Let the next start copy the log; return False if the mark cannot be written either."""
    try:
        descriptor = os.open(directory / MARK_NAME, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            os.write(descriptor, _WHY)
            with suppress(OSError):  # the mark is for a crash of the process: it need not be synced
                os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError:
        return False
    return True


def is_marked(directory: Path) -> bool:
    """Say whether the next start copies the log."""
    return (directory / MARK_NAME).exists()


def rescue(directory: Path) -> bool:
    """Copy the log into new files if an earlier run left the mark; return whether it did.

    The caller has the lock, and nothing is connected to the log. After a crash at any moment the
    next call resumes.

    Raises:
        StoreCorrupt: what can be read of the log is damaged.
        StoreUnavailable: there is no room for a copy, or the disk fails again.
    """
    with explained(directory / FILE_NAME):
        if (directory / COPY_NAME).exists():
            _take_over(directory)
        if not is_marked(directory):
            return False
        is_there = (directory / FILE_NAME).exists()
        if is_there:
            _copy(directory)
            _take_over(directory)
        (directory / MARK_NAME).unlink()
        parts.sync_directory(directory)
    return is_there


def _copy(directory: Path) -> None:
    for name in (FILE_NAME, WAL_NAME):
        _forget_pages(directory / name)
    part = directory / PART_NAME
    parts.begin(part)
    with closing(open_reader(directory)) as reader, closing(sqlite3.connect(part)) as copy:
        reader.backup(copy)
        (verdict,) = copy.execute("PRAGMA integrity_check(1)").fetchone()
        if verdict != "ok":
            raise StoreCorrupt(f"{directory / FILE_NAME}: {verdict}: restore a backup")
    parts.finish(part, COPY_NAME)


def _take_over(directory: Path) -> None:
    # The old WAL is deleted first: it would be replayed into the copy, which already has its
    # content.
    parts.remove_beside(directory / FILE_NAME)
    parts.sync_directory(directory)
    parts.finish(directory / COPY_NAME, FILE_NAME)


def _forget_pages(path: Path) -> None:
    """Ask the kernel to drop its cached pages of the file, where it can."""
    with suppress(FileNotFoundError):
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            if hasattr(os, "posix_fadvise"):  # not on macOS
                os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        finally:
            os.close(descriptor)
