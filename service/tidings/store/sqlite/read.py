# ruff: noqa: S608 - statements are put together from our own words; values are bound
"""Reads records in pages: plain functions over one connection, each on one snapshot."""

from __future__ import annotations

import heapq
import json
import sqlite3
from collections.abc import Collection, Iterator, Sequence
from contextlib import closing, contextmanager, nullcontext
from itertools import islice
from operator import itemgetter

from tidings.core.chunks import body_bytes, first_chunk
from tidings.core.record import BIRTH_SEQ, SYSTEMS, Record, system_of
from tidings.store.sqlite.records import (
    COLUMNS,
    Found,
    Row,
    are_in_place,
    are_in_place_before,
    as_records,
    at,
    backwards,
    check_rows,
    covers_record,
    forwards,
    is_damage,
    nobody,
    record_at,
)

HIGHEST_SEQ = 2**63 - 1
"""The highest position that SQLite can compare with; callers may pass a higher one."""


@contextmanager
def one_view(connection: sqlite3.Connection) -> Iterator[None]:
    """Let several statements read one snapshot of the log, whatever is committed meanwhile."""
    connection.execute("BEGIN")
    try:
        yield
    finally:
        connection.execute("ROLLBACK")  # a COMMIT would read damaged pages again


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
    """Return a page; see `EventStore.read`. `found` is called with damaged records."""
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
        return first_chunk(wanted, body_bytes, limit=limit, max_bytes=max_bytes)


def read_before(
    connection: sqlite3.Connection,
    before_seq: int,
    limit: int,
    *,
    systems: Collection[str] | None = None,
    max_bytes: int | None = None,
    found: Found = nobody,
) -> list[Record]:
    """Return a page, newest first; see `EventStore.read_before`. `found` as for `read`."""
    before_seq = min(before_seq, HIGHEST_SEQ)
    try:
        rows = _rows(connection, _ranges(systems, None), before_seq, limit, max_bytes, _DOWN)
        rising, is_whole = check_rows(rows[::-1], found)
        records = rising[::-1]
        if is_whole or are_in_place_before(records, before_seq):
            return records
    except TypeError:
        pass  # a column is not even of its type
    except sqlite3.DatabaseError as error:
        if not is_damage(error):
            raise
    with one_view(connection):
        every = backwards(connection, min(before_seq - 1, last_seq(connection)), found)
        wanted = (
            record
            for record in every
            if systems is None or any(covers_record(system, record) for system in systems)
        )
        return first_chunk(wanted, body_bytes, limit=limit, max_bytes=max_bytes)


def read_at(
    connection: sqlite3.Connection,
    seqs: Sequence[int],
    *,
    max_bytes: int | None = None,
    found: Found = nobody,
) -> list[Record]:
    """Return the records at positions; see `EventStore.read_at`. `found` as for `read`."""
    wanted = [seq for seq in seqs if BIRTH_SEQ < seq <= HIGHEST_SEQ]
    falls = wanted[:1] > wanted[-1:]
    places = json.dumps(wanted)
    try:
        with closing(connection.execute(_FALLING if falls else _RISING, (places,))) as cursor:
            rows = bounded(cursor, len(wanted), max_bytes)
        rising, is_whole = check_rows(rows[::-1] if falls else rows, found)
        if is_whole:
            return rising[::-1] if falls else rising
    except TypeError:
        pass  # a column is not even of its type
    except sqlite3.DatabaseError as error:
        if not is_damage(error):
            raise
    each = (record for seq in wanted for record in at(connection, seq, found))
    return first_chunk(each, body_bytes, max_bytes=max_bytes)


_RISING = f"{COLUMNS} WHERE seq IN (SELECT value FROM json_each(?)) ORDER BY seq"
_FALLING = f"{_RISING} DESC"


_UP, _DOWN = "seq > ? ORDER BY seq", "seq < ? AND seq > 1 ORDER BY seq DESC"


def _rows(
    connection: sqlite3.Connection,
    ranges: list[tuple[str, tuple[str, ...]]],
    from_seq: int,
    limit: int,
    max_bytes: int | None,
    order: str = _UP,
) -> list[Row]:
    # One snapshot, or a record committed between two ranges would be skipped for ever.
    with one_view(connection) if len(ranges) > 1 else nullcontext():
        cursors = [
            connection.execute(
                f"{COLUMNS} WHERE {where} AND {order} LIMIT ?", (*parameters, from_seq, limit)
            )
            for where, parameters in ranges
        ]
        try:
            merged = heapq.merge(*cursors, key=itemgetter(0), reverse=order is _DOWN)
            return bounded(cursors[0] if len(cursors) == 1 else merged, limit, max_bytes)
        finally:
            for cursor in cursors:
                cursor.close()  # a cursor that is not read to its end would keep its snapshot


def _ranges(
    systems: Collection[str] | None, subject: str | None
) -> list[tuple[str, tuple[str, ...]]]:
    """Return conditions that together select what is wanted; an index answers each in order of seq.

    A range for each system: `system IN (…) ORDER BY seq` would sort all remaining rows.
    """
    if subject is not None:
        return [covered(subject)] if systems is None or system_of(subject) in systems else []
    if systems is None or set(systems).issuperset(SYSTEMS):
        return [("TRUE", ())]
    return [covered(system) for system in set(systems)]


def bounded(rows: Iterator[Row], limit: int, max_bytes: int | None) -> list[Row]:
    """Return the first rows up to both limits, and at least one.

    Some rows at a time, since checking each row by itself costs as much as reading it; and no more
    than fit if they are as large as the largest so far.
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
        return newest(connection, subject, limit, found)[::-1]
    return as_records(reversed(rows), found)


def newest(connection: sqlite3.Connection, subject: str, limit: int, found: Found) -> list[Record]:
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
    """Return the newest position that was ever assigned, also when its record is deleted."""
    row = connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'records'").fetchone()
    return int(row[0])
