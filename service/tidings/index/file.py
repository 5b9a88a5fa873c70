"""The index's file: created, filled, trimmed, and deleted when it does not match the log.

Each transaction also writes the log's id, the version of the rules, and the position reached. So
the file is consistent after a kill at any moment, and a file that does not match is built again.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from tidings.core.extent import Extent
from tidings.index import count_table, term_table
from tidings.index.count_table import CountTable
from tidings.index.entries import Entry
from tidings.index.object_table import ObjectTable
from tidings.index.segments import by_segment, end_of, segments
from tidings.index.term_table import TermTable

FILE_NAME = "index.db"
VERSION = 3
"""Of the tables, and of what dialects extract: with another version the index is rebuilt."""


_PRAGMAS = (
    "auto_vacuum = INCREMENTAL",  # only before anything else is in a new file
    "journal_mode = WAL",
    "synchronous = NORMAL",
    "cache_size = -8192",
    "wal_autocheckpoint = 4000",  # each one syncs the disk, on which publishers wait for the log
)


class Table(Protocol):
    """A kind of table that covers every record. A segment's tables cover its range of positions."""

    def create(self, connection: sqlite3.Connection) -> None:
        """Create what all segments share, in a new file."""
        ...

    def begin(self, connection: sqlite3.Connection, segment: int) -> None:
        """Create the tables of a new segment."""
        ...

    def add(self, connection: sqlite3.Connection, segment: int, entries: list[Entry]) -> None:
        """Add entries of one segment, whose positions rise from one call to the next."""
        ...

    def seal(self, connection: sqlite3.Connection, segment: int) -> None:
        """Optimize the tables of a complete segment."""
        ...

    def drop(self, connection: sqlite3.Connection, segment: int) -> None:
        """Delete the tables of a segment."""
        ...


def extent_of(connection: sqlite3.Connection) -> Extent | None:
    """Return the extent of an index; None = it is not ours."""
    try:
        row = connection.execute(
            "SELECT log_id, floor_seq, through_seq FROM extent WHERE version = ?", (VERSION,)
        ).fetchone()
    except sqlite3.OperationalError:  # no such table
        return None
    return Extent(*row) if row else None


def delete_index(directory: Path) -> None:
    """Delete the index in a directory, also while it is in use; its process then makes another."""
    for suffix in ("-wal", "-shm", ""):
        (directory / f"{FILE_NAME}{suffix}").unlink(missing_ok=True)


class IndexFile:
    """The file as its one writer has it. For one thread at a time.

    Any method: `sqlite3.Error` when the file cannot be used.
    """

    def __init__(self, directory: Path) -> None:
        self._path = directory / FILE_NAME
        self._tables: Sequence[Table] = ()
        self._connection: sqlite3.Connection | None = None
        self._inode = 0

    @property
    def is_in_place(self) -> bool:
        """Say whether the open file still has its name: it may have been deleted."""
        with contextlib.suppress(FileNotFoundError):
            return self._connection is not None and self._path.stat().st_ino == self._inode
        return False

    def open(self) -> Extent | None:
        """Open the file that is there, and return its extent; None = nothing usable."""
        self.close()
        if not self._path.exists():
            return None
        self._connect()
        with contextlib.suppress(sqlite3.DatabaseError):
            return extent_of(self._opened)
        return None

    def start_anew(self, log_id: str, floor_seq: int = 0) -> None:
        """Start an empty index, past a position of a log."""
        self.delete()
        self._connect()
        with self._opened as connection:
            connection.execute(
                "CREATE TABLE extent (version INTEGER, log_id TEXT, floor_seq INTEGER,"
                " through_seq INTEGER)"
            )
            extent = (VERSION, log_id, floor_seq, floor_seq)
            connection.execute("INSERT INTO extent VALUES (?, ?, ?, ?)", extent)
            connection.execute("CREATE TABLE segments (segment INTEGER PRIMARY KEY)")
            for table in self._tables:
                table.create(connection)

    def add(self, entries: Sequence[Entry], through_seq: int) -> None:
        """Add the next entries of the log, up to a position, in one transaction."""
        with self._opened as connection:
            known = segments(connection)
            for segment, some in by_segment(entries):
                if segment not in known:
                    self._begin(connection, segment, known)
                for table in self._tables:
                    table.add(connection, segment, some)
            connection.execute("UPDATE extent SET through_seq = ?", (through_seq,))

    def drop_before(self, seq: int) -> int:
        """Delete segments that are wholly before a position; return how many."""
        old = [each for each in segments(self._opened) if end_of(each) < seq]
        for segment in old:
            with self._opened as connection:
                self._drop(connection, segment)
                connection.execute(
                    "UPDATE extent SET floor_seq = MAX(floor_seq, MIN(through_seq, ?))",
                    (end_of(segment),),
                )
        return len(old)

    def drop_trimmed(self, trimmed: Mapping[str, int]) -> int:
        """Delete segments of which nothing is retained, wherever they are; return how many.

        Records of a system up to its position in `trimmed` are gone. One old record of a system
        that has few would keep all that is newer, if only what is before it could be deleted.
        """
        extent = extent_of(self._opened)
        through_seq = extent.through_seq if extent else 0
        gone = [
            each
            for each in segments(self._opened)
            if end_of(each) <= through_seq and self._is_gone(each, trimmed)
        ]
        for segment in gone:
            with self._opened as connection:
                self._drop(connection, segment)
        return len(gone)

    def give_back(self, pages: int) -> None:
        """Give free pages at the end of the file back to the file system, as many at most."""
        # `execute` would step it once, and give back one page
        self._opened.executescript(f"PRAGMA incremental_vacuum({pages:d})")

    def delete(self) -> None:
        """Close and delete the file."""
        self.close()
        delete_index(self._path.parent)

    def close(self) -> None:
        """Close the file, if it is open."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    @property
    def _opened(self) -> sqlite3.Connection:
        assert self._connection is not None, "opened before it is used"
        return self._connection

    def _connect(self) -> None:
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        os.close(descriptor)
        self._tables = (TermTable(), CountTable(), ObjectTable())
        self._connection = sqlite3.connect(self._path, check_same_thread=False)
        self._inode = self._path.stat().st_ino
        # A power cut may lose the newest part, or all of it; the log still has everything.
        for pragma in _PRAGMAS:
            self._connection.execute(f"PRAGMA {pragma}")

    def _is_gone(self, segment: int, trimmed: Mapping[str, int]) -> bool:
        """Say whether no record of a segment is retained; one of an unknown system may be."""
        newest = count_table.newest(self._opened, segment)
        return not term_table.holds_unknown(self._opened, segment) and all(
            seq <= trimmed.get(system, 0) for system, seq in newest.items()
        )

    def _drop(self, connection: sqlite3.Connection, segment: int) -> None:
        for table in self._tables:
            table.drop(connection, segment)
        connection.execute("DELETE FROM segments WHERE segment = ?", (segment,))

    def _begin(self, connection: sqlite3.Connection, segment: int, known: list[int]) -> None:
        for table in self._tables:
            if known:
                table.seal(connection, known[-1])
            table.begin(connection, segment)
        connection.execute("INSERT INTO segments VALUES (?)", (segment,))
        known.append(segment)
