"""The format of the log's file: its version, migrations of older ones, and the birth record."""

from __future__ import annotations

import json
import sqlite3
import uuid
from importlib.resources import files

from tidings.core.errors import StoreCorrupt
from tidings.core.record import BIRTH_SEQ
from tidings.store.checksums import record_checksum

APPLICATION_ID = 0x54494447  # "TIDG"
BIRTH_SUBJECT = "tidings.birth"

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
"""Lets a reader use the statements of newer versions on a log of version 1."""


def check_version(connection: sqlite3.Connection) -> None:
    """Refuse a database that is no log, or is of a newer Tidings; an empty one passes.

    Raises:
        StoreCorrupt: it is.
    """
    if not has_tables(connection):
        return  # a crash came between creating the file and filling it
    if connection.execute("PRAGMA application_id").fetchone()[0] != APPLICATION_ID:
        raise StoreCorrupt("the file is a database, but not a Tidings log")
    version = _version_of(connection)
    if version > len(MIGRATIONS):
        raise StoreCorrupt(
            f"the log has format {version} and this program knows {len(MIGRATIONS)}:"
            " use a newer Tidings"
        )


def has_tables(connection: sqlite3.Connection) -> bool:
    """Say whether the file has any table."""
    return bool(connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0])


def migrate(connection: sqlite3.Connection, now_us: int) -> None:
    """Migrate a log to this program's version, and write the birth record of an empty one."""
    for number in range(_version_of(connection), len(MIGRATIONS)):
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


def show_as_newest(connection: sqlite3.Connection) -> None:
    """Let a reader use the statements for the newest version, whichever the file has."""
    if _version_of(connection) < _WITH_CHECKSUMS:
        connection.executescript(
            f"PRAGMA query_only = OFF; PRAGMA temp_store = MEMORY; {_AS_IF_NEW}"
            "PRAGMA query_only = ON;"
        )


def _version_of(connection: sqlite3.Connection) -> int:
    version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    return version


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


def _seal_birth(connection: sqlite3.Connection) -> None:
    """Give the birth record its checksum, where the format has one."""
    if _version_of(connection) < _WITH_CHECKSUMS:
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
