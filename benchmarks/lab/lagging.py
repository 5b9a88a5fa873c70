"""The row about the index's lag behind a publisher at half of its rate."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import grpc

from benchmarks.lab import asking, events
from benchmarks.lab.measure import Publishers, mark, publishing
from benchmarks.lab.million import note
from benchmarks.lab.publishing import calls_of
from benchmarks.lab.rounds import Size
from tests.kit.server import Server, serving
from tidings.index.file import FILE_NAME as INDEX
from tidings.index.file import extent_of
from tidings.v1 import event_pb2
from tidings.v1 import event_service_pb2 as pb
from tidings.v1.event_service_pb2_grpc import EventServiceStub

_PUBLISHED, _CALLS = 100, 200
_AT_ONCE = 5
_FOR_S = 40.0


def lag_at_half_rate(folder: Path, size: Size) -> float:
    """Return the maximum lag of the index behind a publisher at half of its rate, in seconds.

    The rate is that of one publisher on a stream beside the index. At half of it the publisher
    continues for 40 s; the lag is measured in the second half, when it has settled.
    """
    opening, call = calls_of([event_pb2.Draft(events=[events.small(mark())])] * _PUBLISHED)
    calls = _CALLS // min(size.one_of, _CALLS // 4)
    with (
        serving(folder / "data", "--index=true") as server,
        publishing(folder, server.grpc, opening, call, 1) as publisher,
    ):
        publisher.run(calls)
        rate = calls * _PUBLISHED / publisher.run(calls).span_us * 1e6 / 2
        asking.wait_for_index(server)
        lags = list(_lags(server, publisher, rate, max(2.0, _FOR_S / size.one_of)))
    middle = len(lags) // 2
    first_s, second_s = max(lags[:middle]), max(lags[middle:])
    note(f"{rate:.0f} events/s: {first_s:.2f} s behind at most, then {second_s:.2f} s")
    return second_s


def _lags(server: Server, publisher: Publishers, rate: float, for_s: float) -> Iterator[float]:
    """Publish at a rate, and repeatedly yield the index's lag in seconds."""
    with grpc.insecure_channel(server.grpc) as channel:
        head_seq = EventServiceStub(channel).GetLogStatus(pb.GetLogStatusRequest()).head_seq
    file = f"file:{server.data / INDEX}?mode=ro"
    began_s = due_s = time.monotonic()
    with closing(sqlite3.connect(file, uri=True)) as index:
        while due_s < began_s + for_s:
            publisher.run(_AT_ONCE)
            head_seq += _AT_ONCE * _PUBLISHED
            extent = extent_of(index)
            if extent is None:
                raise RuntimeError("the index is not there any more")
            yield (head_seq - extent.through_seq) / rate
            due_s += _AT_ONCE * _PUBLISHED / rate
            time.sleep(max(0.0, due_s - time.monotonic()))
