"""Rows about checksums: the cost of computing and verifying one for each record."""

from __future__ import annotations

import asyncio
import statistics
import time
from contextlib import closing
from pathlib import Path
from unittest.mock import patch

from benchmarks.lab import events
from benchmarks.lab.measure import mark
from benchmarks.lab.rounds import Size
from tests.store.places import SQLitePlace
from tidings.core.record import Draft
from tidings.store.sqlite import commit as sqlite_commit
from tidings.store.sqlite import read as sqlite_read
from tidings.store.sqlite.file import open_reader
from tidings.v1 import event_pb2

_RECORDS = 40_000
_GROUP = 100


def storing(folder: Path, size: Size) -> float:
    """Return the ratio of the rate of storing with checksums to that without."""
    draft = _draft()
    ratios = []
    for number in range(size.rounds):
        with_s = _storing_s(folder / f"with{number}", draft, size)
        with patch.object(sqlite_commit, "record_checksum", _no_checksum):
            ratios.append(_storing_s(folder / f"without{number}", draft, size) / with_s)
    return statistics.median(ratios)


def reading(folder: Path, size: Size) -> float:
    """Return the ratio of the rate of reading from the file with checksums to that without."""
    _storing_s(folder / "with", _draft(), size)
    with patch.object(sqlite_commit, "record_checksum", _no_checksum):
        _storing_s(folder / "without", _draft(), size)
    ratios = []
    for _ in range(size.rounds):
        with_s = _reading_s(folder / "with")
        ratios.append(_reading_s(folder / "without") / with_s)
    return statistics.median(ratios)


def _draft() -> Draft:
    body = event_pb2.EventRecord(events=[events.small(mark())]).SerializeToString()
    return Draft("nomad", "nomad", body)


def _no_checksum(*record: object) -> None:
    del record


def _storing_s(directory: Path, draft: Draft, size: Size) -> float:
    groups = _RECORDS // size.one_of // _GROUP

    async def main() -> float:
        store = await SQLitePlace(directory).open()
        try:
            begin_s = time.perf_counter()
            for _ in range(groups):
                await store.append([draft] * _GROUP)
            return time.perf_counter() - begin_s
        finally:
            await store.close()

    return asyncio.run(main())


def _reading_s(directory: Path) -> float:
    with closing(open_reader(directory)) as reader:
        begin_s, after_seq = time.perf_counter(), 0
        while page := sqlite_read.read(reader, after_seq, 1000):
            after_seq = page[-1].seq
        return time.perf_counter() - begin_s
