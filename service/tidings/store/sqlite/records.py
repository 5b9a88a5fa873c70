"""Records from rows, with their checksums verified; also where some rows cannot be read.

How this works: each row's checksum is verified. Where SQLite itself cannot read a page, the query
is repeated record by record along the table, and what cannot be read is returned as a damaged
record.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import pairwise
from typing import Any
from zlib import crc32

from tidings.core.damage import DAMAGED, Unproven
from tidings.core.record import BIRTH_SEQ, SYSTEMS, Record, system_of
from tidings.store.checksums import record_checksum, seed_of

COLUMNS = "SELECT seq, recorded_at_us, system, subject, body, checksum FROM records"
Row = tuple[int, int, str, str, bytes, int | None]
Found = Callable[[int, str], None]
"""Called with the position and system of a damaged record."""

# As bytes, since a damaged row may hold invalid text.
_RAW = (
    "SELECT seq, recorded_at_us, CAST(system AS BLOB), CAST(subject AS BLOB),"
    " CASE typeof(body) WHEN 'blob' THEN body END, checksum FROM records NOT INDEXED"
)
_UNKNOWN = "tidings"
"""The system of a damaged record whose system cannot be read."""

_BAD_SECTOR = frozenset(
    {sqlite3.SQLITE_IOERR_READ, sqlite3.SQLITE_IOERR_SHORT_READ, sqlite3.SQLITE_IOERR_CORRUPTFS}
)

_new_record = partial(tuple.__new__, Record)  # `Record._make` would count the fields of every row


def nobody(seq: int, system: str) -> None:
    """Ignore a damaged record."""


def as_records(rows: Iterable[Row], found: Found = nobody) -> list[Record]:
    """Return the records of rows; a damaged one has the body `DAMAGED`."""
    return check_rows(list(rows), found)[0]


def check_rows(
    rows: list[Row], found: Found = nobody, after_seq: int = 0
) -> tuple[list[Record], bool]:
    """Return the records of rows, and whether all are intact and in rising order."""
    records: list[Record] = []
    is_whole = True
    seed, seeded = 0, ("", "")
    last_seq = after_seq
    try:
        for seq, at_us, system, subject, body, checksum in rows:
            if seq <= last_seq:
                is_whole = False
            last_seq = seq
            # `record_checksum`, inlined: catching up runs it for every record
            if (system, subject) != seeded:
                seed, seeded = seed_of(system, subject), (system, subject)
            mixed = seq ^ at_us
            if checksum is None:
                records.append(_new_record((seq, at_us, system, subject, Unproven(body))))
            elif crc32(body, seed ^ mixed ^ (mixed >> 32)) != checksum:
                records.append(_damaged(seq, at_us, system, subject, found))
                is_whole = False
            else:
                records.append(_new_record((seq, at_us, system, subject, body)))
    except TypeError:  # a column is not even of its type
        records = [_checked(row, found) for row in rows]
        is_whole = False
    return records, is_whole


def are_in_place(records: list[Record], after_seq: int) -> bool:
    """Say whether the positions of the records are in order, and the last record is intact.

    Else a position may be damaged too, and this page does not suffice to tell which.
    """
    seqs = [after_seq, *(record.seq for record in records)]
    rises = all(low < high for low, high in pairwise(seqs))
    return rises and not records[-1].is_damaged


def are_in_place_before(records: list[Record], before_seq: int) -> bool:
    """Say the same of records that were read backwards from a position."""
    seqs = [before_seq, *(record.seq for record in records)]
    falls = all(high > low for high, low in pairwise(seqs))
    return falls and not records[-1].is_damaged


def _between(damaged: Iterable[Record], low_seq: int, high_seq: int) -> Iterator[Record]:
    for record in damaged:
        if low_seq < record.seq < high_seq:
            yield record
            low_seq = record.seq


def is_damage(error: sqlite3.Error) -> bool:
    """Say whether an error means only that a part of the file cannot be read.

    That is a damaged page, a bad sector, or invalid UTF-8, which has no code.
    """
    code: int | None = getattr(error, "sqlite_errorcode", None)
    return code is None or code & 0xFF == sqlite3.SQLITE_CORRUPT or code in _BAD_SECTOR


def forwards(
    connection: sqlite3.Connection, after_seq: int, end_seq: int, found: Found = nobody
) -> Iterator[Record]:
    """Yield every record past a position, and a damaged one for each that cannot be read."""
    seq = max(after_seq, BIRTH_SEQ)
    while seq < end_seq:
        waiting: list[Record] = []  # until an intact record after them confirms their order
        try:
            for row in connection.execute(f"{_RAW} WHERE seq > ? ORDER BY seq", (seq,)):
                record = _checked(row, found)
                if record.is_damaged:
                    waiting.append(record)
                elif record.seq > seq:
                    yield from _between(waiting, seq, record.seq)
                    yield record
                    waiting, seq = [], record.seq
        except sqlite3.DatabaseError as error:
            if not is_damage(error):
                raise
            seq += 1
            yield from at(connection, seq, found)
        else:
            yield from _between(waiting, seq, end_seq + 1)
            return


def backwards(
    connection: sqlite3.Connection,
    end_seq: int,
    found: Found = nobody,
    *,
    with_birth: bool = False,
) -> Iterator[Record]:
    """Yield every record backwards from a position, and a damaged one for each unreadable one."""
    for seq in range(end_seq, BIRTH_SEQ - with_birth, -1):
        yield from at(connection, seq, found)


def covers_record(system_or_subject: str, record: Record) -> bool:
    """Say whether a record belongs to a system or subject; a damaged one may."""
    if record.is_damaged and record.system == _UNKNOWN:
        return True
    wanted = record.subject if "." in system_or_subject else record.system
    return wanted == system_or_subject


def record_at(
    connection: sqlite3.Connection, seq: int, subject: str, found: Found = nobody
) -> Record:
    """Return the record at a position; its subject is known from an index."""
    record = next(at(connection, seq, found), None)
    if record is None or record.is_damaged:
        at_us = record.recorded_at_us if record else 0
        return Record(seq, at_us, system_of(subject), subject, DAMAGED)
    return record


def at(connection: sqlite3.Connection, seq: int, found: Found) -> Iterator[Record]:
    """Yield the record at a position, if it exists, as far as it can be read."""
    try:
        row = connection.execute(f"{_RAW} WHERE seq = ?", (seq,)).fetchone()
    except sqlite3.DatabaseError as error:
        if not is_damage(error):
            raise
        yield _damaged(seq, 0, _UNKNOWN, _UNKNOWN, found)
    else:
        if row is not None:
            yield _checked(row, found)


def _checked(row: tuple[Any, ...], found: Found) -> Record:
    """Return the record of a row whose columns may have any type."""
    seq, at_us, system, subject, body, checksum = row
    system, subject = _text(system), _text(subject)
    if not isinstance(at_us, int):
        return _damaged(seq, 0, system, subject, found)
    is_whole = isinstance(body, bytes) and (
        checksum is None or checksum == record_checksum(seq, at_us, system, subject, body)
    )
    if is_whole and system in SYSTEMS:
        proven = Unproven(body) if checksum is None else body
        return Record(seq, at_us, system, subject, proven)
    return _damaged(seq, at_us, system, subject, found)


def _text(value: object) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _damaged(seq: int, at_us: int, system: object, subject: object, found: Found) -> Record:
    system, subject = _text(system), _text(subject)
    if system not in SYSTEMS or system_of(subject) != system:
        system = subject = _UNKNOWN
    found(seq, system)
    return Record(seq, at_us, system, subject, DAMAGED)
