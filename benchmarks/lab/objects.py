"""Rows about objects: their state at a time, and the history of one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import grpc
from google.protobuf.timestamp_pb2 import Timestamp

from benchmarks.lab import asking
from benchmarks.lab.mixed import CHANGING_JOB
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
    ask, _ = _state(size)
    return asking.median_ms(size, ask)


def state_beside_bare(folder: Path, size: Size) -> float:
    """Return the ratio of that to the same rows of a bare table, told alike."""
    ask, before_seq = _state(size)
    with asking.asked(size) as log, grpc.insecure_channel(log.server.grpc) as channel:
        seqs = [state.seq for state in ask(EventServiceStub(channel))]
    return asking.beside_bare(size, folder / "bare.db", asking.Question(ask, seqs, before_seq))


def history_ms(folder: Path, size: Size) -> float:
    """Return how long the newest 200 versions of a job take, at the median, in ms."""
    del folder
    return asking.median_ms(size, _history)


def history_beside_bare(folder: Path, size: Size) -> float:
    """Return the ratio of that to the same rows of a bare table, compared alike."""
    with asking.asked(size) as log, grpc.insecure_channel(log.server.grpc) as channel:
        seqs = [version.object.seq for version in _history(EventServiceStub(channel))]
    return asking.beside_bare(size, folder / "bare.db", asking.Question(_history, seqs))


def _state(size: Size) -> tuple[Callable[[EventServiceStub], list[pb.ObjectState]], int]:
    """Return the question for the state in the middle, and the position that it is before."""
    with asking.asked(size) as log, grpc.insecure_channel(log.server.grpc) as channel:
        stub = EventServiceStub(channel)
        request = pb.ListObjectsRequest(
            kinds=["allocation"], statuses=["running"], at=_middle(stub), page_size=10_000
        )
        before_seq = stub.ListObjects(request).through_seq + 1

    def ask(stub: EventServiceStub) -> list[pb.ObjectState]:
        found: list[pb.ObjectState] = []
        token = ""
        while True:
            request.page_token = token
            answer = stub.ListObjects(request)
            found += answer.objects
            token = answer.next_page_token
            if not token:
                return found

    return ask, before_seq


def _history(stub: EventServiceStub) -> list[pb.ObjectVersion]:
    request = pb.GetObjectHistoryRequest(
        system=EVENT_SYSTEM_NOMAD, kind="job", id=CHANGING_JOB, page_size=_VERSIONS
    )
    return list(stub.GetObjectHistory(request).versions)


def _middle(stub: EventServiceStub) -> Timestamp:
    """Return the time in the middle of the log."""
    answer = stub.ListObjects(pb.ListObjectsRequest(kinds=["node"], page_size=1))
    first_us = answer.known_since.ToMicroseconds()
    last_us = answer.objects[0].recorded_at.ToMicroseconds()
    middle = Timestamp()
    middle.FromMicroseconds((first_us + last_us) // 2)
    return middle
