"""The embedded store: one SQLite file, one writer thread, a few readers.

WAL, so that readers and the writer do not wait for each other; `synchronous=FULL`, so that what
was acknowledged is on stable storage; group commit of whatever waits, never delayed by a timer.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sqlite3
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from functools import partial
from pathlib import Path

from tidings.core.clock import Clock
from tidings.core.damage import DamageReport
from tidings.core.record import Bounds, Draft, Record
from tidings.store.base import Result
from tidings.store.feed import PAGE_BYTES, PAGE_RECORDS, CommittedFeed
from tidings.store.sqlite import commit as sqlite_commit
from tidings.store.sqlite import read as sqlite_read
from tidings.store.sqlite import values as sqlite_values
from tidings.store.sqlite.disk import Disk
from tidings.store.sqlite.file import (
    FILE_NAME,
    WAL_NAME,
    explained,
    lock_directory,
    open_writer,
    read_log_id,
)
from tidings.store.sqlite.readers import Readers
from tidings.store.sqlite.rescue import rescue
from tidings.store.sqlite.state import SQLiteState
from tidings.store.sqlite.writer import Writer

DAY_S = 86_400.0


class SQLiteStore:
    """A log in one file (`tidings.store.base.EventStore`). Made by `open_sqlite`.

    Belongs to one event loop. Owns the lock on the directory and the writing connection until
    `close`.
    """

    def __init__(
        self,
        directory: Path,
        lock: int,
        connection: sqlite3.Connection,
        readers: Readers,
        *,
        clock: Clock,
        key_retention_s: float,
    ) -> None:
        self._lock: int | None = lock
        self._connection = connection
        self._clock = clock
        self._key_retention_us = int(key_retention_s * 1e6)
        self._log_id = read_log_id(connection)
        self._readers = readers
        self._damage = DamageReport()
        self._feed = CommittedFeed(self._read_page)
        self._writer = Writer(
            connection,
            wal=directory / WAL_NAME,
            disk=Disk(directory),
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

    @property
    def damage(self) -> DamageReport:
        """Which records were found damaged."""
        return self._damage

    async def append(self, drafts: Sequence[Draft]) -> list[Result]:
        """Commit a group and return its results once it is on stable storage."""
        return await self._writer.append(drafts)

    async def probe(self, size_bytes: int) -> None:
        """Return when a record with so many bytes could be stored now."""
        await self._writer.probe(size_bytes)

    async def find_keys(
        self, system: str, keys: Collection[str]
    ) -> Mapping[str, tuple[int, bytes]]:
        """Return (seq, digest) of each key that counts."""
        floor_us = self._key_floor_us()
        return await self._readers.ask(
            partial(sqlite_values.live_keys, system=system, keys=keys, floor_us=floor_us)
        )

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
            partial(
                sqlite_read.read,
                after_seq=after_seq,
                limit=limit,
                systems=systems,
                subject=subject,
                max_bytes=max_bytes,
                found=self._damage.found,
            )
        )

    async def _read_page(self, after_seq: int) -> Sequence[Record]:
        return await self.read(after_seq, PAGE_RECORDS, max_bytes=PAGE_BYTES)

    async def read_last(self, subject: str, limit: int) -> list[Record]:
        """Return the newest `limit` records of a subject, oldest first."""
        found = self._damage.found
        return await self._readers.ask(
            partial(sqlite_read.read_last, subject=subject, limit=limit, found=found)
        )

    async def nth_last(self, system: str, count: int) -> int:
        """Return the position of a system's `count`-th newest record; 0 without one."""
        return await self._readers.ask(partial(sqlite_read.nth_last, system=system, count=count))

    async def count(self, system: str, through_seq: int) -> int:
        """Return how many records of a system are retained up to a position."""
        return await self._readers.ask(
            partial(sqlite_read.count, system=system, through_seq=through_seq)
        )

    async def seek(self, system: str | None, at_or_after_us: int) -> int:
        """Return the first position stored at or after a time."""
        return await self._readers.ask(
            partial(sqlite_read.seek, system=system, at_or_after_us=at_or_after_us)
        )

    async def bounds(self, system: str | None = None) -> Bounds:
        """Return what is retained."""
        return await self._readers.ask(partial(sqlite_read.bounds, system=system))

    async def end_seq(self, hoped_seq: int = 0) -> int:
        """Return the newest position that the log ever gave."""
        del hoped_seq  # there is nobody else to ask
        return await self._readers.ask(sqlite_read.last_seq)

    def committed(self, after_seq: int) -> AsyncIterator[Sequence[Record]]:
        """Yield every record past `after_seq` as it is committed."""
        return self._feed.follow(after_seq)

    async def trim(self, subject: str, through_seq: int) -> int:
        """Delete the subject's records up to `through_seq`, after marking them gone.

        In transactions of a few milliseconds, with publishers' commits in between. Cancelling
        leaves the rest to the next call.
        """
        through_seq = min(through_seq, sqlite_read.HIGHEST_SEQ)
        floor_us = self._key_floor_us()
        marked = await self._writer.transact(
            lambda connection: sqlite_commit.mark_trimmed(connection, subject, through_seq),
            self._state.tell,
        )
        deleted = 0
        if marked is not None:
            while chunk := await self._writer.transact(
                lambda connection: sqlite_commit.delete_chunk(
                    connection, subject, through_seq, floor_us
                )
            ):
                deleted += chunk
        while await self._writer.transact(
            lambda connection: sqlite_commit.purge_keys(connection, floor_us)
        ):
            pass
        return deleted

    async def close(self) -> None:
        """Commit what waits, end the threads, release the directory; a second call does nothing.

        Cancelling leaves it closed for callers and the directory locked: call it again.
        """
        await self._writer.close()
        self._feed.close()
        self._state.close()
        await self._readers.close()
        if self._lock is not None:
            lock, self._lock = self._lock, None
            # the last connection: its end writes the WAL into the database, which takes a while
            await asyncio.to_thread(self._connection.close)
            os.close(lock)

    def _key_floor_us(self) -> int:
        return self._clock.now_us() - self._key_retention_us


async def open_sqlite(
    directory: Path,
    *,
    clock: Clock,
    durability: str = "full",
    key_retention_s: float = DAY_S,
) -> SQLiteStore:
    """Open the log in a directory, made if need be, and hold the directory until `close`.

    `durability` "full" survives a power cut, "relaxed" (synchronous=NORMAL) a crash of the
    process. Cancelling may leave the directory locked until the process ends.

    Raises:
        StoreLocked: another process holds the directory.
        StoreCorrupt: the file is no log, is newer than this program, or makes no sense.
        StoreUnavailable: the directory or the file cannot be read or written.
    """

    def open_files() -> tuple[int, sqlite3.Connection, Readers]:
        with contextlib.ExitStack() as undo:
            lock = lock_directory(directory)
            undo.callback(os.close, lock)
            rescue(directory)
            connection = open_writer(directory, durability, clock.now_us())
            undo.callback(connection.close)
            readers = Readers(directory)
            undo.pop_all()
        return lock, connection, readers

    lock, connection, readers = await asyncio.to_thread(open_files)
    try:
        with explained(directory / FILE_NAME):
            return SQLiteStore(
                directory, lock, connection, readers, clock=clock, key_retention_s=key_retention_s
            )
    except BaseException:
        await readers.close()
        connection.close()
        os.close(lock)
        raise
