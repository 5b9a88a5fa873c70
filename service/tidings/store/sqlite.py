"""The embedded store: one SQLite file, one writer thread, a few readers.

WAL, so that readers and the writer do not wait for each other; `synchronous=FULL`, so that what
was acknowledged is on stable storage; group commit of whatever waits, never delayed by a timer.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
import threading
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TypeVar

from tidings.core.clock import Clock
from tidings.core.errors import LogClosed, StoreUnavailable
from tidings.core.record import Bounds, Draft, Record, StateEntry, system_of
from tidings.store import sqlite_commit, sqlite_read
from tidings.store.base import Result
from tidings.store.feed import CommittedFeed
from tidings.store.sqlite_file import lock_directory, open_reader, open_writer, read_log_id
from tidings.store.sqlite_writer import Writer
from tidings.store.watch import StateWatchers

T = TypeVar("T")

DAY_S = 86_400.0
_READERS = 2


class SQLiteState:
    """Small values in a table (`tidings.store.base.StateStore`)."""

    def __init__(self, writer: Writer, readers: Readers) -> None:
        self._writer = writer
        self._readers = readers
        self._watchers = StateWatchers()

    async def get(self, name: str) -> StateEntry | None:
        """Return the value, or None."""
        return await self._readers.ask(partial(sqlite_read.get_state, name=name))

    async def put(
        self, name: str, value: bytes, *, expect_revision: int | None = None
    ) -> StateEntry:
        """Set the value durably and return it with its new revision."""
        entry = await self._writer.transact(
            lambda connection: sqlite_commit.put_state(connection, name, value, expect_revision)
        )
        self._watchers.changed(name, entry)
        return entry

    async def delete(self, name: str, *, expect_revision: int | None = None) -> None:
        """Remove the value durably."""
        existed = await self._writer.transact(
            lambda connection: sqlite_commit.delete_state(connection, name, expect_revision)
        )
        if existed:
            self._watchers.changed(name, None)

    async def list(self, prefix: str) -> list[StateEntry]:
        """Return every value whose name starts with `prefix`, by name."""
        return await self._readers.ask(partial(sqlite_read.list_state, prefix=prefix))

    def watch(self, prefix: str) -> AsyncIterator[StateEntry | str]:
        """Yield every change from now on."""
        return self._watchers.watch(prefix)

    def tell(self, entry: StateEntry) -> None:
        """Tell watchers of a change that the store itself made."""
        self._watchers.changed(entry.name, entry)

    def close(self) -> None:
        """End every watcher."""
        self._watchers.close()


class Readers:
    """A few threads with a connection each; none holds a transaction between questions."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._mine = threading.local()
        self._all: list[sqlite3.Connection] = []
        self._pool = ThreadPoolExecutor(_READERS, "tidings-reader")
        self._closed = False

    async def ask(self, question: Callable[[sqlite3.Connection], T]) -> T:
        """Answer a question in one of the threads.

        Raises:
            StoreUnavailable: the file cannot be read.
            LogClosed: after `close`.
        """
        if self._closed:
            raise LogClosed
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, self._run, question)
        except sqlite3.Error as error:
            raise StoreUnavailable(f"reading: {error}") from error

    def _run(self, question: Callable[[sqlite3.Connection], T]) -> T:
        connection: sqlite3.Connection | None = getattr(self._mine, "connection", None)
        if connection is None:
            connection = self._mine.connection = open_reader(self._directory)
            self._all.append(connection)
        return question(connection)

    async def close(self) -> None:
        """Finish what was asked and close every connection."""
        self._closed = True
        await asyncio.to_thread(self._pool.shutdown)
        for connection in self._all:
            connection.close()


