"""Rows of records, checked; and how to get at the others when some of them cannot be read.

How this works: questions are asked as if nothing could be wrong, and each row's checksum is looked
at. Where SQLite itself stumbles over a page the question is asked once more, record by record along
the table alone, and what cannot be read stands in its place as damaged.
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
"""Hears of a damaged record: its position and system."""

# As bytes, since the text of a damaged row may be none.
_RAW = (
    "SELECT seq, recorded_at_us, CAST(system AS BLOB), CAST(subject AS BLOB),"
    " CASE typeof(body) WHEN 'blob' THEN body END, checksum FROM records NOT INDEXED"
)
_UNKNOWN = "tidings"
"""The system of a damaged record that does not say it."""

_BAD_SECTOR = frozenset(
    {sqlite3.SQLITE_IOERR_READ, sqlite3.SQLITE_IOERR_SHORT_READ, sqlite3.SQLITE_IOERR_CORRUPTFS}
)

_new_record = partial(tuple.__new__, Record)  # `Record._make` would count the fields of every row


def nobody(seq: int, system: str) -> None:
    """Hear of a damaged record, and tell nobody."""


def as_records(rows: Iterable[Row], found: Found = nobody) -> list[Record]:
    """Return the records of rows; a damaged one has no body but `DAMAGED`."""
    return check_rows(list(rows), found)[0]


def check_rows(
    rows: list[Row], found: Found = nobody, after_seq: int = 0
) -> tuple[list[Record], bool]:
    """Return the records of rows, and whether all is well: none damaged, positions that rise."""
    records: list[Record] = []
    is_whole = True
    seed, seeded = 0, ("", "")
    last_seq = after_seq
    try:
        for seq, at_us, system, subject, body, checksum in rows:
            if seq <= last_seq:
                is_whole = False
            last_seq = seq
            # `record_checksum` by hand: who catches up pays for it with every record
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
    """Say whether each record stands between those around it, the last one being whole.

    Else a position may be damaged as well, and it takes more than this page to tell which.
    """
    seqs = [after_seq, *(record.seq for record in records)]
    rises = all(low < high for low, high in pairwise(seqs))
    return rises and not records[-1].is_damaged


def _between(damaged: Iterable[Record], low_seq: int, high_seq: int) -> Iterator[Record]:
    for record in damaged:
        if low_seq < record.seq < high_seq:
            yield record
            low_seq = record.seq


def is_damage(error: sqlite3.Error) -> bool:
    """Say whether an error means that a part of the file cannot be read, and no more than that.

    That is a damaged page, a bad sector, or text that is no UTF-8, for which there is no code.
    """
    code: int | None = getattr(error, "sqlite_errorcode", None)
    return code is None or code & 0xFF == sqlite3.SQLITE_CORRUPT or code in _BAD_SECTOR


def forwards(
    connection: sqlite3.Connection, after_seq: int, end_seq: int, found: Found = nobody
) -> Iterator[Record]:
    """Yield every record past a position, and a damaged one for what cannot be read."""
    seq = max(after_seq, BIRTH_SEQ)
    while seq < end_seq:
        waiting: list[Record] = []  # until a whole one behind them says that they are in place
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
            yield from _one(connection, seq, found)
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
    """Yield every record from a position down, and a damaged one for what cannot be read."""
    for seq in range(end_seq, BIRTH_SEQ - with_birth, -1):
        yield from _one(connection, seq, found)


def covers_record(system_or_subject: str, record: Record) -> bool:
    """Say whether a record belongs to a system or subject; a damaged one may do, if to any."""
    if record.is_damaged and record.system == _UNKNOWN:
        return True
    wanted = record.subject if "." in system_or_subject else record.system
    return wanted == system_or_subject


def record_at(
    connection: sqlite3.Connection, seq: int, subject: str, found: Found = nobody
) -> Record:
    """Return the record at a position that an index gives to a subject, which is believed."""
    record = next(_one(connection, seq, found), None)
    if record is None or record.is_damaged:
        at_us = record.recorded_at_us if record else 0
        return Record(seq, at_us, system_of(subject), subject, DAMAGED)
    return record


def _one(connection: sqlite3.Connection, seq: int, found: Found) -> Iterator[Record]:
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
    """Return the record of a row of which nothing is known, not even what its columns hold."""
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
