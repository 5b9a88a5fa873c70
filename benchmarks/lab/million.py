"""Rows about a log of 1,000,000 events: reading it, starting on it, publishing meanwhile."""

from __future__ import annotations

import asyncio
import atexit
import functools
import shutil
import sqlite3
import statistics
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path

from benchmarks.lab import events, openings, sides
from benchmarks.lab.measure import mark, publishing, reading
from benchmarks.lab.publishing import calls_of
from benchmarks.lab.rounds import Size
from tests.kit.server import Server, serving
from tidings.app.clock import SystemClock
from tidings.core.record import Draft
from tidings.dialects import load
from tidings.dialects.checking import check_draft
from tidings.dialects.dialect import CheckContext
from tidings.store.sqlite.file import FILE_NAME
from tidings.store.sqlite.opening import open_sqlite
from tidings.v1 import event_pb2
from tidings.v1 import event_service_pb2 as pb

_EVENTS = 1_000_000
_FILL_GROUP = 1000
_GROUP, _CALLS = 100, 200
_KEEP_ALL = "--retention-records=1000000000"


def catch_up(folder: Path, size: Size) -> float:
    """Return the ratio of the rate of a gRPC reader of the whole log to a bare scan of its rows.

    From the first event that it receives to the last.
    """
    total = _EVENTS // size.one_of
    data = filled(total)
    ratios = []
    with serving(data, _KEEP_ALL) as server:
        for _ in range(size.rounds):
            with reading(folder, server.grpc, [_from_the_start()], 1) as reader:
                ours_s = reader.wait(total).span_us / 1e6
            theirs_s = _scan_s(data / FILE_NAME, total)
            ratios.append(theirs_s / ours_s)
            note(f"{total / ours_s:.0f} events/s, bare scan {total / theirs_s:.0f}")
    return statistics.median(ratios)


def start(folder: Path, size: Size) -> float:
    """Return the ratio of the time from start to `ready` on the log to that on an empty one."""
    servers = [Server(filled(_EVENTS // size.one_of), [_KEEP_ALL]), Server(folder / "empty")]
    ratios = []
    for server in servers:  # the first start makes the file, and reads the program from disk
        _start_s(server)
    for _ in range(size.rounds):
        ours_s, theirs_s = map(_start_s, servers)
        ratios.append(ours_s / theirs_s)
        note(f"ready after {ours_s:.2f} s, empty {theirs_s:.2f} s")
    return statistics.median(ratios)


def publish_beside_readers(folder: Path, size: Size) -> float:
    """Return the ratio of a publisher's rate beside two replaying readers to that alone.

    Fails when the readers had caught up before the publisher was done.
    """
    total = _EVENTS // size.one_of
    calls = _CALLS // min(size.one_of, _CALLS // 4)
    opening, call = calls_of([event_pb2.Draft(events=[events.small(mark())])] * _GROUP)
    ratios = []
    with (
        serving(filled(total), _KEEP_ALL) as server,
        publishing(folder, server.grpc, opening, call, 1) as publisher,
    ):
        publisher.run(calls)
        for _ in range(size.rounds):
            alone_us = publisher.run(calls).span_us
            with reading(folder, server.grpc, [_from_the_start()], 2) as readers:
                readers.wait(1)
                beside_us = publisher.run(calls).span_us
                read = readers.now().events
            if read >= 2 * total and size.one_of == 1:
                raise RuntimeError("the readers had caught up before the publisher was done")
            ratios.append(alone_us / beside_us)
            rates = [calls * _GROUP / us * 1e6 for us in (beside_us, alone_us)]
            note(f"{rates[0]:.0f} events/s beside readers, {rates[1]:.0f} alone; {read} read")
    return statistics.median(ratios)


@functools.cache
def filled(count: int) -> Path:
    """Return the data of a log of so many events of 300 bytes, made once for all rows."""
    data = Path(tempfile.mkdtemp(prefix="tidings-bench-filled-"))
    atexit.register(shutil.rmtree, data, ignore_errors=True)
    fill(data, event_pb2.Draft(events=[events.small(mark())]), count)
    return data


def fill(data: Path, draft: event_pb2.Draft, count: int) -> None:
    """Store a draft so many times, through the service's own store."""
    clock = SystemClock()
    system = next(iter(draft.events)).WhichOneof("body")
    checked = check_draft(load({})[str(system)], draft, CheckContext(clock.now_us(), bytes, 0))

    async def append_all(some: Draft) -> None:
        store = await open_sqlite(data, clock=clock, durability="relaxed")
        for at in range(0, count, _FILL_GROUP):
            await store.append([some] * min(_FILL_GROUP, count - at))
        await store.close()

    asyncio.run(append_all(checked))


def note(text: str) -> None:
    """Print the result of a round."""
    print(f"  {text}", file=sys.stderr, flush=True)


def _from_the_start() -> bytes:
    request = pb.SubscribeRequest(position=pb.START_POSITION_EARLIEST)
    request.selection.nomad.topics.add(topic="*")
    return openings.grpc(sides.SUBSCRIBE, request.SerializeToString())


def _scan_s(file: Path, count: int) -> float:
    began = time.monotonic()
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as table:
        found = table.execute("SELECT * FROM records ORDER BY seq LIMIT ?", (count,))
        while found.fetchmany(1000):
            pass
    return time.monotonic() - began


def _start_s(server: Server) -> float:
    began = time.monotonic()
    try:
        server.start()
        took_s = time.monotonic() - began
        server.stop()
    finally:
        server.end()
    return took_s
