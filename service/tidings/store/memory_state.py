"""The content of a log in memory, and its small values."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from tidings.core.errors import LogClosed, StateConflict
from tidings.core.record import BIRTH_SEQ, Record, StateEntry
from tidings.store.watch import StateWatchers


@dataclass(frozen=True, slots=True)
class StoredKey:
    """A key, as it was stored: its record, the digest of its draft, and when."""

    seq: int
    digest: bytes
    recorded_at_us: int


@dataclass(slots=True)
class Shelf:
    """What a disk would hold: stores that are opened on it come and go."""

    log_id: str
    records: list[Record] = field(default_factory=list)
    keys: dict[tuple[str, str], StoredKey] = field(default_factory=dict)
    state: dict[str, StateEntry] = field(default_factory=dict)
    last_revision: int = 0
    last_seq: int = BIRTH_SEQ
    last_at_us: int = 0


class MemoryState:
    """Small values in a dict (`tidings.store.base.StateStore`). Belongs to its store."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf
        self._watchers = StateWatchers()
        self._closed = False

    async def get(self, name: str) -> StateEntry | None:
        """Return the value, or None."""
        self._check_open()
        return self._shelf.state.get(name)

    async def put(
        self, name: str, value: bytes, *, expect_revision: int | None = None
    ) -> StateEntry:
        """Set the value and return it with its new revision."""
        self._check_open()
        self._expect(name, expect_revision)
        self._shelf.last_revision += 1
        entry = self._shelf.state[name] = StateEntry(name, value, self._shelf.last_revision)
        self._watchers.changed(name, entry)
        return entry

    async def delete(self, name: str, *, expect_revision: int | None = None) -> None:
        """Remove the value."""
        self._check_open()
        self._expect(name, expect_revision)
        if self._shelf.state.pop(name, None) is not None:
            self._watchers.changed(name, None)

    async def list(self, prefix: str) -> list[StateEntry]:
        """Return every value whose name starts with `prefix`, by name."""
        self._check_open()
        return [
            entry
            for name, entry in sorted(self._shelf.state.items())
            if name[: len(prefix)] == prefix
        ]

    def watch(self, prefix: str) -> AsyncIterator[StateEntry | str]:
        """Yield every change from now on."""
        return self._watchers.watch(prefix)

    def close(self) -> None:
        """End every watch."""
        self._closed = True
        self._watchers.close()

    def _expect(self, name: str, expect_revision: int | None) -> None:
        held = self._shelf.state.get(name)
        revision = held.revision if held else 0
        if expect_revision is not None and expect_revision != revision:
            raise StateConflict(name, expect_revision, revision)

    def _check_open(self) -> None:
        if self._closed:
            raise LogClosed
