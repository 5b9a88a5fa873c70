"""The threads that read, each with a connection, beside the one writer."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from tidings.core.errors import LogClosed, StoreUnavailable
from tidings.store.sqlite.file import open_reader

T = TypeVar("T")

_THREADS = 2
"""Readers that are behind share these threads; more would only contend for the GIL."""


class Readers:
    """Runs queries on the log. None holds a snapshot between two queries.

    Else the WAL could not be reused, and would grow. All connections are opened at once: one that
    is opened later could find other files under the same names.

    Raises:
        StoreCorrupt, StoreUnavailable: see `open_reader`.
    """

    def __init__(self, directory: Path) -> None:
        self._free: list[sqlite3.Connection] = []
        try:
            for _ in range(_THREADS):
                self._free.append(open_reader(directory))
        except BaseException:
            self._close_all()
            raise
        self._pool = ThreadPoolExecutor(_THREADS, "tidings-reader")
        self._closed = False

    async def ask(self, question: Callable[[sqlite3.Connection], T]) -> T:
        """Run a query in one of the threads.

        Raises:
            StoreUnavailable: the file cannot be read.
            LogClosed: after `close`.
        """
        self.check_open()
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, self._run, question)
        except (sqlite3.Error, UnicodeDecodeError) as error:
            raise StoreUnavailable(f"reading: {error}") from error

    def check_open(self) -> None:
        """Raise LogClosed after `close`: for answers that need no query."""
        if self._closed:
            raise LogClosed

    def _run(self, question: Callable[[sqlite3.Connection], T]) -> T:
        connection = self._free.pop()  # there is one for each thread
        try:
            return question(connection)
        finally:
            self._free.append(connection)

    async def close(self) -> None:
        """Finish running queries and close every connection. A second call does nothing."""
        self._closed = True
        await asyncio.to_thread(self._pool.shutdown)
        self._close_all()

    def _close_all(self) -> None:
        while self._free:
            self._free.pop().close()
