# ruff: noqa: S608 - statements are put together from our own words; values are bound
"""The work of the writer thread's transactions: plain functions over one connection."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, field
from operator import itemgetter

from tidings.core.chunks import first_chunk
from tidings.core.errors import SeqConflict, StateConflict
from tidings.core.record import BIRTH_SEQ, Draft, Record, StateEntry, Stored
from tidings.store.base import TRIM_MARKS, Result, answer_of_key
from tidings.store.checksums import record_checksum, row_checksum
from tidings.store.sqlite.read import covered
from tidings.store.sqlite.records import record_at
from tidings.store.sqlite.values import get_state, live_keys

_ROWS_A_STATEMENT = (256, 16, 1)
"""Rows of one INSERT: each statement releases the GIL and takes it again, the main cost of a commit
beside a busy event loop. Few sizes, so that SQLite caches the statements."""

_TRIM_RECORDS = 1000
_TRIM_BYTES = 16 * 1024 * 1024
"""What one transaction deletes at most (and at least one record): some milliseconds, so that
publishers wait little."""


@dataclass(slots=True)
class Commit:
    """One commit in progress: what is decided so far, on top of what is stored.

    All records get the time `now_us`; keys of trimmed records are kept from `key_floor_us` on.
    """

    last_seq: int
    now_us: int
    key_floor_us: int
    records: list[Record] = field(default_factory=list)
    keys: dict[tuple[str, str], tuple[int, bytes]] = field(default_factory=dict)
    key_rows: list[tuple[int, str, str, bytes, int, int, int]] = field(default_factory=list)
    heads: dict[str, int] = field(default_factory=dict)

    def insert(self, connection: sqlite3.Connection, drafts: Sequence[Draft]) -> list[Result]:
        """Decide the drafts in order, each as if alone, and insert what is stored.

        Inside a transaction; once.
        """
        self._look_up_keys(connection, drafts)
        results = [self._decide(connection, draft) for draft in drafts]
        _insert(
            connection,
            "INSERT INTO records",
            [(*record, record_checksum(*record)) for record in self.records],
        )
        # REPLACE: the key of a record that was trimmed long ago may be used again
        _insert(connection, "INSERT OR REPLACE INTO keys", self.key_rows)
        return results

    def _look_up_keys(self, connection: sqlite3.Connection, drafts: Sequence[Draft]) -> None:
        wanted: dict[str, set[str]] = {}
        for draft in drafts:
            if draft.key is not None:
                wanted.setdefault(draft.system, set()).add(draft.key)
        for system, keys in wanted.items():
            found = live_keys(connection, system, keys, self.key_floor_us)
            self.keys.update(((system, key), held) for key, held in found.items())

    def _decide(self, connection: sqlite3.Connection, draft: Draft) -> Result:
        known = answer_of_key(draft, self.keys.get((draft.system, draft.key or "")))
        if known is not None:
            return known
        if draft.expect_last_seq is not None:
            head = self._head(connection, draft.subject)
            if head != draft.expect_last_seq:
                return SeqConflict(draft.subject, draft.expect_last_seq, head)
        seq = self.last_seq = self.last_seq + 1
        self.heads[draft.subject] = seq
        if draft.key is not None:
            self.keys[draft.system, draft.key] = (seq, draft.digest)
            named = (seq, draft.system, draft.key, draft.digest, self.now_us)
            self.key_rows.append((*named, 0, row_checksum(*named)))
        self.records.append(Record(seq, self.now_us, draft.system, draft.subject, draft.body))
        return Stored(seq)

    def _head(self, connection: sqlite3.Connection, subject: str) -> int:
        if subject not in self.heads:
            row = connection.execute(
                "SELECT max(seq) FROM records WHERE subject = ? AND seq > ?", (subject, BIRTH_SEQ)
            ).fetchone()
            self.heads[subject] = row[0] or 0
        return self.heads[subject]


def _insert(
    connection: sqlite3.Connection, into: str, rows: Sequence[tuple[int | str | bytes, ...]]
) -> None:
    done = 0
    for size in _ROWS_A_STATEMENT:
        while len(rows) - done >= size:
            some = rows[done : done + size]
            row = f"({','.join('?' * len(some[0]))})"
            connection.execute(
                f"{into} VALUES {','.join([row] * size)}", [value for one in some for value in one]
            )
            done += size


def mark_trimmed(
    connection: sqlite3.Connection, subject: str, through_seq: int
) -> StateEntry | None:
    """Mark that the subject's records up to a position may be gone, and return the mark.

    None: there are none to delete, so that nothing was written. Inside a transaction.
    """
    where, parameters = covered(subject)
    row = connection.execute(
        f"SELECT seq FROM records WHERE {where} AND seq > ? AND seq <= ? ORDER BY seq DESC LIMIT 1",
        (*parameters, BIRTH_SEQ, through_seq),
    ).fetchone()
    if row is None:
        return None
    (seq,) = row
    newest = record_at(connection, seq, subject)
    if not newest.is_damaged:  # a time that was damaged could be any, and would be kept for ever
        # Else the clock could go back behind times that were read, once the newest records are
        # gone.
        connection.execute(
            "UPDATE counters SET last_trimmed_us = max(last_trimmed_us, ?)",
            (newest.recorded_at_us,),
        )
    held = get_state(connection, TRIM_MARKS + subject)
    mark = max(seq, int(held.value) if held else 0)
    return put_state(connection, TRIM_MARKS + subject, b"%d" % mark, None)


def delete_chunk(
    connection: sqlite3.Connection, subject: str, through_seq: int, key_floor_us: int
) -> int:
    """Delete the oldest of the subject's records up to a position; return how many, 0 = none left.

    Their keys are deleted too, or stay until they are too old. Inside a transaction.
    """
    where, parameters = covered(subject)
    oldest = connection.execute(
        "SELECT seq, coalesce(length(body), 0) FROM records"
        f" WHERE {where} AND seq > ? AND seq <= ? ORDER BY seq LIMIT ?",
        (*parameters, BIRTH_SEQ, through_seq, _TRIM_RECORDS),
    )
    rows: list[tuple[int, int]] = first_chunk(oldest, itemgetter(1), max_bytes=_TRIM_BYTES)
    if not rows:
        return 0
    first_seq, last_seq = rows[0][0], rows[-1][0]
    chunk = f"{where} AND seq >= ? AND seq <= ?"
    bounds = (*parameters, first_seq, last_seq)
    theirs = f"seq IN (SELECT seq FROM records WHERE {chunk})"
    connection.execute(
        f"DELETE FROM keys WHERE {theirs} AND recorded_at_us < ?",
        (*bounds, key_floor_us),
    )
    connection.execute(f"UPDATE keys SET trimmed = 1 WHERE {theirs}", bounds)
    return connection.execute(f"DELETE FROM records WHERE {chunk}", bounds).rowcount


def purge_keys(connection: sqlite3.Connection, key_floor_us: int) -> int:
    """Delete some expired keys, and return how many. Inside a transaction."""
    old = "SELECT seq FROM keys WHERE trimmed = 1 AND recorded_at_us < ? LIMIT ?"
    return connection.execute(
        f"DELETE FROM keys WHERE seq IN ({old})",
        (key_floor_us, _TRIM_RECORDS),
    ).rowcount


def put_state(
    connection: sqlite3.Connection, name: str, value: bytes, expect_revision: int | None
) -> StateEntry:
    """Set a small value. Inside a transaction.

    Raises:
        StateConflict: it has another revision.
    """
    _expect(connection, name, expect_revision)
    connection.execute("UPDATE counters SET last_revision = last_revision + 1")
    revision = connection.execute("SELECT last_revision FROM counters").fetchone()[0]
    connection.execute(
        "INSERT OR REPLACE INTO state VALUES (?, ?, ?, ?)",
        (name, value, revision, row_checksum(name, value, revision)),
    )
    return StateEntry(name, value, revision)


def delete_state(connection: sqlite3.Connection, name: str, expect_revision: int | None) -> bool:
    """Remove a small value and say whether there was one. Inside a transaction.

    Raises:
        StateConflict: it has another revision.
    """
    _expect(connection, name, expect_revision)
    return connection.execute("DELETE FROM state WHERE name = ?", (name,)).rowcount > 0


def _expect(connection: sqlite3.Connection, name: str, expect_revision: int | None) -> None:
    held = get_state(connection, name)
    revision = held.revision if held else 0
    if expect_revision is not None and expect_revision != revision:
        raise StateConflict(name, expect_revision, revision)
