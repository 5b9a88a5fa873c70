"""The database file: where it is, how it is opened, and which version it has."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import sqlite3
import uuid
from importlib.resources import files
from pathlib import Path

from tidings.core.errors import StoreCorrupt, StoreLocked
from tidings.core.record import BIRTH_SEQ

FILE_NAME = "log.db"
LOCK_NAME = "lock"
APPLICATION_ID = 0x54494447  # "TIDG"
FORMAT_VERSION = 1
BIRTH_SUBJECT = "tidings.birth"
SYNCHRONOUS = {"full": "FULL", "relaxed": "NORMAL"}

MIGRATIONS: tuple[str, ...] = (files("tidings.store").joinpath("schema.sql").read_text("utf-8"),)
"""The script at place N brings a file from version N (0 = empty) to N + 1."""

_BUSY_S = 10.0
_CHECKPOINT_PAGES = (
    4000  # 16 MiB of WAL; SQLite's default of 1000 syncs the database four times as often
)
_WAL_LIMIT_BYTES = 64 * 1024 * 1024


def lock_directory(directory: Path) -> int:
    """Make the directory if need be, take its lock, return the descriptor that holds it.

    The lock ends with the process, however it ends.

    Raises:
        StoreLocked: another process has it.
    """
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(directory / LOCK_NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise StoreLocked(str(directory)) from None
    return descriptor


def open_writer(directory: Path, durability: str, now_us: int) -> sqlite3.Connection:
    """Return the one connection that writes; makes or migrates the file.

    Raises:
        StoreCorrupt: the file is no log, is newer than this program, or cannot be read.
    """
    path = directory / FILE_NAME
    is_new = not path.exists()
    if is_new:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    try:
        connection = _connect(path, "rw")
        with contextlib.ExitStack() as undo:
            undo.callback(connection.close)
            _check_version(connection)
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute(f"PRAGMA synchronous = {SYNCHRONOUS[durability]}")
            connection.execute(f"PRAGMA wal_autocheckpoint = {_CHECKPOINT_PAGES}")
            connection.execute(f"PRAGMA journal_size_limit = {_WAL_LIMIT_BYTES}")
            _migrate(connection, now_us)
            undo.pop_all()
    except sqlite3.DatabaseError as error:
        raise StoreCorrupt(f"{path}: {error}") from error
    if is_new:
        _sync_directory(directory)
    return connection


def open_reader(directory: Path) -> sqlite3.Connection:
    """Return a connection that cannot write, for any one thread."""
    connection = _connect(directory / FILE_NAME, "ro")
    connection.execute("PRAGMA query_only = ON")
    return connection


def read_log_id(connection: sqlite3.Connection) -> str:
    """Return the log's identity from its birth record.

    Raises:
        StoreCorrupt: there is none.
    """
    row = connection.execute("SELECT body FROM records WHERE seq = ?", (BIRTH_SEQ,)).fetchone()
    if row is None:
        raise StoreCorrupt("the birth record is gone")
    return str(json.loads(row[0])["log_id"])


def renew_log_id(directory: Path) -> str:
    """Give a log at rest a new identity, as a restored backup must have, and return it.

    Raises:
        StoreLocked: a service uses it.
        StoreCorrupt: it is no log.
    """
    descriptor = lock_directory(directory)
    try:
        connection = open_writer(directory, "full", now_us=0)
        log_id = str(uuid.uuid4())
        connection.execute(
            "UPDATE records SET body = ? WHERE seq = ?", (_birth_body(log_id), BIRTH_SEQ)
        )
        connection.close()
        return log_id
    finally:
        os.close(descriptor)


def _connect(path: Path, mode: str) -> sqlite3.Connection:
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode={mode}",
        uri=True,
        timeout=_BUSY_S,
        isolation_level=None,  # transactions are begun and ended by hand
        check_same_thread=False,  # each is used by one thread at a time; close() may be another
        cached_statements=64,
    )
    connection.execute("PRAGMA foreign_keys = ON")
    return connection


def _check_version(connection: sqlite3.Connection) -> None:
    application_id = connection.execute("PRAGMA application_id").fetchone()[0]
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    is_empty = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] == 0
    if not is_empty and application_id != APPLICATION_ID:
        raise StoreCorrupt("the file is a database, but not a Tidings log")
    if version > len(MIGRATIONS):
        raise StoreCorrupt(
            f"the log has format {version} and this program knows {len(MIGRATIONS)}:"
            " use a newer Tidings"
        )


def _migrate(connection: sqlite3.Connection, now_us: int) -> None:
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    for number in range(version, len(MIGRATIONS)):
        connection.executescript(
            f"BEGIN IMMEDIATE; {MIGRATIONS[number]}"
            f"; PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {number + 1}"
            "; COMMIT;"
        )
    birth = (BIRTH_SEQ, now_us, "tidings", BIRTH_SUBJECT, _birth_body(str(uuid.uuid4())))
    if (
        connection.execute("SELECT 1 FROM sqlite_sequence WHERE name = 'records'").fetchone()
        is None
    ):
        connection.execute("INSERT INTO records VALUES (?, ?, ?, ?, ?)", birth)


def _birth_body(log_id: str) -> bytes:
    return json.dumps({"log_id": log_id, "format": FORMAT_VERSION}).encode()


def _sync_directory(directory: Path) -> None:
    """Make the new file's name durable: fsync of a file says nothing of its directory."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
