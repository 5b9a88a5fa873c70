"""The service's queries to the index: read-only, in a thread, and optional.

There may be no index, an old one, or a broken one, and it may be deleted between two questions:
each is answered from one snapshot of one file, together with that file's extent.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TypeVar

import structlog

from tidings.core.conditions import Conditions
from tidings.core.extent import Extent, Found
from tidings.core.object_question import Newest, StateQuestion
from tidings.core.tallies import Tallied, TallyQuestion
from tidings.index import count_table, object_table, term_table
from tidings.index.file import FILE_NAME, extent_of
from tidings.index.terms import UNKNOWN, question

_log = structlog.get_logger("tidings.index")

WATCH_S = 5.0

T = TypeVar("T")


class IndexReader:
    """Answers from the index of the log in a directory. Belongs to one event loop.

    An answer of None means that the index cannot tell, and the log has to be read.
    """

    def __init__(self, directory: Path, log_id: str) -> None:
        self._path = directory / FILE_NAME
        self._log_id = log_id
        self._pool = ThreadPoolExecutor(1, "tidings-index")
        self._connection: sqlite3.Connection | None = None
        self._inode = 0
        self._told = ""
        self._is_closed = False
        self.known: Extent | None = None
        """Its extent when it was last read."""

    async def extent(self) -> Extent | None:
        """Return the index's extent of this log."""
        return await self._ask(lambda _, extent: extent)

    async def watch(self) -> None:
        """Read it regularly, so that `known` stays current; until cancelled."""
        while True:
            await self.extent()
            await asyncio.sleep(WATCH_S)

    async def find(
        self,
        systems: Collection[str] | None,
        conditions: Conditions,
        after_seq: int,
        before_seq: int,
        limit: int,
        *,
        newest_first: bool,
    ) -> Found | None:
        """Return the first positions between two whose records may meet conditions.

        They are sure, but for words, unless a record is among them that could not be read.

        Both positions are exclusive. Nothing is known outside the extent. None also where all
        records may meet them. `systems` None = any.
        """

        def answer(connection: sqlite3.Connection, extent: Extent) -> Found | None:
            expression = question(systems, conditions, term_table.kinds_of(connection))
            if not expression:
                return None
            find = partial(term_table.find, connection, newest_first=newest_first)
            seqs = find(expression, after_seq, before_seq, limit)
            unread = seqs and find(UNKNOWN, min(seqs) - 1, max(seqs) + 1, 1)
            return Found(extent, seqs, are_sure=not unread)

        return await self._ask(answer)

    async def tally(self, asked: TallyQuestion) -> tuple[Extent, Sequence[Tallied]] | None:
        """Return counts within the extent, perhaps several for one key."""
        return await self._ask(
            lambda connection, extent: (extent, list(count_table.tally(connection, asked)))
        )

    async def states(self, asked: StateQuestion) -> tuple[Extent, Sequence[Newest]] | None:
        """Return the objects that existed, by newest event first."""
        return await self._ask(
            lambda connection, extent: (
                extent,
                object_table.states(connection, asked, extent.floor_seq),
            )
        )

    async def versions(
        self, name: int, after_seq: int, before_seq: int, limit: int
    ) -> Found | None:
        """Return the newest positions between two, exclusive, that carry an object or a name.

        `name` is the number of either (`tidings.core.object_question`).
        """
        return await self._ask(
            lambda connection, extent: Found(
                extent, object_table.versions(connection, name, after_seq, before_seq, limit)
            )
        )

    async def close(self) -> None:
        """Finish running queries and close the file; later ones return None."""
        self._is_closed = True
        await asyncio.to_thread(self._pool.shutdown)
        self._forget()

    async def _ask(self, answer: Callable[[sqlite3.Connection, Extent], T]) -> T | None:
        if self._is_closed:
            return None
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._pool, partial(self._answer, answer))

    def _answer(self, answer: Callable[[sqlite3.Connection, Extent], T]) -> T | None:
        self.known = None
        try:
            connection = self._open()
            if connection is None:
                return None
            connection.execute("BEGIN")
            try:
                extent = extent_of(connection)
                if extent is None or extent.log_id != self._log_id:
                    return None
                self.known = extent
                return answer(connection, extent)
            finally:
                connection.execute("ROLLBACK")
        except sqlite3.Error as error:
            self._forget()
            self._tell(str(error))
            return None

    def _open(self) -> sqlite3.Connection | None:
        """Return a connection to the current file."""
        try:
            inode = self._path.stat().st_ino
        except OSError:
            self._forget()
            return None
        if self._connection is None or inode != self._inode:
            self._forget()
            self._connection = sqlite3.connect(
                f"{self._path.resolve().as_uri()}?mode=ro",
                uri=True,
                isolation_level=None,
                check_same_thread=False,
            )
            self._inode = inode
            count_table.prepare(self._connection)
            object_table.prepare(self._connection)
        return self._connection

    def _forget(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _tell(self, problem: str) -> None:
        """Log what is wrong with the file, once."""
        if problem != self._told:
            self._told = problem
            _log.warning(
                "the index cannot be read; questions are answered without", problem=problem
            )
