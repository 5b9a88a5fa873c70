"""Questions that readers ask: plain functions over one connection, each one short transaction."""

from __future__ import annotations

import heapq
import sqlite3
from collections.abc import Collection, Iterable, Iterator
from operator import itemgetter

from tidings.core.record import BIRTH_SEQ, SYSTEMS, Bounds, Record, StateEntry, covers

_COLUMNS = "SELECT seq, recorded_at_us, system, subject, body FROM records"
_Row = tuple[int, int, str, str, bytes]


def covered(subject: str) -> tuple[str, tuple[str, ...]]:
    """Return the condition, and its parameters, of the records that a subject covers."""
    return ("subject = ?", (subject,)) if "." in subject else ("system = ?", (subject,))


def read(
    connection: sqlite3.Connection,
    after_seq: int,
    limit: int,
    systems: Collection[str] | None,
    subject: str | None,
    max_bytes: int | None,
) -> list[Record]:
    """Return a page; see `EventStore.read`."""
    after_seq = max(after_seq, BIRTH_SEQ)
    if subject is not None:
        where, parameters = covered(subject)
        rows: Iterable[_Row] = connection.execute(
            f"{_COLUMNS} WHERE {where} AND seq > ? ORDER BY seq LIMIT ?",
            (*parameters, after_seq, limit),
        )
        if systems is not None:
            rows = (row for row in rows if row[2] in systems)
    elif systems is None or set(systems).issuperset(SYSTEMS):
        rows = connection.execute(
            f"{_COLUMNS} WHERE seq > ? ORDER BY seq LIMIT ?", (after_seq, limit)
        )
    else:
        # One index range a system, merged lazily: `system IN (…) ORDER BY seq` would sort all that
        # is left.
        rows = heapq.merge(
            *(
                connection.execute(
                    f"{_COLUMNS} WHERE system = ? AND seq > ? ORDER BY seq LIMIT ?",
                    (system, after_seq, limit),
                )
                for system in sorted(systems)
            ),
            key=itemgetter(0),
        )
    return list(_page(rows, limit, max_bytes))


def _page(rows: Iterable[_Row], limit: int, max_bytes: int | None) -> Iterator[Record]:
    size_bytes = 0
    for count, row in enumerate(rows):
        size_bytes += len(row[4])
        if count == limit or (count and max_bytes is not None and size_bytes > max_bytes):
            return
        yield Record(*row)


def read_last(connection: sqlite3.Connection, subject: str, limit: int) -> list[Record]:
    """Return the newest records of a subject, oldest first."""
    where, parameters = covered(subject)
    rows = connection.execute(
        f"{_COLUMNS} WHERE {where} AND seq > ? ORDER BY seq DESC LIMIT ?",
        (*parameters, BIRTH_SEQ, limit),
    ).fetchall()
    return [Record(*row) for row in reversed(rows)]


def nth_last(connection: sqlite3.Connection, system: str, count: int) -> int:
    """Return the position of a system's `count`-th newest record; 0 without one."""
    row = connection.execute(
        "SELECT seq FROM records WHERE system = ? AND seq > ? ORDER BY seq DESC LIMIT 1 OFFSET ?",
        (system, BIRTH_SEQ, count - 1),
    ).fetchone()
    return row[0] if row else 0


def last_seq(connection: sqlite3.Connection) -> int:
    """Return the newest position that was ever given, also when its record is gone."""
    row = connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'records'").fetchone()
    return int(row[0])


def last_recorded_at_us(connection: sqlite3.Connection) -> int:
    """Return when the newest retained record was stored; 0 when there is none."""
    row = connection.execute(
        "SELECT recorded_at_us FROM records ORDER BY seq DESC LIMIT 1"
    ).fetchone()
    return int(row[0]) if row else 0


def seek(connection: sqlite3.Connection, system: str | None, at_or_after_us: int) -> int:
    """Return the first position stored at or after a time.

    `recorded_at_us` never decreases along `seq`, so halving the range of positions finds it: no
    index of times.
    """
    end = last_seq(connection)
    low, high = BIRTH_SEQ + 1, end + 1  # the answer lies in low..high
    while low < high:
        middle = (low + high) // 2
        row = connection.execute(
            "SELECT seq, recorded_at_us FROM records WHERE seq >= ? ORDER BY seq LIMIT 1", (middle,)
        ).fetchone()
        if row is None or row[1] >= at_or_after_us:
            high = middle
        else:
            low = row[0] + 1
    row = (
        connection.execute("SELECT min(seq) FROM records WHERE seq >= ?", (low,))
        if system is None
        else connection.execute(
            "SELECT min(seq) FROM records WHERE system = ? AND seq >= ?", (system, low)
        )
    ).fetchone()
    return end + 1 if row[0] is None else int(row[0])


def bounds(connection: sqlite3.Connection, system: str | None) -> Bounds:
    """Return what is retained of a system, or of everything; one consistent view."""
    connection.execute("BEGIN")
    try:
        where, parameters = ("1", ()) if system is None else ("system = ?", (system,))
        # Two statements: SQLite answers min or max alone from an index, both together by a scan.
        first, last = (
            connection.execute(
                f"SELECT {which}(seq) FROM records WHERE {where} AND seq > ?",  # noqa: S608 - our own text
                (*parameters, BIRTH_SEQ),
            ).fetchone()[0]
            for which in ("min", "max")
        )
        trimmed = [
            mark
            for subject, mark in marks(connection).items()
            if system is None or covers(system, subject)
        ]
        return Bounds(first or 0, last or 0, max(trimmed, default=0), last_seq(connection))
    finally:
        connection.execute("COMMIT")


def marks(connection: sqlite3.Connection) -> dict[str, int]:
    """Return every trim mark by its subject."""
    rows = connection.execute(
        "SELECT name, value FROM state WHERE name >= 'trim/' AND name < 'trim0'"
    )
    return {name.removeprefix("trim/"): int(value) for name, value in rows}


def get_state(connection: sqlite3.Connection, name: str) -> StateEntry | None:
    """Return a small value, or None."""
    row = connection.execute(
        "SELECT name, value, revision FROM state WHERE name = ?", (name,)
    ).fetchone()
    return StateEntry(*row) if row else None


def list_state(connection: sqlite3.Connection, prefix: str) -> list[StateEntry]:
    """Return every small value whose name starts with `prefix`, by name."""
    rows = connection.execute(
        "SELECT name, value, revision FROM state WHERE substr(name, 1, ?) = ? ORDER BY name",
        (len(prefix), prefix),
    )
    return [StateEntry(*row) for row in rows]
