"""Rows about publishing: Tidings compared with bare SQLite on the same disk."""

from __future__ import annotations

import asyncio
import queue
import sqlite3
import statistics
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import grpc

from benchmarks.lab import events, openings, sides
from benchmarks.lab.measure import mark, publishing
from benchmarks.lab.rounds import Size
from tests.kit.server import serving
from tidings.v1 import event_service_pb2 as pb
from tidings.v1.event_pb2 import Draft

_PUBLISHERS, _PER_CALL, _CALLS = 64, 10, 6400
_PUBLISH, _ECHO = "/tidings.v1.EventService/Publish", "/bench/Echo"

_Job = tuple[bytes, asyncio.Future[None]]
"""A row, and the future of its commit."""


def publish_rate(*, streamed: bool) -> Callable[[Path, Size], float]:
    """Return the ratio of the rate of 64 publishers, 10 events a call, to a bare loop of commits.

    A call is a unary Publish or, `streamed`, a message of the publisher's own PublishStream. The
    bare loop has 64 publishers in one process, each of which awaits the commit of an event, and one
    writer thread that commits what waits. Printed beside it, and not part of the figure: the rate
    of bare grpc.aio that only echoes the same calls.
    """

    def measure(folder: Path, size: Size) -> float:
        calls = _CALLS // size.one_of
        draft = Draft(events=[events.small(mark())] * _PER_CALL)
        drafts = [draft] if streamed else draft
        row = draft.events[0].SerializeToString()
        ratios = []
        with (
            serving(folder / "tidings") as server,
            publishing(folder, server.grpc, *calls_of(drafts), _PUBLISHERS) as publishers,
            sides.echo() as address,
            publishing(folder, address, *calls_of(drafts, _ECHO), _PUBLISHERS) as callers,
            _table(folder / "bare") as table,
        ):
            publishers.run(_PUBLISHERS * 10)
            for _ in range(size.rounds):
                ours = calls * _PER_CALL / publishers.run(calls).span_us * 1e6
                bare_calls = calls * _PER_CALL / callers.run(calls).span_us * 1e6
                commits = calls / asyncio.run(_bare_publishing_s(table, row, calls))
                ratios.append(ours / commits)
                _note(f"events/s: {ours:.0f}, bare commits {commits:.0f}, calls {bare_calls:.0f}")
        return statistics.median(ratios)

    return measure


def lone_publish(folder: Path, size: Size) -> float:
    """Return the ratio of a lone publish's p50 to that of a bare commit plus a bare unary call."""
    asked = pb.PublishRequest(draft=Draft(events=[events.small(mark())]))
    row = (asked.draft.SerializeToString(),)
    ratios: list[float] = []
    with (
        serving(folder / "tidings") as server,
        server.stub() as stub,
        _table(folder / "bare") as table,
        sides.echo() as address,
        grpc.insecure_channel(address) as channel,
    ):
        echo: grpc.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary("/bench/Echo")
        bare_request = asked.SerializeToString()
        works = (
            lambda: stub.Publish(asked),
            lambda: _commit(table, [row]),
            lambda: echo(bare_request),
        )
        for _ in range(size.rounds):
            # alternately: alone in a loop, each has warm caches and a busy disk for itself
            turns = [[_seconds(work) for work in works] for _ in range(2 * size.steady_events)]
            times = [statistics.median(taken) for taken in zip(*turns, strict=True)]
            ours_s, commit_s, call_s = times
            ratios.append(ours_s / (commit_s + call_s))
            shown = ", ".join(f"{each * 1e6:.0f}" for each in times)
            _note(f"publish, bare commit, bare call: {shown} us")
    return statistics.median(ratios)


def calls_of(drafts: Draft | list[Draft], path: str = _PUBLISH) -> tuple[bytes, bytes]:
    """Return opening and call of publishers: Publish of a draft, or PublishStream of a list."""
    if isinstance(drafts, list):
        message = pb.PublishStreamRequest(drafts=drafts).SerializeToString()
        opening = openings.WINDOWS + openings.head(path + "Stream", 1)
        return opening, openings.message(message, 1, is_last=False)
    message = pb.PublishRequest(draft=drafts).SerializeToString()
    call = openings.head(path, 1) + openings.message(message, 1, is_last=True)
    return openings.WINDOWS, call


async def _bare_publishing_s(table: sqlite3.Connection, row: bytes, calls: int) -> float:
    """Return how long 64 publishers in this process take, each awaiting the commit of its row."""
    loop = asyncio.get_running_loop()
    waiting: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()

    def commit_all() -> None:
        """Commit whatever waits, as one group, until told to stop."""
        job = waiting.get()
        while job is not None:
            jobs = [job]
            while (job := _next(waiting)) is not None:
                jobs.append(job)
            _commit(table, [(row,) for row, _ in jobs])
            loop.call_soon_threadsafe(_succeed, [done for _, done in jobs])
            job = waiting.get()

    async def publish(count: int) -> None:
        for _ in range(count):
            done = loop.create_future()
            waiting.put((row, done))
            await done

    writer = threading.Thread(target=commit_all)
    writer.start()
    began = time.monotonic()
    await asyncio.gather(*(publish(calls // _PUBLISHERS) for _ in range(_PUBLISHERS)))
    took_s = time.monotonic() - began
    waiting.put(None)
    writer.join()
    return took_s


def _next(waiting: queue.SimpleQueue[_Job | None]) -> _Job | None:
    try:
        return waiting.get_nowait()
    except queue.Empty:
        return None


def _succeed(answers: list[asyncio.Future[None]]) -> None:
    for answer in answers:
        answer.set_result(None)


@contextmanager
def _table(file: Path) -> Iterator[sqlite3.Connection]:
    """Lend a table whose commits survive a power cut."""
    with closing(sqlite3.connect(file, isolation_level=None, check_same_thread=False)) as table:
        table.execute("PRAGMA journal_mode=WAL")
        table.execute("PRAGMA synchronous=FULL")
        table.execute("CREATE TABLE records (seq INTEGER PRIMARY KEY, body BLOB)")
        yield table


def _commit(table: sqlite3.Connection, rows: list[tuple[bytes]]) -> None:
    table.execute("BEGIN")
    table.executemany("INSERT INTO records (body) VALUES (?)", rows)
    table.execute("COMMIT")


def _seconds(work: Callable[[], object]) -> float:
    began = time.monotonic()
    work()
    return time.monotonic() - began


def _note(text: str) -> None:
    print(f"  {text}", file=sys.stderr, flush=True)
