"""The one thread that writes: whatever waits becomes one transaction, then it answers."""

from __future__ import annotations

import asyncio
import queue
import sqlite3
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from tidings.core.clock import Clock
from tidings.core.errors import LogClosed, StoreUnavailable, TidingsError
from tidings.core.record import Draft, Record
from tidings.store import sqlite_read
from tidings.store.base import Result
from tidings.store.sqlite_commit import Group, decide_group

T = TypeVar("T")

_GROUP_DRAFTS = 4096
_GROUP_BYTES = 32 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class _Append:
    drafts: Sequence[Draft]
    answer: asyncio.Future[list[Result]]


@dataclass(frozen=True, slots=True)
class _Call:
    work: Callable[[sqlite3.Connection], Any]
    answer: asyncio.Future[Any]


class Writer:
    """Owns the writing connection and a thread; its methods belong to one event loop."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        *,
        clock: Clock,
        key_retention_us: int,
        on_commit: Callable[[Sequence[Record]], None],
    ) -> None:
        self._connection = connection
        self._clock = clock
        self._key_retention_us = key_retention_us
        self._on_commit = on_commit
        self._last_seq = sqlite_read.last_seq(connection)
        self._last_at_us = sqlite_read.last_recorded_at_us(connection)
        self._loop = asyncio.get_running_loop()
        self._waiting: queue.SimpleQueue[_Append | _Call | None] = queue.SimpleQueue()
        self._closed = False
        self._broken: sqlite3.Error | None = None
        self._thread = threading.Thread(target=self._run, name="tidings-writer", daemon=True)
        self._thread.start()

    async def append(self, drafts: Sequence[Draft]) -> list[Result]:
        """Commit drafts together with whatever else waits. Cancelling takes nothing back."""
        answer: asyncio.Future[list[Result]] = self._loop.create_future()
        self._put(_Append(drafts, answer))
        return await answer

    async def transact(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run `work` in a transaction of its own, in turn. Cancelling takes nothing back."""
        answer: asyncio.Future[T] = self._loop.create_future()
        self._put(_Call(work, answer))
        return await answer

    async def close(self) -> None:
        """Finish what waits and end the thread."""
        if not self._closed:
            self._closed = True
            self._waiting.put(None)
        await asyncio.to_thread(self._thread.join)

    def _put(self, job: _Append | _Call) -> None:
        if self._closed:
            raise LogClosed
        self._waiting.put(job)

    # --- the thread -------------------------------------------------------------------------------

    def _run(self) -> None:
        held: _Append | _Call | None = None
        while True:
            job = held or self._waiting.get()
            held = None
            if job is None:
                break
            if isinstance(job, _Call):
                self._answer([job.answer], *self._attempt(partial(self._call, job)))
                continue
            jobs, held, ended = self._gather(job)
            self._commit(jobs)
            if ended:
                break
        self._connection.close()

    def _call(self, job: _Call) -> list[Any]:
        return [job.work(self._connection)]

    def _gather(self, first: _Append) -> tuple[list[_Append], _Call | None, bool]:
        """Return all appends that wait already, and what came behind them; never wait for more."""
        jobs, drafts = [first], len(first.drafts)
        size_bytes = sum(len(draft.body) for draft in first.drafts)
        while drafts < _GROUP_DRAFTS and size_bytes < _GROUP_BYTES:
            try:
                job = self._waiting.get_nowait()
            except queue.Empty:
                break
            if not isinstance(job, _Append):
                return jobs, job, job is None
            jobs.append(job)
            drafts += len(job.drafts)
            size_bytes += sum(len(draft.body) for draft in job.drafts)
        return jobs, None, False

    def _commit(self, jobs: Sequence[_Append]) -> None:
        clock_us = self._clock.now_us()
        now_us = max(clock_us, self._last_at_us)
        group = Group(self._last_seq, now_us, clock_us - self._key_retention_us)
        results, problem = self._attempt(
            lambda: [decide_group(self._connection, group, job.drafts) for job in jobs]
        )
        if problem is None and group.committed:
            self._last_seq, self._last_at_us = group.last_seq, now_us
            self._loop.call_soon_threadsafe(self._on_commit, group.committed)
        self._answer([job.answer for job in jobs], results, problem)

    def _attempt(self, work: Callable[[], list[T]]) -> tuple[list[T], TidingsError | None]:
        """Run `work` in a transaction: what it returned, or what failed with nothing changed."""
        connection = self._connection
        if self._broken is not None:
            problem = StoreUnavailable(
                "an earlier commit failed on the disk; restart after mending it"
            )
            problem.__cause__ = self._broken
            return [], problem
        try:
            connection.execute("BEGIN IMMEDIATE")
            done = work()
            connection.execute("COMMIT")
        except TidingsError as error:
            self._roll_back()
            return [], error
        except sqlite3.Error as error:
            self._roll_back()
            # After a failed write or sync the kernel may have dropped pages that it calls clean:
            # what a later sync says is worth nothing. A full disk is told before anything is
            # written.
            if getattr(error, "sqlite_errorcode", 0) & 0xFF in (
                sqlite3.SQLITE_IOERR,
                sqlite3.SQLITE_CORRUPT,
            ):
                self._broken = error
            problem = StoreUnavailable(str(error))
            problem.__cause__ = error
            return [], problem
        return done, None

    def _roll_back(self) -> None:
        if self._connection.in_transaction:
            try:
                self._connection.execute("ROLLBACK")
            except sqlite3.Error as error:
                self._broken = error

    def _answer(
        self,
        answers: Sequence[asyncio.Future[Any]],
        results: Sequence[Any],
        problem: Exception | None,
    ) -> None:
        def resolve() -> None:
            for place, answer in enumerate(answers):
                if answer.done():
                    continue  # its caller went away
                if problem is None:
                    answer.set_result(results[place])
                else:
                    answer.set_exception(problem)

        self._loop.call_soon_threadsafe(resolve)
