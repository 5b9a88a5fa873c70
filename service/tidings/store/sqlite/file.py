"""The database file: where it is, who may open it, and how."""

from __future__ import annotations

import fcntl
import os
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

from tidings.core.errors import (
    StoreCorrupt,
    StoreLocked,
    StoreUnavailable,
    StoreUnfit,
    in_words,
)
from tidings.store.sqlite import parts
from tidings.store.sqlite.format import check_version, has_tables, migrate, show_as_newest

FILE_NAME = "log.db"
WAL_NAME = "log.db-wal"
PART_NAME = "log.db.part"
"""What becomes the log once it is complete."""
UNFINISHED_NAME = "log.db.unfinished"
"""A backup over gRPC, until it is complete for the first time."""
LOCK_NAME = "lock"
BROKEN_FILE = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
"""SQLite's errors for a file that is readable and malformed."""

SYNCHRONOUS = {"full": "FULL", "relaxed": "NORMAL"}
"""SQLite's `synchronous` by durability. FULL syncs each commit; NORMAL only each checkpoint."""

BUSY_MS = 10_000
"""How long a connection waits for another's lock; only other programs may hold one."""

# 16 MiB of WAL; SQLite's default of 1000 writes and syncs the database four times as often
_CHECKPOINT_PAGES = 4000
# What the WAL is truncated to after a burst made it longer.
_WAL_LIMIT_BYTES = 64 * 1024 * 1024


def lock_directory(directory: Path) -> int:
    """Create the directory if needed, lock it and return the descriptor that holds the lock.

    The lock ends with the process, however it ends; the file that remains locks nothing.

    Raises:
        StoreLocked: another process has it.
        StoreUnfit: it cannot be made.
        StoreUnavailable: it cannot be written.
    """
    try:
        new = [path for path in (directory, *directory.parents) if not path.exists()]
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise StoreUnfit(f"{directory}: {in_words(error)}") from error
    try:
        for path in new:
            parts.sync_directory(path.parent)
        descriptor = os.open(directory / LOCK_NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise StoreUnavailable(f"opening {directory}: {error.strerror}") from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(descriptor)
        if isinstance(error, BlockingIOError):
            raise StoreLocked(str(directory)) from None
        raise StoreUnavailable(f"locking {directory}: {error.strerror}") from error
    return descriptor


def open_writer(directory: Path, durability: str, now_us: int) -> sqlite3.Connection:
    """Return the one connection that writes; makes or migrates the file. The caller has the lock.

    Raises:
        StoreCorrupt: the file is no log, is newer than this program, or makes no sense.
        StoreUnavailable: the file cannot be read or written.
    """
    path = directory / FILE_NAME
    with explained(path):
        parts.remove(directory / PART_NAME)  # of a start or a restore that was killed
        if not _holds_something(directory):
            _make(directory, now_us)
    with explained(path), ExitStack() as undo:
        connection = undo.enter_context(closing(_connect(path, "rw")))
        _set_wal(connection, path)
        connection.execute(f"PRAGMA synchronous = {SYNCHRONOUS[durability]}")
        connection.execute(f"PRAGMA wal_autocheckpoint = {_CHECKPOINT_PAGES}")
        connection.execute(f"PRAGMA journal_size_limit = {_WAL_LIMIT_BYTES}")
        migrate(connection, now_us)
        parts.sync_directory(directory)  # the names of what SQLite has made beside it
        undo.pop_all()
    return connection


def _holds_something(directory: Path) -> bool:
    """Say whether there is a log; refuse a file that is not ours before writing to it.

    A file without tables is no log: a first start was killed while it created the log in place.
    """
    path = directory / FILE_NAME
    if not path.exists():
        return False
    if path.is_file() and path.stat().st_size == 0 and _size(directory / WAL_NAME) > 0:
        raise StoreCorrupt(f"{path} is empty, and its WAL is not: restore a backup")
    _roll_back(path)
    with closing(open_reader(directory)) as reader:
        return has_tables(reader)


def _make(directory: Path, now_us: int) -> None:
    """Create a log where there is none. After a crash meanwhile the next start can do it again."""
    path, part = directory / FILE_NAME, directory / PART_NAME
    parts.begin(part)
    with closing(_connect(part, "rw")) as connection:
        # while the file is empty, or it would have to be rewritten
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
        _set_wal(connection, path)
        migrate(connection, now_us)
    parts.remove_beside(path)
    parts.finish(part, FILE_NAME)


def _set_wal(connection: sqlite3.Connection, path: Path) -> None:
    mode = connection.execute("PRAGMA journal_mode = WAL").fetchone()[0]
    if mode != "wal":
        raise StoreUnavailable(f"opening {path}: this file system takes no WAL, but {mode}")


def _roll_back(path: Path) -> None:
    """Roll back what a crash interrupted outside the WAL, which a reader may not do."""
    if parts.beside(path, "-journal").exists():
        with closing(_connect(path, "rw")) as connection:
            has_tables(connection)


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def open_reader(directory: Path) -> sqlite3.Connection:
    """Return a connection that cannot write, for one thread at a time. It needs no lock.

    Raises:
        StoreCorrupt: the file is no log, is newer than this program, or makes no sense.
        StoreUnavailable: the file cannot be read, or there is none.
    """
    path = directory / FILE_NAME
    with explained(path), ExitStack() as undo:
        connection = undo.enter_context(closing(_connect(path, "ro")))
        check_version(connection)
        connection.execute("PRAGMA query_only = ON")
        undo.pop_all()
    return connection


@contextmanager
def open_log(directory: Path) -> Iterator[sqlite3.Connection]:
    """Give a connection that reads an existing log, for commands; a service may be using it.

    Raises:
        StoreCorrupt: there is no log, or none that a service of this version has opened.
        StoreUnavailable: the file cannot be read.
    """
    path = directory / FILE_NAME
    if not path.is_file():
        if (directory / UNFINISHED_NAME).is_file():
            raise StoreCorrupt(
                f"{directory} holds a backup that is not complete: repeat the command that made it"
            )
        raise StoreCorrupt(f"{directory} holds no log")
    with explained(path):
        _roll_back(path)
    with closing(open_reader(directory)) as connection:
        if not has_tables(connection):
            raise StoreCorrupt(f"{directory} holds no log: {path.name} is empty")
        show_as_newest(connection)
        yield connection


def holds_log(directory: Path) -> bool:
    """Say whether there is a log in the directory, or another file under its name.

    Raises:
        StoreCorrupt, StoreUnavailable: see `open_reader`.
    """
    with explained(directory / FILE_NAME):
        return _holds_something(directory)


@contextmanager
def explained(path: Path, doing: str = "opening") -> Iterator[None]:
    """Raise errors of SQLite and the system as the store's own, with what was being done."""
    try:
        yield
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code in BROKEN_FILE:
            raise StoreCorrupt(f"{path}: {error}") from error
        raise StoreUnavailable(f"{doing} {path}: {error}") from error
    except UnicodeDecodeError as error:  # SQLite's own message quotes malformed content
        raise StoreCorrupt(f"{path}: the file makes no sense") from error
    except OSError as error:
        raise StoreUnavailable(f"{doing} {path}: {error.strerror}") from error


def _connect(path: Path, mode: str) -> sqlite3.Connection:
    return sqlite3.connect(
        f"{path.absolute().as_uri()}?mode={mode}",
        uri=True,
        timeout=BUSY_MS / 1000,
        isolation_level=None,  # transactions are begun and ended by hand
        check_same_thread=False,  # one thread at a time uses it; another one closes it
    )
