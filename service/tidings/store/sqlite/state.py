"""Small values in a table beside the log."""

from __future__ import annotations

from collections.abc import AsyncIterator
from functools import partial

from tidings.core.record import StateEntry
from tidings.store.base import TRIM_MARKS
from tidings.store.sqlite import commit as sqlite_commit
from tidings.store.sqlite import values as sqlite_values
from tidings.store.sqlite.readers import Readers
from tidings.store.sqlite.writer import WriterThread
from tidings.store.watch import StateWatchers


class SQLiteState:
    """Small values (`tidings.store.base.StateStore`). Belongs to its store."""

    def __init__(self, writer: WriterThread, readers: Readers) -> None:
        self._writer = writer
        self._readers = readers
        self._watchers = StateWatchers()
        self._marks: list[StateEntry] = []
        self._marks_of = -1

    async def get(self, name: str) -> StateEntry | None:
        """Return the value, or None."""
        return await self._readers.ask(partial(sqlite_values.get_state, name=name))

    async def put(
        self, name: str, value: bytes, *, expect_revision: int | None = None
    ) -> StateEntry:
        """Set the value durably and return it with its new revision."""
        return await self._writer.transact(
            lambda connection: sqlite_commit.put_state(connection, name, value, expect_revision),
            self.tell,
        )

    async def delete(self, name: str, *, expect_revision: int | None = None) -> None:
        """Remove the value durably."""

        def tell(existed: bool) -> None:  # noqa: FBT001 - what the work returns
            if existed:
                self._watchers.changed(name, None)

        await self._writer.transact(
            lambda connection: sqlite_commit.delete_state(connection, name, expect_revision), tell
        )

    async def list(self, prefix: str) -> list[StateEntry]:
        """Return every value whose name starts with `prefix`, by name.

        Trim marks, which every answer looks at, are kept until another transaction is given to the
        writer: once it is committed records may be gone, and it is known here later than that.
        """
        if prefix != TRIM_MARKS:
            return await self._readers.ask(partial(sqlite_values.list_state, prefix=prefix))
        self._readers.check_open()
        given, ended = self._writer.given, self._writer.ended
        if self._marks_of != given:
            found = await self._readers.ask(partial(sqlite_values.list_state, prefix=prefix))
            if given > ended:  # it may have been committed after this was read
                return found
            self._marks, self._marks_of = found, given
        return [*self._marks]

    def watch(self, prefix: str) -> AsyncIterator[StateEntry | str]:
        """Yield every change from now on."""
        return self._watchers.watch(prefix)

    def tell(self, entry: StateEntry | None) -> None:
        """Notify watchers of a committed change; None = there was none."""
        if entry is not None:
            self._watchers.changed(entry.name, entry)

    def close(self) -> None:
        """End every watch."""
        self._watchers.close()
