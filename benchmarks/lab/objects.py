"""Rows about objects: their state at a time, and the history of one."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, closing
from pathlib import Path

import grpc
from google.protobuf.timestamp_pb2 import Timestamp

from benchmarks.lab import asking
from benchmarks.lab.bare_table import (
    NEWEST_OF,
    STATE_BEFORE,
    bare_table,
    changes_of,
    states_of,
)
from benchmarks.lab.mixed import CHANGING_JOB, versions
from benchmarks.lab.rounds import Size
from tidings.v1 import objects_pb2 as pb
from tidings.v1.event_service_pb2_grpc import EventServiceStub
from tidings.v1.event_system_pb2 import EVENT_SYSTEM_NOMAD

_VERSIONS = 200


def state_ms(folder: Path, size: Size) -> float:
    """Return how long 5,000 allocations that ran at a time take, at the median, in ms.

    The time is in the middle of the log; they come in one page or several.
    """
    del folder
    return asking.median_ms(size, _state(size))


def state_beside_bare(folder: Path, size: Size) -> float:
    """Return the ratio of that to reading the newest row of each object from a bare table.

    Each row's id, name, namespace and status are decoded, and those that run are kept.
    """
    many = ((name, seq) for name, seq in versions(size.asked_records) if name != CHANGING_JOB)
    middle_seq = size.asked_records // 2
    with _table(folder, size, many) as table:
        return asking.beside_bare(
            size,
            _state(size),
            lambda: table.execute(STATE_BEFORE, (middle_seq,)).fetchall(),
            lambda rows: states_of(rows, "Allocation", status="running"),
        )


def history_ms(folder: Path, size: Size) -> float:
    """Return how long the newest 200 versions of a job take, at the median, in ms."""
    del folder
    return asking.median_ms(size, _history)


def history_beside_bare(folder: Path, size: Size) -> float:
    """Return the ratio of that to reading the rows of those versions from a bare table.

    For each two consecutive ones the members that differ are found.
    """
    with _table(folder, size, versions(size.asked_records)) as table:
        return asking.beside_bare(
            size,
            _history,
            lambda: table.execute(NEWEST_OF, (CHANGING_JOB, _VERSIONS)).fetchall(),
            lambda rows: changes_of(rows, "Job"),
        )


def _table(
    folder: Path, size: Size, found: Iterable[tuple[str, int]]
) -> AbstractContextManager[sqlite3.Connection]:
    with asking.asked(size) as log:
        return closing(bare_table(folder / "bare.db", log.server.data, found))


def _state(size: Size) -> Callable[[EventServiceStub], None]:
    with asking.asked(size) as log, grpc.insecure_channel(log.server.grpc) as channel:
        middle = _middle(EventServiceStub(channel))

    def ask(stub: EventServiceStub) -> None:
        request = pb.ListObjectsRequest(
            kinds=["allocation"], statuses=["running"], at=middle, page_size=10_000
        )
        while True:
            answer = stub.ListObjects(request)
            if not answer.next_page_token:
                return
            request.page_token = answer.next_page_token

    return ask


def _history(stub: EventServiceStub) -> None:
    stub.GetObjectHistory(
        pb.GetObjectHistoryRequest(
            system=EVENT_SYSTEM_NOMAD, kind="job", id=CHANGING_JOB, page_size=_VERSIONS
        )
    )


def _middle(stub: EventServiceStub) -> Timestamp:
    """Return the time in the middle of the log."""
    answer = stub.ListObjects(pb.ListObjectsRequest(kinds=["node"], page_size=1))
    first_us = answer.known_since.ToMicroseconds()
    last_us = answer.objects[0].recorded_at.ToMicroseconds()
    middle = Timestamp()
    middle.FromMicroseconds((first_us + last_us) // 2)
    return middle
