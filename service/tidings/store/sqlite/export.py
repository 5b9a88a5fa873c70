"""Reads a whole log from its file, with what publishers named its records by."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

from tidings.core.record import BIRTH_SEQ, Record
from tidings.store.sqlite.file import open_log
from tidings.store.sqlite.read import last_seq, one_view
from tidings.store.sqlite.records import forwards


def export_log(directory: Path) -> Generator[tuple[Record, str | None]]:
    """Yield every record of one moment, in order, with its key; a service may be running.

    A damaged one is yielded as such (`Record.is_damaged`).

    Closing the iterator early is fine. The log's WAL grows until it is closed.

    Raises:
        StoreCorrupt: there is no log that could be read.
        StoreUnavailable: the file cannot be read.
    """
    with open_log(directory) as connection, one_view(connection):
        keys = "SELECT key FROM keys WHERE seq = ?"
        for record in forwards(connection, BIRTH_SEQ, last_seq(connection)):
            key = connection.execute(keys, (record.seq,)).fetchone()
            yield record, key[0] if key else None
