"""The one thread that writes: one transaction for each append, in the order of the calls.

Group commit is done by `tidings.log.writer`, which has one append in flight at a time.
"""

from __future__ import annotations

import asyncio
import contextlib
import queue
import sqlite3
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from tidings.core.clock import Clock
from tidings.core.errors import (
    DAMAGED_FILE,
    DATA_GONE,
    DISK_FULL,
    IO_ERROR,
    LogClosed,
    StoreUnavailable,
)
from tidings.core.record import Draft, Record
from tidings.store.base import Result
from tidings.store.sqlite import positions as sqlite_positions
from tidings.store.sqlite import read as sqlite_read
from tidings.store.sqlite.commit import Commit
from tidings.store.sqlite.disk import Disk
from tidings.store.sqlite.file import BUSY_MS

T = TypeVar("T")

_WAL_LIMIT_BYTES = 64 * 1024 * 1024
"""Four times the size that checkpoints leave when no reader blocks them."""
_WAL_LOOKS = 64
"""How often the WAL's size is checked on the way to its limit: a check after every commit would
hold the GIL just when the event loop needs it to answer."""
_COMMIT_BYTES = 16 * 1024  # what the WAL grows by at a commit, besides its content
_CHECKPOINT_BUSY_MS = 100  # how long publishers may wait for it

# After a failed write or sync the kernel may drop what it could not write and mark it clean: a
# later successful sync proves nothing. (A full disk is reported before anything is lost.)
_FATAL = {
    IO_ERROR: "writing failed earlier: mend the disk and restart",
    DAMAGED_FILE: "the file is damaged where it is written to: restore a backup",
    DATA_GONE: "the files of the log were moved or deleted: put them back and restart",
}
_UNTOLD = "; the next start could not be told: copy the log before it (tidings backup)"


@dataclass(frozen=True, slots=True)
class _Append:
    drafts: Sequence[Draft]
    answer: asyncio.Future[list[Result]]


@dataclass(frozen=True, slots=True)
class _Call:
    work: Callable[[sqlite3.Connection], Any]
    then: Callable[[Any], None]
    answer: asyncio.Future[Any]


@dataclass(frozen=True, slots=True)
class _Checkpoint:
    answer: asyncio.Future[None]


_Job = _Append | _Call | _Checkpoint


