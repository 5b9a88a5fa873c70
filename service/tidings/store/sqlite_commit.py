"""What the writer thread does inside its transactions: plain functions over one connection."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, field

from tidings.core.errors import KeyReused, SeqConflict, StateConflict
from tidings.core.record import BIRTH_SEQ, Draft, Record, StateEntry, Stored
from tidings.store.base import Result
from tidings.store.sqlite_read import covered, marks

_INSERT_RECORD = "INSERT INTO records VALUES (?, ?, ?, ?, ?)"
# REPLACE: the key of a record that was trimmed long ago may be used again
_INSERT_KEY = "INSERT OR REPLACE INTO keys VALUES (?, ?, ?, ?, ?)"
_SELECT_KEY = "SELECT seq, digest, recorded_at_us FROM keys WHERE system = ? AND key = ?"
_SELECT_HEAD = "SELECT max(seq) FROM records WHERE subject = ? AND seq > ?"
_TRIM_CHUNK = 1000
"""Rows that one transaction deletes: a few milliseconds, so that publishers hardly wait."""


@dataclass(slots=True)
class Group:
    """One group commit in the making: what is decided so far, on top of what is stored."""

    last_seq: int
    now_us: int
    key_floor_us: int
    committed: list[Record] = field(default_factory=list)
    keys: dict[tuple[str, str], tuple[int, bytes]] = field(default_factory=dict)
    heads: dict[str, int] = field(default_factory=dict)

    def decide(self, connection: sqlite3.Connection, draft: Draft) -> Result:
        """Say what becomes of one draft as if it were alone: key, expectation, stored."""
        if draft.key is not None:
            held = self._stored_key(connection, draft.system, draft.key)
            if held is not None:
                if held[1] != draft.digest:
                    return KeyReused(draft.key, held[0])
                return Stored(held[0], duplicate=True)
        if draft.expect_last_seq is not None:
            head = self._head(connection, draft.subject)
            if head != draft.expect_last_seq:
                return SeqConflict(draft.subject, draft.expect_last_seq, head)
        self.last_seq += 1
        self.heads[draft.subject] = self.last_seq
        if draft.key is not None:
            self.keys[draft.system, draft.key] = (self.last_seq, draft.digest)
        self.committed.append(
            Record(self.last_seq, self.now_us, draft.system, draft.subject, draft.body)
        )
        return Stored(self.last_seq)

    def write(self, connection: sqlite3.Connection) -> None:
        """Insert what was decided. Inside the transaction of the group."""
        connection.executemany(
            _INSERT_RECORD,
            [(r.seq, r.recorded_at_us, r.system, r.subject, r.body) for r in self.committed],
        )
        if self.keys:
            connection.executemany(
                _INSERT_KEY,
                [(*named, seq, digest, self.now_us) for named, (seq, digest) in self.keys.items()],
            )

    def _stored_key(
        self, connection: sqlite3.Connection, system: str, key: str
    ) -> tuple[int, bytes] | None:
        fresh = self.keys.get((system, key))
        return fresh or live_key(connection, system, key, self.key_floor_us)

    def _head(self, connection: sqlite3.Connection, subject: str) -> int:
        if subject not in self.heads:
            found = connection.execute(_SELECT_HEAD, (subject, BIRTH_SEQ)).fetchone()[0]
            self.heads[subject] = found or 0
        return self.heads[subject]


def live_key(
    connection: sqlite3.Connection, system: str, key: str, floor_us: int
) -> tuple[int, bytes] | None:
    """Return (seq, digest) of a key that counts: younger than the floor, or record kept."""
    row = connection.execute(_SELECT_KEY, (system, key)).fetchone()
    if row is None:
        return None
    seq, digest, recorded_at_us = row
    if recorded_at_us < floor_us and not _is_retained(connection, seq):
        return None
    return seq, digest


def _is_retained(connection: sqlite3.Connection, seq: int) -> bool:
    return connection.execute("SELECT 1 FROM records WHERE seq = ?", (seq,)).fetchone() is not None


def mark_trimmed(
    connection: sqlite3.Connection, subject: str, through_seq: int
) -> StateEntry | None:
    """Write down that records up to a position may be gone; None = there are none."""
    where, parameters = covered(subject)
    row = connection.execute(
        f"SELECT max(seq) FROM records WHERE {where} AND seq > ? AND seq <= ?",  # noqa: S608 - our own text
        (*parameters, BIRTH_SEQ, through_seq),
    ).fetchone()
    if row[0] is None:
        return None
    mark = max(row[0], marks(connection).get(subject, 0))
    return put_state(connection, f"trim/{subject}", b"%d" % mark, None)


def delete_chunk(connection: sqlite3.Connection, subject: str, through_seq: int) -> int:
    """Delete a chunk of the subject's oldest records up to a position; return how many."""
    where, parameters = covered(subject)
    deleted = connection.execute(
        f"DELETE FROM records WHERE seq IN (SELECT seq FROM records WHERE {where}"  # noqa: S608 - as above
        " AND seq > ? AND seq <= ? ORDER BY seq LIMIT ?)",
        (*parameters, BIRTH_SEQ, through_seq, _TRIM_CHUNK),
    )
    return deleted.rowcount


def purge_keys(connection: sqlite3.Connection, system: str, through_seq: int, floor_us: int) -> int:
    """Forget a chunk of the keys that no longer count, and return how many."""
    deleted = connection.execute(
        "DELETE FROM keys WHERE system = ? AND key IN ("
        " SELECT key FROM keys WHERE system = ? AND seq <= ? AND recorded_at_us < ?"
        " AND NOT EXISTS (SELECT 1 FROM records WHERE records.seq = keys.seq) LIMIT ?)",
        (system, system, through_seq, floor_us, _TRIM_CHUNK),
    )
    return deleted.rowcount


def put_state(
    connection: sqlite3.Connection, name: str, value: bytes, expect_revision: int | None
) -> StateEntry:
    """Set a small value. Inside a transaction.

    Raises:
        StateConflict: it has another revision.
    """
    _expect(connection, name, expect_revision)
    row = connection.execute("UPDATE counter SET revision = revision + 1 RETURNING revision")
    revision = row.fetchone()[0]
    connection.execute("INSERT OR REPLACE INTO state VALUES (?, ?, ?)", (name, value, revision))
    return StateEntry(name, value, revision)


def delete_state(connection: sqlite3.Connection, name: str, expect_revision: int | None) -> bool:
    """Remove a small value and say whether there was one. Inside a transaction.

    Raises:
        StateConflict: it has another revision.
    """
    _expect(connection, name, expect_revision)
    return connection.execute("DELETE FROM state WHERE name = ?", (name,)).rowcount > 0


def _expect(connection: sqlite3.Connection, name: str, expect_revision: int | None) -> None:
    row = connection.execute("SELECT revision FROM state WHERE name = ?", (name,)).fetchone()
    revision = row[0] if row else 0
    if expect_revision is not None and expect_revision != revision:
        raise StateConflict(name, expect_revision, revision)


def decide_group(
    connection: sqlite3.Connection, group: Group, drafts: Sequence[Draft]
) -> list[Result]:
    """Decide a group's drafts in order and write what is stored. Inside a transaction."""
    results = [group.decide(connection, draft) for draft in drafts]
    group.write(connection)
    return results
