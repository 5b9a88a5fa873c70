# ruff: noqa: S608 - statements are put together from our own words; values are bound
"""Questions that readers ask: plain functions over one connection, each of one consistent view."""

from __future__ import annotations

import heapq
import sqlite3
from collections.abc import Collection, Iterator
from contextlib import contextmanager, nullcontext
from functools import partial
from itertools import islice
from operator import itemgetter

from tidings.core.record import BIRTH_SEQ, SYSTEMS, Bounds, Record, StateEntry, system_of
from tidings.store.base import TRIM_MARKS, trimmed_through_of

_COLUMNS = "SELECT seq, recorded_at_us, system, subject, body FROM records"
HIGHEST_SEQ = 2**63 - 1
"""The highest position that SQLite can compare with; what callers ask for may be higher."""
_PAST_ASCII = "\x7f"
_KEYS_A_STATEMENT = (256, 16, 1)

_Row = tuple[int, int, str, str, bytes]


@contextmanager
def one_view(connection: sqlite3.Connection) -> Iterator[None]:
    """Let several statements see the same state of the log, whatever is committed meanwhile."""
    connection.execute("BEGIN")
    try:
        yield
    finally:
        connection.execute("COMMIT")


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
) -> list[Record]:
    """Return a page; see `EventStore.read`."""
    after_seq = min(max(after_seq, BIRTH_SEQ), HIGHEST_SEQ)
    ranges = _ranges(systems, subject)
    # One view, or a record committed between two ranges would be skipped for ever.
    with one_view(connection) if len(ranges) > 1 else nullcontext():
        cursors = [
            connection.execute(
                f"{_COLUMNS} WHERE {where} AND seq > ? ORDER BY seq LIMIT ?",
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


def bounded(rows: Iterator[_Row], limit: int, max_bytes: int | None) -> list[Record]:
    """Return the first rows, up to both bounds, or one.

    A few at a time, since looking at each row as it comes costs as much as reading it; and no more
    of them than there is room for, were they as large as the largest so far.
    """
    page: list[_Row] = []
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
    return list(map(_as_record, page))


_ROWS_AT_ONCE = 16
_BODY = itemgetter(4)
_as_record = partial(tuple.__new__, Record)  # `Record._make` would count the fields of every row


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


def count(connection: sqlite3.Connection, system: str, through_seq: int) -> int:
    """Return how many records of a system are retained up to a position."""
    row = connection.execute(
        "SELECT count(*) FROM records WHERE system = ? AND seq > ? AND seq <= ?",
        (system, BIRTH_SEQ, min(through_seq, HIGHEST_SEQ)),
    ).fetchone()
    return int(row[0])


def last_seq(connection: sqlite3.Connection) -> int:
    """Return the newest position that was ever given, also when its record is gone."""
    row = connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'records'").fetchone()
    return int(row[0])


def last_recorded_at_us(connection: sqlite3.Connection) -> int:
    """Return when the newest record was stored, also when it is gone."""
    newest = "SELECT recorded_at_us FROM records ORDER BY seq DESC LIMIT 1"
    row = connection.execute(f"SELECT max(last_trimmed_us, ({newest})) FROM counters").fetchone()
    return int(row[0])


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
            row = connection.execute(
                "SELECT seq, recorded_at_us FROM records WHERE seq >= ? ORDER BY seq LIMIT 1",
                (middle,),
            ).fetchone()
            if row is None or row[1] >= at_or_after_us:
                high = middle
            else:
                low = row[0] + 1
        where, parameters = ("TRUE", ()) if system is None else ("system = ?", (system,))
        first = connection.execute(
            f"SELECT min(seq) FROM records WHERE {where} AND seq >= ?", (*parameters, low)
        ).fetchone()[0]
        return end + 1 if first is None else int(first)


def bounds(connection: sqlite3.Connection, system: str | None) -> Bounds:
    """Return what is retained of a system, or of everything."""
    where, parameters = ("TRUE", ()) if system is None else ("system = ?", (system,))
    with one_view(connection):
        # Two statements: SQLite answers min or max alone from an index, both together by a scan.
        first, last = (
            connection.execute(
                f"SELECT {which}(seq) FROM records WHERE {where} AND seq > ?",
                (*parameters, BIRTH_SEQ),
            ).fetchone()[0]
            for which in ("min", "max")
        )
        trimmed_through = trimmed_through_of(system, list_state(connection, TRIM_MARKS))
        return Bounds(first or 0, last or 0, trimmed_through, last_seq(connection))


def marks(connection: sqlite3.Connection) -> dict[str, int]:
    """Return every trim mark by its subject."""
    entries = list_state(connection, TRIM_MARKS)
    return {entry.name.removeprefix(TRIM_MARKS): int(entry.value) for entry in entries}


def live_keys(
    connection: sqlite3.Connection, system: str, keys: Collection[str], floor_us: int
) -> dict[str, tuple[int, bytes]]:
    """Return (seq, digest) of each key that counts.

    Those are the keys of retained records and those that are no older than the floor.
    """
    left = list(keys)
    found: dict[str, tuple[int, bytes]] = {}
    for size in _KEYS_A_STATEMENT:  # few sizes, so that SQLite keeps the statements
        condition = f"system = ? AND key IN ({','.join('?' * size)})"
        while len(left) >= size:
            rows = connection.execute(
                "SELECT key, seq, digest FROM keys"
                f" WHERE {condition} AND (trimmed = 0 OR recorded_at_us >= ?)",
                (system, *left[-size:], floor_us),
            )
            found |= {key: (seq, digest) for key, seq, digest in rows}
            del left[-size:]
    return found


def get_state(connection: sqlite3.Connection, name: str) -> StateEntry | None:
    """Return a small value, or None."""
    row = connection.execute(
        "SELECT name, value, revision FROM state WHERE name = ?", (name,)
    ).fetchone()
    return StateEntry(*row) if row else None


def list_state(connection: sqlite3.Connection, prefix: str) -> list[StateEntry]:
    """Return every small value whose name starts with `prefix`, by name."""
    rows = connection.execute(
        "SELECT name, value, revision FROM state WHERE name >= ? AND name < ? ORDER BY name",
        (prefix, prefix + _PAST_ASCII),
    )
    return [StateEntry(*row) for row in rows]
