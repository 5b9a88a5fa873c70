# ruff: noqa: S608 - statements are put together from our own words; values are bound
"""Small values and keys as rows: plain functions over one connection."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable

from tidings.core.record import StateEntry
from tidings.store.base import TRIM_MARKS
from tidings.store.checksums import row_checksum

_PAST_ASCII = "\x7f"
_KEYS_A_STATEMENT = (256, 16, 1)


def get_state(connection: sqlite3.Connection, name: str) -> StateEntry | None:
    """Return a small value, or None if there is none or it is damaged."""
    found = _entries(connection.execute(f"{_STATE} WHERE name = ?", (name,)))
    return found[0] if found else None


def list_state(connection: sqlite3.Connection, prefix: str) -> list[StateEntry]:
    """Return every undamaged small value whose name starts with `prefix`, by name."""
    rows = connection.execute(
        f"{_STATE} WHERE name >= ? AND name < ? ORDER BY name", (prefix, prefix + _PAST_ASCII)
    )
    return _entries(rows)


_STATE = "SELECT name, value, revision, checksum FROM state"


def _entries(rows: Iterable[tuple[str, bytes, int, int | None]]) -> list[StateEntry]:
    """Return the entries of intact rows. A damaged token or policy gives no rights."""
    return [
        StateEntry(name, value, revision)
        for name, value, revision, checksum in rows
        if checksum is None or checksum == row_checksum(name, value, revision)
    ]


def marks(connection: sqlite3.Connection) -> dict[str, int]:
    """Return every trim mark by its subject."""
    entries = list_state(connection, TRIM_MARKS)
    return {entry.name.removeprefix(TRIM_MARKS): int(entry.value) for entry in entries}


def live_keys(
    connection: sqlite3.Connection, system: str, keys: Collection[str], floor_us: int
) -> dict[str, tuple[int, bytes]]:
    """Return (seq, digest) of each live key.

    Those are the keys of retained records and those that are no older than the floor.
    """
    left = list(keys)
    found: dict[str, tuple[int, bytes]] = {}
    for size in _KEYS_A_STATEMENT:  # few sizes, so that SQLite caches the statements
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