class SQLiteStore:
    """A log in one file (`EventStore`). Made by `open_sqlite`; owned by one event loop."""

    def __init__(
        self,
        directory: Path,
        lock: int,
        connection: sqlite3.Connection,
        *,
        clock: Clock,
        key_retention_s: float,
    ) -> None:
        self._lock: int | None = lock
        self._clock = clock
        self._key_retention_us = int(key_retention_s * 1e6)
        self._log_id = read_log_id(connection)
        self._readers = Readers(directory)
        self._feed = CommittedFeed(self.read)
        self._writer = Writer(
            connection,
            clock=clock,
            key_retention_us=self._key_retention_us,
            on_commit=self._feed.offer,
        )
        self._state = SQLiteState(self._writer, self._readers)

    @property
    def log_id(self) -> str:
        """The log's identity."""
        return self._log_id

    @property
    def state(self) -> SQLiteState:
        """The small values beside the log."""
        return self._state

    async def append(self, drafts: Sequence[Draft]) -> list[Result]:
        """Commit a group and return its results once it is on stable storage."""
        return await self._writer.append(drafts)

    async def find_keys(
        self, system: str, keys: Collection[str]
    ) -> Mapping[str, tuple[int, bytes]]:
        """Return (seq, digest) of each key that counts."""
        floor_us = self._clock.now_us() - self._key_retention_us

        def find(connection: sqlite3.Connection) -> dict[str, tuple[int, bytes]]:
            found = {key: sqlite_commit.live_key(connection, system, key, floor_us) for key in keys}
            return {key: held for key, held in found.items() if held is not None}

        return await self._readers.ask(find)

    async def read(
        self,
        after_seq: int,
        limit: int,
        *,
        systems: Collection[str] | None = None,
        subject: str | None = None,
        max_bytes: int | None = None,
    ) -> list[Record]:
        """Return up to `limit` records past `after_seq`, in order."""
        return await self._readers.ask(
            lambda connection: sqlite_read.read(
                connection, after_seq, limit, systems, subject, max_bytes
            )
        )

    async def read_last(self, subject: str, limit: int) -> list[Record]:
        """Return the newest `limit` records of a subject, oldest first."""
        return await self._readers.ask(partial(sqlite_read.read_last, subject=subject, limit=limit))

    async def nth_last(self, system: str, count: int) -> int:
        """Return the position of a system's `count`-th newest record; 0 without one."""
        return await self._readers.ask(partial(sqlite_read.nth_last, system=system, count=count))

    async def seek(self, system: str | None, at_or_after_us: int) -> int:
        """Return the first position stored at or after a time."""
        return await self._readers.ask(
            partial(sqlite_read.seek, system=system, at_or_after_us=at_or_after_us)
        )

    async def bounds(self, system: str | None = None) -> Bounds:
        """Return what is retained."""
        return await self._readers.ask(partial(sqlite_read.bounds, system=system))

    def committed(self, after_seq: int) -> AsyncIterator[Sequence[Record]]:
        """Yield every record past `after_seq` as it is committed."""
        return self._feed.follow(after_seq)

    async def trim(self, subject: str, through_seq: int) -> int:
        """Mark the subject's records up to `through_seq` gone, then delete them bit by bit."""
        mark = await self._writer.transact(
            lambda connection: sqlite_commit.mark_trimmed(connection, subject, through_seq)
        )
        if mark is not None:
            self._state.tell(mark)
        deleted = 0
        while chunk := await self._writer.transact(
            lambda connection: sqlite_commit.delete_chunk(connection, subject, through_seq)
        ):
            deleted += chunk
        floor_us = self._clock.now_us() - self._key_retention_us
        while await self._writer.transact(
            lambda connection: sqlite_commit.purge_keys(
                connection, system_of(subject), through_seq, floor_us
            )
        ):
            pass
        return deleted

    async def close(self) -> None:
        """Commit what waits, end the threads, release the directory."""
        await self._writer.close()
        self._feed.close()
        self._state.close()
        await self._readers.close()
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None


async def open_sqlite(
    directory: Path,
    *,
    clock: Clock,
    durability: str = "full",
    key_retention_s: float = DAY_S,
) -> SQLiteStore:
    """Open the log in a directory, made if need be, and hold the directory until `close`.

    `durability` "full" survives a power cut, "relaxed" (synchronous=NORMAL) a crash of the process.

    Raises:
        StoreLocked: another process holds the directory.
        StoreCorrupt: the file is no log, or newer than this program.
    """

    def open_file() -> tuple[int, sqlite3.Connection]:
        lock = lock_directory(directory)
        try:
            return lock, open_writer(directory, durability, clock.now_us())
        except BaseException:
            os.close(lock)
            raise

    lock, connection = await asyncio.to_thread(open_file)
    return SQLiteStore(directory, lock, connection, clock=clock, key_retention_s=key_retention_s)
