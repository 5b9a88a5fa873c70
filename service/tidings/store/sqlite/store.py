"""The embedded store: one SQLite file, one writer thread, a few readers.

WAL, so that readers and the writer do not wait for each other; `synchronous=FULL`, so that what
was acknowledged is on stable storage; each append, which is a group already, is one transaction.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from functools import partial
from pathlib import Path

from tidings.core.clock import Clock
from tidings.core.damage import DamageReport
from tidings.core.record import Bounds, Draft, Record, Stretch, Weight
from tidings.store.base import Result
from tidings.store.feed import PAGE_BYTES, PAGE_RECORDS, CommittedFeed
from tidings.store.sqlite import commit as sqlite_commit
from tidings.store.sqlite import positions as sqlite_positions
from tidings.store.sqlite import read as sqlite_read
from tidings.store.sqlite import stretch as sqlite_stretch
from tidings.store.sqlite import values as sqlite_values
from tidings.store.sqlite.disk import Disk
from tidings.store.sqlite.file import FILE_NAME, WAL_NAME
from tidings.store.sqlite.format import read_log_id
from tidings.store.sqlite.readers import Readers
from tidings.store.sqlite.state import SQLiteState
from tidings.store.sqlite.vacuum import give_back
from tidings.store.sqlite.writer import WriterThread


class SQLiteStore:
    """A log in one file (`tidings.store.base.EventStore`). Made by `open_sqlite`.

    Belongs to one event loop. Owns the lock on the directory and the writing connection until
    `close`.
    """

    kind = "sqlite"

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
        self._directory = directory
        self._lock: int | None = lock
        self._connection = connection
        self._clock = clock
        self.key_retention_s = key_retention_s
        self._key_retention_us = int(key_retention_s * 1e6)
        self.log_id = read_log_id(connection)
        self._readers = readers
        self.damage = DamageReport()
        self._feed = CommittedFeed(self._read_page)
        self._writer = WriterThread(
            connection,
            wal=directory / WAL_NAME,
            disk=Disk(directory),
            clock=clock,
            key_retention_us=self._key_retention_us,
            on_commit=self._feed.offer,
        )
        self.state = SQLiteState(self._writer, self._readers)

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
                found=self.damage.found,
            )
        )

    async def read_before(
        self,
        before_seq: int,
        limit: int,
        *,
        systems: Collection[str] | None = None,
        max_bytes: int | None = None,
    ) -> list[Record]:
        """Return up to `limit` records before `before_seq`, newest first."""
        return await self._readers.ask(
            partial(
                sqlite_read.read_before,
                before_seq=before_seq,
                limit=limit,
                systems=systems,
                max_bytes=max_bytes,
                found=self.damage.found,
            )
        )

    async def read_at(self, seqs: Sequence[int], *, max_bytes: int | None = None) -> list[Record]:
        """Return the records at these positions, in their order."""
        return await self._readers.ask(
            partial(sqlite_read.read_at, seqs=seqs, max_bytes=max_bytes, found=self.damage.found)
        )

    async def stretch(self, after_seq: int, limit: int, max_bytes: int) -> Stretch:
        """Return records past `after_seq`, and every key of the same positions."""
        return await self._readers.ask(
            partial(
                sqlite_stretch.stretch,
                after_seq=after_seq,
                limit=limit,
                max_bytes=max_bytes,
                found=self.damage.found,
            )
        )

    async def _read_page(self, after_seq: int) -> Sequence[Record]:
        return await self.read(after_seq, PAGE_RECORDS, max_bytes=PAGE_BYTES)

    async def read_last(self, subject: str, limit: int) -> list[Record]:
        """Return the newest `limit` records of a subject, oldest first."""
        found = self.damage.found
        return await self._readers.ask(
            partial(sqlite_read.read_last, subject=subject, limit=limit, found=found)
        )

    async def nth_last(self, system: str, count: int) -> int:
        """Return the position of a system's `count`-th newest record; 0 without one."""
        return await self._readers.ask(
            partial(sqlite_positions.nth_last, system=system, count=count)
        )

    async def count(self, system: str, through_seq: int) -> int:
        """Return how many records of a system are retained up to a position."""
        return await self._readers.ask(
            partial(sqlite_positions.count, system=system, through_seq=through_seq)
        )

    async def weigh(self, after_seq: int, through_seq: int) -> Mapping[str, Weight]:
        """Return what each system has between two positions."""
        return await self._readers.ask(
            partial(sqlite_positions.weigh, after_seq=after_seq, through_seq=through_seq)
        )

    async def seek(self, system: str | None, at_or_after_us: int) -> int:
        """Return the first position stored at or after a time."""
        return await self._readers.ask(
            partial(sqlite_positions.seek, system=system, at_or_after_us=at_or_after_us)
        )

    async def bounds(self, system: str | None = None) -> Bounds:
        """Return what is retained."""
        return await self._readers.ask(partial(sqlite_positions.bounds, system=system))

    async def end_seq(self, hoped_seq: int = 0) -> int:
        """Return the newest position that the log ever gave.

        From memory, unless more is hoped for: who read the file may know a position before the loop
        is told of it.
        """
        self._readers.check_open()
        if hoped_seq <= self._writer.told_seq:
            return self._writer.told_seq
        return await self._readers.ask(sqlite_read.last_seq)

    async def size_bytes(self) -> int | None:
        """Return the size of the file and its write-ahead log."""
        return await self._readers.ask(lambda _: _size_of(self._directory))

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
            self.state.tell,
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

    async def give_back(self) -> int:
        """Return free space to the file system; return how many bytes."""
        return await give_back(self._writer)

    async def close(self) -> None:
        """Commit what waits, end the threads, unlock the directory; a second call does nothing.

        Cancelling leaves it closed for callers and the directory locked: call it again.
        """
        await self._writer.close()
        self._feed.close()
        self.state.close()
        await self._readers.close()
        if self._lock is not None:
            lock, self._lock = self._lock, None
            # the last connection: closing it writes the WAL into the database, which takes a while
            await asyncio.to_thread(self._connection.close)
            os.close(lock)

    def _key_floor_us(self) -> int:
        return self._clock.now_us() - self._key_retention_us


def _size_of(directory: Path) -> int:
    paths = (directory / FILE_NAME, directory / WAL_NAME)
    return sum(path.stat().st_size for path in paths if path.exists())
