# ruff: noqa: S608 - statements are put together from our own words; values are bound
"""Positions of the log: its bounds, by time, by count; over one connection."""

from __future__ import annotations

import sqlite3

from tidings.core.record import BIRTH_SEQ, Bounds, Record, Weight
from tidings.store.base import TRIM_MARKS, trimmed_through_of
from tidings.store.sqlite.read import HIGHEST_SEQ, last_seq, newest, one_view
from tidings.store.sqlite.records import (
    COLUMNS,
    as_records,
    backwards,
    covers_record,
    forwards,
    is_damage,
    nobody,
)
from tidings.store.sqlite.values import list_state

_ROW_BYTES = 18
"""The size of a row besides its texts and its body: its other columns, and the header."""

# Source: SQLite's file format, sections 1.5 and 1.6, with pages of 4096 bytes. A row has 7 bytes
# more in its page, and a page holds as many rows as fit. One of more than 4061 bytes has pages of
# its own for what is beyond its local part. The two indexes are beside that.
_WEIGHED = """
WITH
  sizes AS (
    SELECT system, length(system) + length(subject) AS texts,
           coalesce(length(body), 0) + length(system) + length(subject) + ? AS size
    FROM records NOT INDEXED WHERE seq > ? AND seq <= ?),
  locals AS (
    SELECT *, CASE WHEN size <= 4061 THEN size WHEN (size - 489) % 4092 <= 3572
              THEN 489 + (size - 489) % 4092 ELSE 489 END AS local
    FROM sizes)
SELECT system, count(*),
       sum(4096 / (4088 / (local + 7)) + (size - local + 4091) / 4092 * 4096 + texts + 20)
FROM locals GROUP BY system
"""


def bounds(connection: sqlite3.Connection, system: str | None) -> Bounds:
    """Return what is retained of a system, or of everything."""
    where, parameters = ("TRUE", ()) if system is None else ("system = ?", (system,))
    with one_view(connection):
        end_seq = last_seq(connection)
        try:
            # Two statements: SQLite answers min or max from an index, but both together by a scan.
            first, last = (
                connection.execute(
                    f"SELECT {which}(seq) FROM records WHERE {where} AND seq > ?",
                    (*parameters, BIRTH_SEQ),
                ).fetchone()[0]
                for which in ("min", "max")
            )
        except sqlite3.DatabaseError as error:
            if not is_damage(error):
                raise
            first, last = (
                next((one.seq for one in every if system is None or covers_record(system, one)), 0)
                for every in (forwards(connection, 0, end_seq), backwards(connection, end_seq))
            )
        trimmed_through = trimmed_through_of(system, list_state(connection, TRIM_MARKS))
        return Bounds(first or 0, last or 0, trimmed_through, end_seq)


def seek(connection: sqlite3.Connection, system: str | None, at_or_after_us: int) -> int:
    """Return the first position stored at or after a time.

    `recorded_at_us` never decreases along `seq`, so a binary search by position finds it, without
    an index of times.
    """
    with one_view(connection):
        end = last_seq(connection)
        low, high = BIRTH_SEQ + 1, end + 1  # the answer is in low..high
        while low < high:
            middle = (low + high) // 2
            record = _first_whole(connection, middle, end)
            if record is None or record.recorded_at_us >= at_or_after_us:
                high = middle
            else:
                low = record.seq + 1
        where, parameters = ("TRUE", ()) if system is None else ("system = ?", (system,))
        try:
            first = connection.execute(
                f"SELECT min(seq) FROM records WHERE {where} AND seq >= ?", (*parameters, low)
            ).fetchone()[0]
        except sqlite3.DatabaseError as error:
            if not is_damage(error):
                raise
            every = forwards(connection, low - 1, end)
            wanted = (one.seq for one in every if system is None or covers_record(system, one))
            first = next(wanted, None)
        return end + 1 if first is None else int(first)


def _first_whole(connection: sqlite3.Connection, seq: int, end_seq: int) -> Record | None:
    """Return the first record from a position on whose time can be trusted."""
    try:
        row = connection.execute(
            f"{COLUMNS} WHERE seq >= ? ORDER BY seq LIMIT 1", (seq,)
        ).fetchone()
    except sqlite3.DatabaseError as error:
        if not is_damage(error):
            raise
    else:
        records = [] if row is None else as_records([row])
        if not records or not records[0].is_damaged:
            return records[0] if records else None
    every = forwards(connection, seq - 1, end_seq)
    return next((record for record in every if not record.is_damaged), None)


def nth_last(connection: sqlite3.Connection, system: str, count: int) -> int:
    """Return the position of a system's `count`-th newest record; 0 without one."""
    try:
        row = connection.execute(
            "SELECT seq FROM records WHERE system = ? AND seq > ?"
            " ORDER BY seq DESC LIMIT 1 OFFSET ?",
            (system, BIRTH_SEQ, count - 1),
        ).fetchone()
    except sqlite3.DatabaseError as error:
        if not is_damage(error):
            raise
        found = newest(connection, system, count, nobody)
        return found[-1].seq if len(found) == count else 0
    return row[0] if row else 0


def count(connection: sqlite3.Connection, system: str, through_seq: int) -> int:
    """Return how many records of a system are retained up to a position."""
    row = connection.execute(
        "SELECT count(*) FROM records WHERE system = ? AND seq > ? AND seq <= ?",
        (system, BIRTH_SEQ, min(through_seq, HIGHEST_SEQ)),
    ).fetchone()
    return int(row[0])


def weigh(connection: sqlite3.Connection, after_seq: int, through_seq: int) -> dict[str, Weight]:
    """Return what each system has between two positions."""
    after_seq = max(after_seq, BIRTH_SEQ)
    # by the table, which is in the order of positions; of large bodies only lengths are read
    bounds = (_ROW_BYTES, after_seq, min(through_seq, HIGHEST_SEQ))
    try:
        rows = connection.execute(_WEIGHED, bounds)
        return {system: Weight(number, size_bytes) for system, number, size_bytes in rows}
    except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
        if isinstance(error, sqlite3.DatabaseError) and not is_damage(error):
            raise
    found: dict[str, Weight] = {}
    for record in forwards(connection, after_seq, min(through_seq, last_seq(connection))):
        if record.seq > through_seq:
            break
        held = found.get(record.system, Weight())
        size_bytes = held.size_bytes + len(record.body) + _ROW_BYTES
        found[record.system] = Weight(held.records + 1, size_bytes)
    return found


def last_recorded_at_us(connection: sqlite3.Connection) -> int:
    """Return when the newest record was stored, also if it is deleted; damaged ones are ignored."""
    row = connection.execute("SELECT last_trimmed_us FROM counters").fetchone()
    every = backwards(connection, last_seq(connection), with_birth=True)
    newest_us = next((one.recorded_at_us for one in every if not one.is_damaged), 0)
    return max(int(row[0]), newest_us)
