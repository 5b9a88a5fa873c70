"""The bare table for questions: a log's rows; an index beside them names those that are read."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from pathlib import Path

from tidings.store.sqlite.file import FILE_NAME as LOG

Row = tuple[int, int, str, bytes]
"""A record of the table: its position, its time, its system, its body."""


def bare_table(path: Path, data: Path) -> sqlite3.Connection:
    """Return a log's rows in a bare table."""
    table = sqlite3.connect(path)
    table.execute("ATTACH DATABASE ? AS log", (str(data / LOG),))
    table.execute("CREATE TABLE records (seq INTEGER PRIMARY KEY, at_us, system, body)")
    table.execute("INSERT INTO records SELECT seq, recorded_at_us, system, body FROM log.records")
    table.commit()
    return table


def rows_at(table: sqlite3.Connection, seqs: Sequence[int]) -> list[Row]:
    """Return the rows at positions, newest first."""
    places = "SELECT value FROM json_each(?)"
    return table.execute(
        f"SELECT * FROM records WHERE seq IN ({places}) ORDER BY seq DESC",  # noqa: S608 - our own
        (json.dumps(seqs),),
    ).fetchall()
