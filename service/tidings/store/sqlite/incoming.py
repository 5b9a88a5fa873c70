# ruff: noqa: S608 - statements are put together from our own words; values are bound
"""A backup that arrives in pages: each is stored in one transaction, and the result is a log.

How this works: until it is complete for the first time, it has another name, so that it is not used
as a log. From then on it is extended in place: after each page it is a complete log up to there.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from tidings.core.damage import Damaged, Unproven
from tidings.core.errors import StoreUnfit
from tidings.core.record import BIRTH_SEQ, Record, StateEntry, Stretch
from tidings.store.base import ORIGIN, SPARSE_THROUGH, TRIM_MARKS
from tidings.store.checksums import record_checksum, row_checksum
from tidings.store.sqlite import parts
from tidings.store.sqlite.commit import put_state
from tidings.store.sqlite.file import FILE_NAME, UNFINISHED_NAME, explained, lock_directory
from tidings.store.sqlite.format import check_version, migrate
from tidings.store.sqlite.positions import last_recorded_at_us
from tidings.store.sqlite.read import last_seq
from tidings.store.sqlite.values import get_state


@dataclass(frozen=True, slots=True)
class Origin:
    """The log of a backup, "" = none yet, and the position that it has reached."""

    log_id: str = ""
    through_seq: int = 0
    is_sparse: bool = False


class IncomingBackup:
    """A backup in progress, in a directory that is locked meanwhile. Made by `incoming`.

    Blocks; any method: `StoreUnavailable` when the file cannot be written; it is then unchanged.
    """

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self._path = path
        self._connection = connection
        self._values: list[StateEntry] | None = None
        held = get_state(connection, ORIGIN)
        self.origin = Origin(**json.loads(held.value)) if held else Origin()
        self._last_us = last_recorded_at_us(connection)

    def begin(self, log_id: str, *, is_sparse: bool) -> None:
        """Set the log of the next pages, and whether keys take positions in it.

        Raises:
            StoreUnfit: the backup is of another one.
        """
        if self.origin.log_id not in ("", log_id):
            raise StoreUnfit(
                f"{self._path.parent} is a backup of log {self.origin.log_id}, and this is log"
                f" {log_id}: take another directory"
            )
        self.origin = replace(self.origin, log_id=log_id, is_sparse=is_sparse)
        self._values = []

    def take_values(self, values: Sequence[StateEntry]) -> None:
        """Take small values; with the next page all since `begin` replace the old ones."""
        assert self._values is not None
        self._values += values

    def add(self, stretch: Stretch, marks: Mapping[str, int]) -> None:
        """Store the next page, and the trim marks that explain what is missing in it."""
        with self._transaction() as connection:
            self._put_values(connection)
            self._put_records(connection, stretch.records)
            keys = [
                (*key, 1, row_checksum(*key))
                for key in stretch.keys
                if key.key  # else its text is not known
            ]
            connection.executemany("INSERT OR REPLACE INTO keys VALUES (?, ?, ?, ?, ?, ?, ?)", keys)
            connection.execute(
                "UPDATE keys SET trimmed = 0 WHERE trimmed = 1 AND seq > ? AND seq <= ?"
                " AND EXISTS (SELECT 1 FROM records WHERE records.seq = keys.seq)",
                (self.origin.through_seq, stretch.through_seq),
            )
            self._put_marks(connection, marks)
            self._advance(connection, stretch.through_seq)

    def finish(
        self, marks: Mapping[str, int], first_seqs: Mapping[str, int], keys_since_us: int
    ) -> None:
        """Delete what the log has deleted, and give the file its name.

        `first_seqs` says for each system where its records begin now, 0 = it has none; keys of
        deleted records are deleted when they are older than `keys_since_us`.
        """
        with self._transaction() as connection:
            self._put_values(connection)
            self._put_marks(connection, marks)
            for system, first_seq in first_seqs.items():
                _forget(connection, system, first_seq or self.origin.through_seq + 1)
            connection.execute(
                "DELETE FROM keys WHERE trimmed = 1 AND recorded_at_us < ?", (keys_since_us,)
            )
            self._advance(connection, self.origin.through_seq)
        with explained(self._path, "writing"):
            # `execute` would step it once, and give back one page
            self._connection.executescript("PRAGMA incremental_vacuum")
            self._connection.close()
            if self._path.name != FILE_NAME:
                parts.finish(self._path, FILE_NAME)

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        before, before_us = self.origin, self._last_us
        with explained(self._path, "writing"):
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException:
                self.origin, self._last_us = before, before_us
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    def _put_values(self, connection: sqlite3.Connection) -> None:
        values, self._values = self._values, None
        if values is None:
            return
        connection.execute(
            "DELETE FROM state WHERE name NOT GLOB ? AND name NOT IN (?, ?)",
            (TRIM_MARKS + "*", ORIGIN, SPARSE_THROUGH),
        )
        for name, value, revision in ((one.name, one.value, one.revision) for one in values):
            connection.execute(
                "INSERT OR REPLACE INTO state VALUES (?, ?, ?, ?)",
                (name, value, revision, row_checksum(name, value, revision)),
            )
            connection.execute(
                "UPDATE counters SET last_revision = max(last_revision, ?)", (revision,)
            )

    def _put_records(self, connection: sqlite3.Connection, records: Sequence[Record]) -> None:
        rows = []
        for seq, at_us, system, subject, body in records:
            # never decreasing, which does not hold in all logs elsewhere, nor in a damaged one
            self._last_us = max(self._last_us, at_us)
            row = (seq, self._last_us, system, subject, bytes(body))
            rows.append((*row, _checksum_of(row, body)))
        connection.executemany("INSERT INTO records VALUES (?, ?, ?, ?, ?, ?)", rows)

    def _put_marks(self, connection: sqlite3.Connection, marks: Mapping[str, int]) -> None:
        for subject, through_seq in marks.items():
            put_state(connection, TRIM_MARKS + subject, b"%d" % through_seq, None)

    def _advance(self, connection: sqlite3.Connection, through_seq: int) -> None:
        self.origin = replace(self.origin, through_seq=through_seq)
        connection.execute("UPDATE sqlite_sequence SET seq = max(seq, ?)", (through_seq,))
        put_state(connection, ORIGIN, json.dumps(asdict(self.origin)).encode(), None)
        if self.origin.is_sparse:
            put_state(connection, SPARSE_THROUGH, b"%d" % through_seq, None)


def _checksum_of(row: tuple[int, int, str, str, bytes], body: bytes) -> int | None:
    if isinstance(body, Unproven):
        return None
    checksum = record_checksum(*row)
    return checksum ^ 1 if isinstance(body, Damaged) else checksum


def _forget(connection: sqlite3.Connection, system: str, first_seq: int) -> None:
    """Delete the records of a system below a position; from then on their keys expire by age."""
    gone = "system = ? AND seq > ? AND seq < ?"
    bounds = (system, BIRTH_SEQ, first_seq)
    connection.execute(
        "UPDATE counters SET last_trimmed_us = max(last_trimmed_us, coalesce("
        f"(SELECT max(recorded_at_us) FROM records WHERE {gone}), 0))",
        bounds,
    )
    connection.execute(f"DELETE FROM records WHERE {gone}", bounds)
    connection.execute(f"UPDATE keys SET trimmed = 1 WHERE {gone}", bounds)


@contextmanager
def incoming(directory: Path) -> Iterator[IncomingBackup]:
    """Open the backup in a directory for the length of a block, or start one there.

    Raises:
        StoreLocked: another command, or a service, uses the directory.
        StoreUnfit: it holds a log that is no such backup, or a backup that was written to since.
        StoreCorrupt: the file there is malformed.
        StoreUnavailable: it cannot be read or written.
    """
    lock = lock_directory(directory)
    try:
        path = directory / FILE_NAME
        is_whole = path.exists()
        if not is_whole:
            path = directory / UNFINISHED_NAME
        with ExitStack() as stack:
            with explained(path):
                if not path.exists():
                    parts.begin(path)
                connection = stack.enter_context(
                    closing(sqlite3.connect(path, isolation_level=None))
                )
                _prepare(connection)
                backup = IncomingBackup(path, connection)
            _check(backup.origin, directory, last_seq(connection), is_whole=is_whole)
            try:
                yield backup
            finally:
                if not backup.origin.through_seq:  # there is nothing to resume
                    connection.close()
                    parts.remove(directory / UNFINISHED_NAME)
    finally:
        os.close(lock)


def _prepare(connection: sqlite3.Connection) -> None:
    """Create a log in an empty file, or migrate an older one to this program's version."""
    check_version(connection)
    connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
    # one file that is complete without a WAL, and readable on read-only media
    connection.execute("PRAGMA journal_mode = DELETE")
    connection.execute("PRAGMA synchronous = FULL")
    migrate(connection, 0)


def _check(origin: Origin, directory: Path, end_seq: int, *, is_whole: bool) -> None:
    if is_whole and not origin.log_id:
        raise StoreUnfit(f"{directory} holds a log already, which is no backup over gRPC")
    if origin.log_id and origin.through_seq != end_seq:
        raise StoreUnfit(
            f"{directory} is a backup through {origin.through_seq} that was written to since:"
            " take another directory"
        )
