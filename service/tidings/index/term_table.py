# ruff: noqa: S608 - statements are put together from our own words and numbers
"""Which records have which terms: a full-text index of terms for each segment.

It stores no text (`content=''`) and no offsets (`detail=none`), so that an entry takes about two
bytes for each of its terms.
"""

from __future__ import annotations

import sqlite3

from tidings.index.entries import Entry
from tidings.index.segments import between
from tidings.index.terms import UNKNOWN, terms_of

_HASH_BYTES = 4 * 1024**2  # of terms that are held until the end of a transaction


class TermTable:
    """Terms of all records, and every kind that an identifier has had."""

    def create(self, connection: sqlite3.Connection) -> None:
        """Create what all segments share."""
        connection.execute("CREATE TABLE kinds (kind TEXT PRIMARY KEY) WITHOUT ROWID")

    def begin(self, connection: sqlite3.Connection, segment: int) -> None:
        """Create the tables of a new segment."""
        name = _name(segment)
        connection.execute(
            f"CREATE VIRTUAL TABLE {name}"
            " USING fts5(terms, content='', detail=none, tokenize='ascii')"
        )
        connection.execute(
            f"INSERT INTO {name} ({name}, rank) VALUES ('hashsize', ?)", (_HASH_BYTES,)
        )

    def add(self, connection: sqlite3.Connection, segment: int, entries: list[Entry]) -> None:
        """Add entries of one segment."""
        kinds: set[str] = set()
        rows: list[tuple[int, str]] = []
        for seq, _, system, events in entries:
            contents = [
                (facets.type, source, facets.identifiers, facets.text) for source, facets in events
            ]
            for _, _, identifiers, _ in contents:
                kinds.update([kind for kind, _ in identifiers])
            rows.append((seq, terms_of(system, contents) or UNKNOWN))
        connection.executemany(f"INSERT INTO {_name(segment)} (rowid, terms) VALUES (?, ?)", rows)
        connection.executemany(
            "INSERT OR IGNORE INTO kinds VALUES (?)", [(kind,) for kind in sorted(kinds)]
        )

    def seal(self, connection: sqlite3.Connection, segment: int) -> None:
        """Optimize the tables of a complete segment."""
        name = _name(segment)
        connection.execute(f"INSERT INTO {name} ({name}) VALUES ('optimize')")

    def drop(self, connection: sqlite3.Connection, segment: int) -> None:
        """Delete the tables of a segment."""
        connection.execute(f"DROP TABLE {_name(segment)}")


def kinds_of(connection: sqlite3.Connection) -> list[str]:
    """Return every kind that an identifier has had."""
    return [row[0] for row in connection.execute("SELECT kind FROM kinds")]


def holds_unknown(connection: sqlite3.Connection, segment: int) -> bool:
    """Say whether a segment has a record that could not be read."""
    name = _name(segment)
    found = connection.execute(f"SELECT 1 FROM {name} WHERE {name} MATCH ? LIMIT 1", (UNKNOWN,))
    return found.fetchone() is not None


def find(
    connection: sqlite3.Connection,
    expression: str,
    after_seq: int,
    before_seq: int,
    limit: int,
    *,
    newest_first: bool,
) -> list[int]:
    """Return the first positions that match between two, both exclusive."""
    found: list[int] = []
    order = "DESC" if newest_first else "ASC"
    for segment in between(connection, after_seq, before_seq, newest_first=newest_first):
        name = _name(segment)
        rows = connection.execute(
            f"SELECT rowid FROM {name} WHERE {name} MATCH ? AND rowid > ? AND rowid < ?"
            f" ORDER BY rowid {order} LIMIT ?",
            (expression, after_seq, before_seq, limit - len(found)),
        )
        found += (row[0] for row in rows)
        if len(found) == limit:
            break
    return found


def _name(segment: int) -> str:
    return f"terms_{segment}"
