"""The database file: where it is, how it is opened, and which version it has."""

from __future__ import annotations

import fcntl
import json
import os
import sqlite3
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from importlib.resources import files
from pathlib import Path

from tidings.core.errors import StoreCorrupt, StoreLocked, StoreUnavailable
from tidings.core.record import BIRTH_SEQ

FILE_NAME = "log.db"
WAL_NAME = "log.db-wal"
LOCK_NAME = "lock"
APPLICATION_ID = 0x54494447  # "TIDG"
BIRTH_SUBJECT = "tidings.birth"
BROKEN_FILE = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
"""What SQLite says of a file that it can read and that makes no sense."""

SYNCHRONOUS = {"full": "FULL", "relaxed": "NORMAL"}
"""What a commit waits for, by durability. FULL syncs each commit; NORMAL only each checkpoint."""

MIGRATIONS: tuple[str, ...] = (files("tidings.store").joinpath("schema.sql").read_text("utf-8"),)
"""The script at place N brings a file from version N (0 = empty) to N + 1, in one transaction."""

BUSY_MS = 10_000
"""How long a connection waits for another's lock; ours never meet, other programs' may."""

# 16 MiB of WAL; SQLite's default of 1000 writes and syncs the database four times as often
_CHECKPOINT_PAGES = 4000
# What the WAL is cut back to after a burst made it longer.
_WAL_LIMIT_BYTES = 64 * 1024 * 1024


def lock_directory(directory: Path) -> int:
    """Make the directory if need be, lock it and return the descriptor that holds the lock.

    The lock ends with the process, however it ends; the file that stays behind locks nothing.

    Raises:
        StoreLocked: another process has it.
        StoreUnavailable: the directory cannot be made or written.
    """
    try:
        new = [path for path in (directory, *directory.parents) if not path.exists()]
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        for path in new:
            sync_directory(path.parent)
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
    if path.exists():
        open_reader(directory).close()  # refuses a file that is not ours before it is written to
    with explained(path), ExitStack() as undo:
        # made by hand, because SQLite would take its rights from the process
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        connection = undo.enter_context(closing(_connect(path, "rw")))
        mode = connection.execute("PRAGMA journal_mode = WAL").fetchone()[0]
        if mode != "wal":
            raise StoreUnavailable(f"opening {path}: this file system takes no WAL, but {mode}")
        connection.execute(f"PRAGMA synchronous = {SYNCHRONOUS[durability]}")
        connection.execute(f"PRAGMA wal_autocheckpoint = {_CHECKPOINT_PAGES}")
        connection.execute(f"PRAGMA journal_size_limit = {_WAL_LIMIT_BYTES}")
        _migrate(connection, now_us)
        sync_directory(directory)  # the file's name: fsync of a file says nothing of it
        undo.pop_all()
    return connection


def open_reader(directory: Path) -> sqlite3.Connection:
    """Return a connection that cannot write, for one thread at a time. It needs no lock.

    Raises:
        StoreCorrupt: the file is no log, is newer than this program, or makes no sense.
        StoreUnavailable: the file cannot be read, or there is none.
    """
    path = directory / FILE_NAME
    with explained(path), ExitStack() as undo:
        connection = undo.enter_context(closing(_connect(path, "ro")))
        _check_version(connection)
        connection.execute("PRAGMA query_only = ON")
        undo.pop_all()
    return connection


@contextmanager
def open_log(directory: Path) -> Iterator[sqlite3.Connection]:
    """Give a connection that reads a log that exists, for commands; a service may be using it.

    Raises:
        StoreCorrupt: there is no log, or none that a service of this version has opened.
        StoreUnavailable: the file cannot be read.
    """
    path = directory / FILE_NAME
    if not path.is_file():
        raise StoreCorrupt(f"{directory} holds no log")
    with closing(open_reader(directory)) as connection:
        if connection.execute("PRAGMA user_version").fetchone()[0] != len(MIGRATIONS):
            raise StoreCorrupt(f"{path} was never opened by a service of this version")
        yield connection


def read_log_id(connection: sqlite3.Connection) -> str:
    """Return the log's identity from its birth record.

    Raises:
        StoreCorrupt: there is none.
    """
    row = connection.execute("SELECT body FROM records WHERE seq = ?", (BIRTH_SEQ,)).fetchone()
    try:
        return str(json.loads(row[0])["log_id"])
    except (TypeError, ValueError, KeyError) as error:
        raise StoreCorrupt("the birth record is gone") from error


def write_log_id(connection: sqlite3.Connection, log_id: str) -> None:
    """Give the log another identity, in the transaction that is open."""
    connection.execute(
        "UPDATE records SET body = ? WHERE seq = ?", (_birth_body(log_id), BIRTH_SEQ)
    )


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Say what SQLite or the system refused in the store's own errors."""
    try:
        yield
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code in BROKEN_FILE:
            raise StoreCorrupt(f"{path}: {error}") from error
        raise StoreUnavailable(f"opening {path}: {error}") from error
    except OSError as error:
        raise StoreUnavailable(f"opening {path}: {error.strerror}") from error


def _connect(path: Path, mode: str) -> sqlite3.Connection:
    return sqlite3.connect(
        f"{path.absolute().as_uri()}?mode={mode}",
        uri=True,
        timeout=BUSY_MS / 1000,
        isolation_level=None,  # transactions are begun and ended by hand
        check_same_thread=False,  # one thread at a time uses it; another one closes it
    )


def _check_version(connection: sqlite3.Connection) -> None:
    if connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] == 0:
        return  # a crash came between making the file and filling it
    if connection.execute("PRAGMA application_id").fetchone()[0] != APPLICATION_ID:
        raise StoreCorrupt("the file is a database, but not a Tidings log")
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version > len(MIGRATIONS):
        raise StoreCorrupt(
            f"the log has format {version} and this program knows {len(MIGRATIONS)}:"
            " use a newer Tidings"
        )


def _migrate(connection: sqlite3.Connection, now_us: int) -> None:
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    for number in range(version, len(MIGRATIONS)):
        connection.executescript(
            f"BEGIN IMMEDIATE; {MIGRATIONS[number]}; PRAGMA application_id = {APPLICATION_ID};"
            f"PRAGMA user_version = {number + 1}; COMMIT;"
        )
    given = connection.execute("SELECT 1 FROM sqlite_sequence WHERE name = 'records'").fetchone()
    if given is None:
        birth = (BIRTH_SEQ, now_us, "tidings", BIRTH_SUBJECT, _birth_body(str(uuid.uuid4())))
        connection.execute("INSERT INTO records VALUES (?, ?, ?, ?, ?)", birth)


def _birth_body(log_id: str) -> bytes:
    return json.dumps({"log_id": log_id, "format": 1}).encode()


def sync_directory(directory: Path) -> None:
    """Make the names in a directory durable; syncing a file says nothing of its name."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
