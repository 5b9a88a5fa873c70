# ruff: noqa: S608 - statements are put together from our own words; values are bound
"""Questions that readers ask: plain functions over one connection, each of one consistent view."""

from __future__ import annotations

import heapq
import sqlite3
from collections.abc import Collection, Iterator
from contextlib import contextmanager, nullcontext
from itertools import islice
from operator import itemgetter

from tidings.core.record import BIRTH_SEQ, SYSTEMS, Bounds, Record, system_of
from tidings.store.base import TRIM_MARKS, trimmed_through_of
from tidings.store.sqlite.records import (
    COLUMNS,
    Found,
    Row,
    are_in_place,
    as_records,
    backwards,
    check_rows,
    covers_record,
    forwards,
    is_damage,
    nobody,
    record_at,
)
from tidings.store.sqlite.values import list_state

HIGHEST_SEQ = 2**63 - 1
"""The highest position that SQLite can compare with; what callers ask for may be higher."""


@contextmanager
def one_view(connection: sqlite3.Connection) -> Iterator[None]:
    """Let several statements see the same state of the log, whatever is committed meanwhile."""
    connection.execute("BEGIN")
    try:
        yield
    finally:
        connection.execute("ROLLBACK")  # nothing was written; a COMMIT meets damaged pages again


def covered(subject: str) -> tuple[str, tuple[str, ...]]:
    """Return the condition, and its parameters, of the records that a subject covers."""
    return ("subject = ?", (subject,)) if "." in subject else ("system = ?", (subject,))


def read(
    connection: sqlite3.Connection,
    after_seq: int,
    limit: int,
    *,
    systems: Collection[str] | None = None,
    subject: str | None = None,
    max_bytes: int | None = None,
    found: Found = nobody,
) -> list[Record]:
    """Return a page; see `EventStore.read`. `found` hears of damaged records."""
    after_seq = min(max(after_seq, BIRTH_SEQ), HIGHEST_SEQ)
    ranges = _ranges(systems, subject)
    try:
        rows = _rows(connection, ranges, after_seq, limit, max_bytes)
        records, is_whole = check_rows(rows, found, after_seq)
        if is_whole or are_in_place(records, after_seq):
            return records
    except TypeError:
        pass  # a column is not even of its type
    except sqlite3.DatabaseError as error:
        if not is_damage(error):
            raise
    with one_view(connection):
        every = forwards(connection, after_seq, last_seq(connection), found)
        wanted = (
            record
            for record in every
            if (subject is None or covers_record(subject, record))
            and (systems is None or any(covers_record(system, record) for system in systems))
        )
        return _fitting(wanted, limit, max_bytes)


def _rows(
    connection: sqlite3.Connection,
    ranges: list[tuple[str, tuple[str, ...]]],
    after_seq: int,
    limit: int,
    max_bytes: int | None,
) -> list[Row]:
    # One view, or a record committed between two ranges would be skipped for ever.
    with one_view(connection) if len(ranges) > 1 else nullcontext():
        cursors = [
            connection.execute(
                f"{COLUMNS} WHERE {where} AND seq > ? ORDER BY seq LIMIT ?",
                (*parameters, after_seq, limit),
            )
            for where, parameters in ranges
        ]
        try:
            rows = cursors[0] if len(cursors) == 1 else heapq.merge(*cursors, key=itemgetter(0))
            return bounded(rows, limit, max_bytes)
        finally:
            for cursor in cursors:
                cursor.close()  # a cursor left half read would hold on to its view of the log


def _fitting(records: Iterator[Record], limit: int, max_bytes: int | None) -> list[Record]:
    page: list[Record] = []
    size_bytes = 0
    for record in records:
        size_bytes += len(record.body)
        if page and max_bytes is not None and size_bytes > max_bytes:
            break
        page.append(record)
        if len(page) >= limit:
            break
    return page


def _ranges(
    systems: Collection[str] | None, subject: str | None
) -> list[tuple[str, tuple[str, ...]]]:
    """Return conditions that together say what is wanted; an index answers each in order of seq.

    A range for each system: `system IN (…) ORDER BY seq` would sort all that is left.
    """
    if subject is not None:
        return [covered(subject)] if systems is None or system_of(subject) in systems else []
    if systems is None or set(systems).issuperset(SYSTEMS):
        return [("TRUE", ())]
    return [covered(system) for system in set(systems)]


