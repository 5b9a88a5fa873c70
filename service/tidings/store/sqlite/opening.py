"""Opens a log in a directory, and holds the directory until it is closed."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sqlite3
from pathlib import Path

from tidings.core.clock import Clock
from tidings.core.limits import KEY_RETENTION_S
from tidings.store.sqlite.file import FILE_NAME, explained, lock_directory, open_writer
from tidings.store.sqlite.readers import Readers
from tidings.store.sqlite.rescue import rescue
from tidings.store.sqlite.store import SQLiteStore


async def open_sqlite(
    directory: Path,
    *,
    clock: Clock,
    durability: str = "full",
    key_retention_s: float = KEY_RETENTION_S,
) -> SQLiteStore:
    """Open the log in a directory, created if needed, and lock the directory until `close`.

    `durability` "full" survives a power cut, "relaxed" (synchronous=NORMAL) a crash of the
    process. Cancelling may leave the directory locked until the process ends.

    Raises:
        StoreLocked: another process holds the directory.
        StoreCorrupt: the file is no log, is newer than this program, or is malformed.
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
