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
from tidings.store.checksums import record_checksum
from tidings.store.sqlite import parts

FILE_NAME = "log.db"
WAL_NAME = "log.db-wal"
PART_NAME = "log.db.part"
"""What becomes the log once it is whole."""
LOCK_NAME = "lock"
APPLICATION_ID = 0x54494447  # "TIDG"
BIRTH_SUBJECT = "tidings.birth"
BROKEN_FILE = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
"""What SQLite says of a file that it can read and that makes no sense."""

SYNCHRONOUS = {"full": "FULL", "relaxed": "NORMAL"}
"""What a commit waits for, by durability. FULL syncs each commit; NORMAL only each checkpoint."""

MIGRATIONS: tuple[str, ...] = tuple(
    files("tidings.store.sqlite").joinpath(name).read_text("utf-8")
    for name in ("schema.sql", "checksums.sql")
)
"""The script at place N brings a file from version N (0 = empty) to N + 1, in one transaction."""

_WITH_CHECKSUMS = 2
"""The first version whose rows have checksums."""

_AS_IF_NEW = """
CREATE TEMP VIEW records AS SELECT *, NULL AS checksum FROM main.records;
CREATE TEMP VIEW keys AS SELECT *, NULL AS checksum FROM main.keys;
CREATE TEMP VIEW state AS SELECT *, NULL AS checksum FROM main.state;
"""
"""Lets one who only reads a log of version 1 ask what he asks of a newer one."""

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
        parts.remove(directory / PART_NAME)  # of a start or a restore that died
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
    """Say whether there is a log; refuse a file that is not ours before it is written to.

    A file without tables is none: a first start was killed while it still made the log in place.
    """
    path = directory / FILE_NAME
    if not path.exists():
        return False
    if path.is_file() and path.stat().st_size == 0 and _size(directory / WAL_NAME) > 0:
        raise StoreCorrupt(f"{path} is empty, and its WAL is not: restore a backup")
    _roll_back(path)
    with closing(open_reader(directory)) as reader:
        return _has_tables(reader)


def _make(directory: Path, now_us: int) -> None:
    """Make a log in the place of nothing. A crash on the way leaves nothing that is in the way."""
    path, part = directory / FILE_NAME, directory / PART_NAME
    parts.begin(part)
    with closing(_connect(part, "rw")) as connection:
        _set_wal(connection, path)
        migrate(connection, now_us)
    parts.remove_beside(path)
    parts.finish(part, FILE_NAME)


def _set_wal(connection: sqlite3.Connection, path: Path) -> None:
    mode = connection.execute("PRAGMA journal_mode = WAL").fetchone()[0]
    if mode != "wal":
        raise StoreUnavailable(f"opening {path}: this file system takes no WAL, but {mode}")


def _roll_back(path: Path) -> None:
    """Undo what a crash interrupted outside of the WAL, which a reader alone may not."""
    if parts.beside(path, "-journal").exists():
        with closing(_connect(path, "rw")) as connection:
            _has_tables(connection)


def _has_tables(connection: sqlite3.Connection) -> bool:
    return bool(connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0])


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
    with explained(path):
        _roll_back(path)
    with closing(open_reader(directory)) as connection:
        if not _has_tables(connection):
            raise StoreCorrupt(f"{directory} holds no log: {path.name} is empty")
        if connection.execute("PRAGMA user_version").fetchone()[0] < _WITH_CHECKSUMS:
            connection.executescript(
                f"PRAGMA query_only = OFF; PRAGMA temp_store = MEMORY; {_AS_IF_NEW}"
                "PRAGMA query_only = ON;"
            )
        yield connection


def holds_log(directory: Path) -> bool:
    """Say whether there is a log in the directory, or anything else under its name.

    Raises:
        StoreCorrupt, StoreUnavailable: see `open_reader`.
    """
    with explained(directory / FILE_NAME):
        return _holds_something(directory)


def read_log_id(connection: sqlite3.Connection) -> str:
    """Return the log's identity from its birth record.

    Raises:
        StoreCorrupt: there is none.
    """
    asked = "SELECT body FROM records WHERE seq = ?"
    try:
        row = connection.execute(asked, (BIRTH_SEQ,)).fetchone()
        return str(json.loads(row[0])["log_id"])
    except (TypeError, ValueError, KeyError, sqlite3.DatabaseError) as error:
        raise StoreCorrupt("the birth record is gone") from error


def write_log_id(connection: sqlite3.Connection, log_id: str) -> None:
    """Give the log another identity, in the transaction that is open."""
    connection.execute(
        "UPDATE records SET body = ? WHERE seq = ?", (_birth_body(log_id), BIRTH_SEQ)
    )
    _seal_birth(connection)


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
    except UnicodeDecodeError as error:  # SQLite's own message quotes what makes no sense
        raise StoreCorrupt(f"{path}: the file makes no sense") from error
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
    if not _has_tables(connection):
        return  # a crash came between making the file and filling it
    if connection.execute("PRAGMA application_id").fetchone()[0] != APPLICATION_ID:
        raise StoreCorrupt("the file is a database, but not a Tidings log")
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version > len(MIGRATIONS):
        raise StoreCorrupt(
            f"the log has format {version} and this program knows {len(MIGRATIONS)}:"
            " use a newer Tidings"
        )


def migrate(connection: sqlite3.Connection, now_us: int) -> None:
    """Bring a log to this program's version, and let an empty one be born."""
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    for number in range(version, len(MIGRATIONS)):
        connection.executescript(
            f"BEGIN IMMEDIATE; {MIGRATIONS[number]}; PRAGMA application_id = {APPLICATION_ID};"
            f"PRAGMA user_version = {number + 1}; COMMIT;"
        )
    given = connection.execute("SELECT 1 FROM sqlite_sequence WHERE name = 'records'").fetchone()
    if given is None:
        birth = (BIRTH_SEQ, now_us, "tidings", BIRTH_SUBJECT, _birth_body(str(uuid.uuid4())))
        connection.execute(
            "INSERT INTO records (seq, recorded_at_us, system, subject, body)"
            " VALUES (?, ?, ?, ?, ?)",
            birth,
        )
        _seal_birth(connection)


def _seal_birth(connection: sqlite3.Connection) -> None:
    """Give the birth record its checksum, where the format has one."""
    if connection.execute("PRAGMA user_version").fetchone()[0] < _WITH_CHECKSUMS:
        return
    row = connection.execute(
        "SELECT seq, recorded_at_us, system, subject, body FROM records WHERE seq = ?",
        (BIRTH_SEQ,),
    ).fetchone()
    connection.execute(
        "UPDATE records SET checksum = ? WHERE seq = ?", (record_checksum(*row), BIRTH_SEQ)
    )


def _birth_body(log_id: str) -> bytes:
    return json.dumps({"log_id": log_id, "format": 1}).encode()