class WriterThread:
    """Uses the writing connection, which the owner closes after `close`.

    Its methods are called from one event loop; the thread is its own. `on_commit` is
    called with every commit's records on the loop, in order, before the appends are answered.
    """

    def __init__(
        self,
        connection: sqlite3.Connection,
        *,
        wal: Path,
        disk: Disk,
        clock: Clock,
        key_retention_us: int,
        on_commit: Callable[[Sequence[Record]], None],
        wal_limit_bytes: int = _WAL_LIMIT_BYTES,
    ) -> None:
        self._connection = connection
        self._wal = wal
        self._disk = disk
        self._wal_limit_bytes = self._wal_patience_bytes = wal_limit_bytes
        self._unseen_bytes = 0  # about what was written since the size was checked
        self._clock = clock
        self._key_retention_us = key_retention_us
        self._on_commit = on_commit
        self._last_seq = sqlite_read.last_seq(connection)
        self.told_seq = self._last_seq
        """The newest position that the loop was told of, which is before any append is answered."""
        self._last_at_us = sqlite_positions.last_recorded_at_us(connection)
        self.given = self.ended = 0
        """How many transactions by `transact` there were, and how many of them the loop knows."""
        self._loop = asyncio.get_running_loop()
        self._waiting: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._closed = False
        self._broken = ""  # why nothing is written any more
        self._thread = threading.Thread(target=self._run, name="tidings-writer", daemon=True)
        self._thread.start()

    async def append(self, drafts: Sequence[Draft]) -> list[Result]:
        """Commit drafts in one transaction, in turn. Cancelling takes nothing back."""
        answer: asyncio.Future[list[Result]] = self._loop.create_future()
        self._put(_Append(drafts, answer))
        return await answer

    async def transact(
        self, work: Callable[[sqlite3.Connection], T], then: Callable[[T], None] = lambda _: None
    ) -> T:
        """Run `work` in a transaction of its own, in turn, and return what it returns.

        Once it is committed, `then` is called on the loop. Cancelling takes nothing back, and
        `then` is called all the same.
        """
        answer: asyncio.Future[T] = self._loop.create_future()
        self._put(_Call(work, then, answer))
        self.given += 1
        return await answer

    @property
    def has_work(self) -> bool:
        """Whether calls wait; may be used inside `transact`."""
        return not self._waiting.empty()

    async def checkpoint(self) -> None:
        """Write the WAL into the database, as far as no reader blocks that."""
        answer: asyncio.Future[None] = self._loop.create_future()
        self._put(_Checkpoint(answer))
        await answer

    async def probe(self, size_bytes: int) -> None:
        """Return when so many bytes could be committed now; commits nothing.

        Raises:
            StoreUnavailable: they could not.
        """

        def write(connection: sqlite3.Connection) -> None:
            if not self._disk.has_room(size_bytes):
                raise StoreUnavailable(f"writing: {DISK_FULL}", DISK_FULL)
            connection.execute("UPDATE counters SET last_revision = last_revision")

        await self.transact(write)

    async def close(self) -> None:
        """Finish waiting calls and end the thread. A second call waits for the same."""
        if not self._closed:
            self._closed = True
            self._waiting.put(None)
        await asyncio.to_thread(self._thread.join)

    def _put(self, job: _Job) -> None:
        if self._closed:
            raise LogClosed
        self._waiting.put(job)

    # The thread: everything below except what begins with `_tell`. None in the queue ends it.

    def _run(self) -> None:
        while (job := self._waiting.get()) is not None:
            match job:
                case _Append():
                    self._append(job)
                case _Call():
                    self._do(job)
                case _Checkpoint():
                    self._checkpoint(job)
            self._bound_wal()

    def _append(self, job: _Append) -> None:
        clock_us = self._clock.now_us()
        commit = Commit(
            self._last_seq, max(clock_us, self._last_at_us), clock_us - self._key_retention_us
        )
        try:
            results = self._transaction(lambda connection: commit.insert(connection, job.drafts))
        except Exception as error:  # noqa: BLE001 - it belongs to its caller, not to this thread
            if isinstance(error, StoreUnavailable) and error.cause == DAMAGED_FILE:
                self._broken = DAMAGED_FILE  # where records are added; other work may fail too
            self._loop.call_soon_threadsafe(_fail, job.answer, error)
            return
        if commit.records:
            self._last_seq, self._last_at_us = commit.last_seq, commit.now_us
            self._unseen_bytes += sum(len(record.body) for record in commit.records)
        self._loop.call_soon_threadsafe(self._tell, job, results, commit.records)

    def _tell(self, job: _Append, results: list[Result], records: list[Record]) -> None:
        if records:
            self.told_seq = records[-1].seq
            self._on_commit(records)
        _succeed(job.answer, results)

    def _do(self, job: _Call) -> None:
        try:
            result = self._transaction(job.work)
        except Exception as error:  # noqa: BLE001 - as above
            self._loop.call_soon_threadsafe(self._tell_of_failure, job, error)
        else:
            self._loop.call_soon_threadsafe(self._tell_of_result, job, result)

    def _tell_of_failure(self, job: _Call, error: Exception) -> None:
        self.ended += 1
        _fail(job.answer, error)

    def _tell_of_result(self, job: _Call, result: object) -> None:
        self.ended += 1
        job.then(result)
        _succeed(job.answer, result)

    def _checkpoint(self, job: _Checkpoint) -> None:
        if not self._broken:
            with contextlib.suppress(sqlite3.Error):  # the next commit reports the failure
                self._connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
        self._loop.call_soon_threadsafe(_succeed, job.answer, None)

    def _transaction(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run `work` in a transaction, rolled back if it fails."""
        if self._broken:
            raise StoreUnavailable(_FATAL[self._broken], self._broken)
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            result = work(self._connection)
            self._connection.execute("COMMIT")
        except sqlite3.Error as error:
            cause = self._disk.cause_of(error)
            if cause == IO_ERROR:
                self._broken = cause
            told = cause != IO_ERROR or self._disk.leave_mark()  # before anything else is written
            self._roll_back()
            doing = f"writing: {error}" if told else f"writing: {error}{_UNTOLD}"
            raise StoreUnavailable(doing, cause) from error
        except BaseException:
            self._roll_back()
            raise
        if not self._disk.is_ours(time.monotonic()):
            self._broken = DATA_GONE
            raise StoreUnavailable(_FATAL[DATA_GONE], DATA_GONE)
        return result

    def _roll_back(self) -> None:
        if self._connection.in_transaction:  # SQLite has rolled back by itself after some errors
            try:
                self._connection.execute("ROLLBACK")
            except sqlite3.Error:
                self._broken = IO_ERROR
                self._disk.leave_mark()

    def _bound_wal(self) -> None:
        """Empty a WAL that grew because some reader always blocked its checkpoints."""
        self._unseen_bytes += _COMMIT_BYTES
        if self._broken or self._unseen_bytes < self._wal_limit_bytes // _WAL_LOOKS:
            return
        self._unseen_bytes = 0
        try:
            size_bytes = self._wal.stat().st_size
            if size_bytes <= self._wal_patience_bytes:
                return
            self._connection.execute(f"PRAGMA busy_timeout = {_CHECKPOINT_BUSY_MS}")
            checkpoint = self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            was_blocked = checkpoint.fetchone()[0] == 1
            self._connection.execute(f"PRAGMA busy_timeout = {BUSY_MS}")
        except (OSError, sqlite3.Error):
            return  # a longer WAL loses nothing; the next commit reports the failure
        # A long reader (`tidings check`) may block publishers for a moment now and then, not all
        # the time.
        patience_bytes = size_bytes if was_blocked else 0
        self._wal_patience_bytes = patience_bytes + self._wal_limit_bytes


def _succeed(answer: asyncio.Future[T], result: T) -> None:
    if not answer.done():  # else its caller was cancelled
        answer.set_result(result)


def _fail(answer: asyncio.Future[Any], error: Exception) -> None:
    if not answer.done():
        answer.set_exception(error)
