"""Reads all that a log has between two positions, for a copy of it: over one connection."""

from __future__ import annotations

import sqlite3
from typing import Any

from tidings.core.record import BIRTH_SEQ, KeyEntry, Stretch
from tidings.store.checksums import row_checksum
from tidings.store.sqlite.read import HIGHEST_SEQ, last_seq, read
from tidings.store.sqlite.records import Found, nobody

_KEYS = (
    "SELECT seq, system, key, digest, recorded_at_us, checksum FROM keys"
    " WHERE seq > ? AND seq <= ? ORDER BY seq LIMIT ?"
)


def stretch(
    connection: sqlite3.Connection,
    after_seq: int,
    limit: int,
    max_bytes: int,
    found: Found = nobody,
) -> Stretch:
    """Return a stretch; see `EventStore.stretch`. `found` is called with damaged records.

    Not on one snapshot: what is trimmed between its statements was marked before.
    """
    after_seq = min(max(after_seq, BIRTH_SEQ), HIGHEST_SEQ)
    end_seq = last_seq(connection)  # before the read, or what arrives meanwhile is skipped
    records = read(connection, after_seq, limit, max_bytes=max_bytes, found=found)
    through_seq = records[-1].seq if records else max(after_seq, end_seq)
    rows = connection.execute(_KEYS, (after_seq, through_seq, limit)).fetchall()
    if len(rows) == limit:  # there may be more of them
        through_seq = int(rows[-1][0])
        records = [record for record in records if record.seq <= through_seq]
    return Stretch(records, [_key_of(row) for row in rows], through_seq)


def _key_of(row: tuple[Any, ...]) -> KeyEntry:
    seq, system, key, digest, recorded_at_us, checksum = row
    if checksum is not None and checksum != row_checksum(*row[:-1]):
        return KeyEntry(seq, str(system), "", b"", 0)
    return KeyEntry(seq, system, key, digest, recorded_at_us)
