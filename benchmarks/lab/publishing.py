"""Rows about publishing and reading all: how near Tidings comes to bare SQLite on the same disk."""

from __future__ import annotations

import asyncio
import sqlite3
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import grpc

from benchmarks.lab import events, openings, sides
from benchmarks.lab.measure import mark, reading
from benchmarks.lab.rounds import Size
from tests.e2e.rig import serving
from tidings.v1 import event_service_pb2 as pb
from tidings.v1 import event_service_pb2_grpc
from tidings.v1.event_pb2 import Draft

_PUBLISHERS, _PER_CALL = 64, 10


def publish_rate(folder: Path, size: Size) -> float:
    """Return the rate of 64 publishers, 10 events a call, to that of a bare loop of commits.

    All publishers wait for their commits, so that a bare commit holds what all of them asked.
    """
    calls = size.steady_events // 5
    asked = pb.PublishRequest(draft=Draft(events=[events.small(mark())] * _PER_CALL))
    row = (asked.draft.events[0].SerializeToString(),)
    group = [row] * (_PUBLISHERS * _PER_CALL)
    ratios = []
    with serving(folder / "tidings") as server, _table(folder / "bare") as table:
        for _ in range(size.rounds):
            ours_s = asyncio.run(_publish_all(server.grpc, asked, calls))
            theirs_s = sum(_seconds(lambda: _commit(table, group)) for _ in range(calls))
            ratios.append(theirs_s / ours_s)
            total = _PUBLISHERS * _PER_CALL * calls
            _note(f"{total / ours_s:.0f} events/s, bare commits {total / theirs_s:.0f}")
    return statistics.median(ratios)


def lone_publish(folder: Path, size: Size) -> float:
    """Return the p50 of a lone publish to that of a bare commit plus a bare unary call."""
    asked = pb.PublishRequest(draft=Draft(events=[events.small(mark())]))
    row = (asked.draft.SerializeToString(),)
    ratios = []
    with (
        serving(folder / "tidings") as server,
        server.stub() as stub,
        _table(folder / "bare") as table,
        sides.echo() as address,
        grpc.insecure_channel(address) as channel,
    ):
        echo: grpc.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary("/bench/Echo")
        bare_request = asked.SerializeToString()
        for _ in range(size.rounds):
            times = [
                statistics.median(_seconds(work) for _ in range(2 * size.steady_events))
                for work in (
                    lambda: stub.Publish(asked),
                    lambda: _commit(table, [row]),
                    lambda: echo(bare_request),
                )
            ]
            ours_s, commit_s, call_s = times
            ratios.append(ours_s / (commit_s + call_s))
            shown = ", ".join(f"{each * 1e6:.0f}" for each in times)
            _note(f"publish, bare commit, bare call: {shown} us")
    return statistics.median(ratios)


def catch_up(folder: Path, size: Size) -> float:
    """Return the rate of one gRPC reader of a whole log to that of a bare scan of its rows."""
    total = 100 * size.backlog_events
    request = pb.SubscribeRequest(earliest=True)
    request.nomad.topics.add(topic="*")
    opening = openings.grpc(sides.SUBSCRIBE, request.SerializeToString())
    ratios = []
    with serving(folder / "tidings") as server:
        with server.stub() as stub:
            fill = pb.PublishStreamRequest(drafts=[Draft(events=[events.small(mark())])] * 500)
            for _ in stub.PublishStream(iter([fill] * (total // 500))):
                pass
        with _table(folder / "bare") as table:
            row = (events.small(mark()).SerializeToString(),)
            _commit(table, [row] * total)
            for _ in range(size.rounds):
                began = time.monotonic()
                with reading(folder, server.grpc, [opening], 1) as reader:
                    # a mark that the end of a frame cuts in two is not seen
                    reader.wait(total * 98 // 100)
                ours_s = time.monotonic() - began
                theirs_s = _seconds(lambda: _scan(table))
                ratios.append(theirs_s / ours_s)
                _note(f"{total / ours_s:.0f} events/s, bare scan {total / theirs_s:.0f}")
    return statistics.median(ratios)


async def _publish_all(address: str, asked: pb.PublishRequest, calls: int) -> float:
    async with grpc.aio.insecure_channel(address) as channel:
        stub = event_service_pb2_grpc.EventServiceStub(channel)

        async def publisher() -> None:
            for _ in range(calls):
                await stub.Publish(asked)

        await stub.Publish(asked)
        began = time.monotonic()
        await asyncio.gather(*(publisher() for _ in range(_PUBLISHERS)))
        return time.monotonic() - began


@contextmanager
def _table(file: Path) -> Iterator[sqlite3.Connection]:
    """Lend a table whose commits survive a power cut."""
    with closing(sqlite3.connect(file, isolation_level=None)) as table:
        table.execute("PRAGMA journal_mode=WAL")
        table.execute("PRAGMA synchronous=FULL")
        table.execute("CREATE TABLE records (seq INTEGER PRIMARY KEY, body BLOB)")
        yield table


def _commit(table: sqlite3.Connection, rows: list[tuple[bytes]]) -> None:
    table.execute("BEGIN")
    table.executemany("INSERT INTO records (body) VALUES (?)", rows)
    table.execute("COMMIT")


def _scan(table: sqlite3.Connection) -> None:
    found = table.execute("SELECT seq, body FROM records ORDER BY seq")
    while found.fetchmany(1000):
        pass


def _seconds(work: Callable[[], object]) -> float:
    began = time.monotonic()
    work()
    return time.monotonic() - began


def _note(text: str) -> None:
    print(f"  {text}", file=sys.stderr, flush=True)
