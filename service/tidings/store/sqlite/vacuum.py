"""Returns free space in the file to the file system, in small steps."""

from __future__ import annotations

import sqlite3

from tidings.store.sqlite.writer import WriterThread

_PAGE_BYTES = 4096
"""SQLite's default, which every log has."""

_INCREMENTAL = 2
_STEPS = 256
_PAGES_A_STEP = 64  # a quarter MiB: a millisecond or two, besides the commit
_SPARE_ONE_OF = 10  # a part of the file that stays free for new records, and at least so much:
_SPARE_PAGES = 256

_BUSY = -1


async def give_back(writer: WriterThread) -> int:
    """Return some free space, in steps, after whatever waits; return how many bytes.

    A page at the end of the file is moved to a free one, so that the file can be truncated.
    Cancelling is safe.
    """

    def step(connection: sqlite3.Connection) -> int:
        return _BUSY if writer.has_work else _give_some(connection)

    given = 0
    for _ in range(_STEPS):
        pages = await writer.transact(step)
        if pages == 0:
            break
        given += max(pages, 0)
    if given:
        await writer.checkpoint()  # only this makes the file shorter
    return given * _PAGE_BYTES


def _give_some(connection: sqlite3.Connection) -> int:
    """Free some pages at the end of the file, and return how many.

    0 = no more is free than new records may need, or the file was made by a Tidings without
    incremental vacuum.
    """
    free, pages, mode = (
        int(connection.execute(f"PRAGMA {name}").fetchone()[0])
        for name in ("freelist_count", "page_count", "auto_vacuum")
    )
    some = min(free - max(pages // _SPARE_ONE_OF, _SPARE_PAGES), _PAGES_A_STEP)
    if mode != _INCREMENTAL or some <= 0:
        return 0
    for _ in range(some):
        connection.execute("PRAGMA incremental_vacuum(1)")  # sqlite3 steps it only once
    return some