def bounded(rows: Iterator[Row], limit: int, max_bytes: int | None) -> list[Row]:
    """Return the first rows, up to both bounds, or one.

    A few at a time, since looking at each row as it comes costs as much as reading it; and no more
    of them than there is room for, were they as large as the largest so far.
    """
    page: list[Row] = []
    size_bytes = largest_bytes = 0
    at_once = 1
    while some := list(islice(rows, min(at_once, limit - len(page)))):
        page += some
        sizes = list(map(len, map(_BODY, some)))
        size_bytes += sum(sizes)
        at_once = _ROWS_AT_ONCE
        if max_bytes is not None:
            if size_bytes > max_bytes:
                while size_bytes > max_bytes and len(page) > 1:
                    size_bytes -= len(_BODY(page.pop()))
                break
            largest_bytes = max(largest_bytes, *sizes)
            at_once = max(1, min(at_once, (max_bytes - size_bytes) // max(1, largest_bytes)))
    return page


_ROWS_AT_ONCE = 16
_BODY = itemgetter(4)


def read_last(
    connection: sqlite3.Connection, subject: str, limit: int, found: Found = nobody
) -> list[Record]:
    """Return the newest records of a subject, oldest first."""
    where, parameters = covered(subject)
    try:
        rows = connection.execute(
            f"{COLUMNS} WHERE {where} AND seq > ? ORDER BY seq DESC LIMIT ?",
            (*parameters, BIRTH_SEQ, limit),
        ).fetchall()
    except sqlite3.DatabaseError as error:
        if not is_damage(error):
            raise
        return _newest(connection, subject, limit, found)[::-1]
    return as_records(reversed(rows), found)


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
        newest = _newest(connection, system, count, nobody)
        return newest[-1].seq if len(newest) == count else 0
    return row[0] if row else 0


def count(connection: sqlite3.Connection, system: str, through_seq: int) -> int:
    """Return how many records of a system are retained up to a position."""
    row = connection.execute(
        "SELECT count(*) FROM records WHERE system = ? AND seq > ? AND seq <= ?",
        (system, BIRTH_SEQ, min(through_seq, HIGHEST_SEQ)),
    ).fetchone()
    return int(row[0])


def _newest(connection: sqlite3.Connection, subject: str, limit: int, found: Found) -> list[Record]:
    """Return the newest records of a subject, newest first, by the index alone or the table."""
    where, parameters = covered(subject)
    try:
        seqs = connection.execute(
            f"SELECT seq FROM records WHERE {where} AND seq > ? ORDER BY seq DESC LIMIT ?",
            (*parameters, BIRTH_SEQ, limit),
        ).fetchall()
    except sqlite3.DatabaseError as error:
        if not is_damage(error):
            raise
        every = backwards(connection, last_seq(connection), found)
        return list(islice((one for one in every if covers_record(subject, one)), limit))
    return [record_at(connection, seq, subject, found) for (seq,) in seqs]


def last_seq(connection: sqlite3.Connection) -> int:
    """Return the newest position that was ever given, also when its record is gone."""
    row = connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'records'").fetchone()
    return int(row[0])


def last_recorded_at_us(connection: sqlite3.Connection) -> int:
    """Return when the newest record was stored, also when it is gone; damaged ones do not count."""
    row = connection.execute("SELECT last_trimmed_us FROM counters").fetchone()
    every = backwards(connection, last_seq(connection), with_birth=True)
    newest_us = next((one.recorded_at_us for one in every if not one.is_damaged), 0)
    return max(int(row[0]), newest_us)


def seek(connection: sqlite3.Connection, system: str | None, at_or_after_us: int) -> int:
    """Return the first position stored at or after a time.

    `recorded_at_us` never decreases along `seq`, so halving the range of positions finds it: no
    index of times.
    """
    with one_view(connection):
        end = last_seq(connection)
        low, high = BIRTH_SEQ + 1, end + 1  # the answer lies in low..high
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


def bounds(connection: sqlite3.Connection, system: str | None) -> Bounds:
    """Return what is retained of a system, or of everything."""
    where, parameters = ("TRUE", ()) if system is None else ("system = ?", (system,))
    with one_view(connection):
        end_seq = last_seq(connection)
        try:
            # Two statements: SQLite answers min or max alone from an index, both by a scan.
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
