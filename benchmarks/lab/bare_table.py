"""The bare table for questions: a log's rows, and an index of terms and objects."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import orjson

from tidings.store.sqlite.file import FILE_NAME as LOG
from tidings.v1 import event_pb2

Row = tuple[int, int, str, bytes]
"""A record of the table: its position, its time, its system, its body."""

NEWEST_OF = (
    "SELECT records.* FROM found JOIN records USING (seq) WHERE term = ? ORDER BY seq DESC LIMIT ?"
)
STATE_BEFORE = (
    "SELECT records.* FROM (SELECT term, MAX(seq) AS seq FROM found WHERE seq < ? GROUP BY term)"
    " JOIN records USING (seq) ORDER BY seq DESC"
)


def bare_table(path: Path, data: Path, found: Iterable[tuple[str, int]]) -> sqlite3.Connection:
    """Return a log's rows in a bare table, with an index of terms."""
    table = sqlite3.connect(path)
    table.execute("ATTACH DATABASE ? AS log", (str(data / LOG),))
    table.execute("CREATE TABLE records (seq INTEGER PRIMARY KEY, at_us, system, body)")
    table.execute("INSERT INTO records SELECT seq, recorded_at_us, system, body FROM log.records")
    table.execute("CREATE TABLE found (term, seq, PRIMARY KEY (term, seq)) WITHOUT ROWID")
    table.executemany("INSERT INTO found VALUES (?, ?)", found)
    table.commit()
    return table


def decoded(rows: Sequence[Row]) -> list[event_pb2.EventRecord]:
    """Return the records of rows, as a client of the service gets them."""
    return [event_pb2.EventRecord.FromString(body) for *_, body in rows]


def states_of(rows: Sequence[Row], member: str, *, status: str) -> list[dict[str, Any]]:
    """Return of each object in rows what a list shows of it, if it has a status."""
    found = []
    for (seq, at_us, *_), value in zip(rows, _objects(rows, member), strict=True):
        if value["ClientStatus"] == status:
            told = {name: value[name] for name in ("ID", "Name", "Namespace", "JobID", "NodeName")}
            found.append({"seq": seq, "at_us": at_us, "status": status, **told})
    return found


def changes_of(rows: Sequence[Row], member: str) -> list[dict[str, tuple[Any, Any]]]:
    """Return which members of the objects in rows differ from those of the next older one."""
    return [
        {
            name: (old.get(name), new.get(name))
            for name in old.keys() | new.keys()
            if old.get(name) != new.get(name)
        }
        for new, old in pairwise(_objects(rows, member))
    ]


def _objects(rows: Sequence[Row], member: str) -> Iterator[dict[str, Any]]:
    for record in decoded(rows):
        yield orjson.loads(record.events[0].nomad.payload_json)[member]
