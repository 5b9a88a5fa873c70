"""The bare table for questions: a log's rows, and an index of terms and objects."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from pathlib import Path

from tidings.store.sqlite.file import FILE_NAME as LOG

Row = tuple[int, int, str, bytes]
"""A record of the table: its position, its time, its system, its body."""

NEWEST_OF = (
    "SELECT records.* FROM found JOIN records USING (seq) WHERE term = ? ORDER BY seq DESC LIMIT ?"
)
STATE_BEFORE = (
    "SELECT records.* FROM (SELECT term, MAX(seq) AS seq FROM found WHERE seq < ? GROUP BY term)"
    " JOIN records USING (seq) ORDER BY seq DESC"
)


def bare_table(path: Path, data: Path, found: Iterable[tuple[str, int]]) -> sqlite3.Connection:
    """Return a log's rows in a bare table, with an index of terms."""
    table = sqlite3.connect(path)
    table.execute("ATTACH DATABASE ? AS log", (str(data / LOG),))
    table.execute("CREATE TABLE records (seq INTEGER PRIMARY KEY, at_us, system, body)")
    table.execute("INSERT INTO records SELECT seq, recorded_at_us, system, body FROM log.records")
    table.execute("CREATE TABLE found (term, seq, PRIMARY KEY (term, seq)) WITHOUT ROWID")
    table.executemany("INSERT INTO found VALUES (?, ?)", found)
    table.commit()
    return table
