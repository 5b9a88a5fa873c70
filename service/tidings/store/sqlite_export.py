"""Reads a whole log from its file, with what publishers named its records by."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from tidings.core.record import BIRTH_SEQ, Record
from tidings.store.sqlite_file import open_log


def export_log(directory: Path) -> Iterator[tuple[Record, str | None]]:
    """Yield every record of one moment, in order, with its key; a service may be running.

    Closing the iterator early is fine. The log's WAL grows until it is closed.

    Raises:
        StoreCorrupt: there is no log that could be read.
        StoreUnavailable: the file cannot be read.
    """
    with open_log(directory) as connection:
        for *columns, key in connection.execute(
            "SELECT records.seq, records.recorded_at_us, records.system, subject, body, key"
            " FROM records LEFT JOIN keys ON keys.seq = records.seq"
            " WHERE records.seq > ? ORDER BY records.seq",
            (BIRTH_SEQ,),
        ):
            yield Record(*columns), key
