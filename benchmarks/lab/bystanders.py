"""Rows about readers that must not slow others down: some never read, some read all the time."""

from __future__ import annotations

import socket
import statistics
import time
from collections.abc import Callable
from contextlib import ExitStack, closing
from pathlib import Path

from benchmarks.lab import events, openings, sides
from benchmarks.lab.measure import mark, polling, publishing, reading, rss_bytes
from benchmarks.lab.million import fill, note
from benchmarks.lab.publishing import calls_of
from benchmarks.lab.rounds import Size
from tests.kit.server import serving
from tidings.v1 import event_pb2

_PASSING_BYTES = 200_000_000
_GROUP = 500
_MIB = 1024**2
_TAIL_MIB = 64
"""The size of the service's tail by default; the gateway's own counts as growth."""

_CLIENTS, _JOB_EVENTS, _PUBLISHES = 20, 10_000, 1000
_SELECTIONS, _BESIDE_EVENTS = 500, 2000
_UNTIL_DEAD_S = 20.0
_JOB_PATH = "/orchestrator/v1/jobs/352/events"


def never_reading(which: str) -> Callable[[Path, Size], float]:
    """Return the maximum growth of the processes in MB (1024^2), beyond the tail's own size.

    A reader selects everything and never reads while 200 MB of the Node's events are published.
    """

    def measure(folder: Path, size: Size) -> float:
        count = _PASSING_BYTES // events.node(mark()).ByteSize() // size.one_of
        with sides.tidings(folder, which) as side:
            side.publish([mark() for _ in range(_GROUP)])  # one-time allocations are done
            before = most = rss_bytes(side.pids)
            host, _, port = side.address.rpartition(":")
            with closing(socket.create_connection((host, int(port)))) as reader:
                reader.sendall(side.opening)
                for _ in range(0, count, _GROUP):
                    side.publish([mark() for _ in range(_GROUP)])
                    most = max(most, rss_bytes(side.pids))
        grown = (most - before) / _MIB
        note(f"{count} events passed, {grown:.0f} MB more")
        return grown if size.one_of > 1 else grown - _TAIL_MIB

    return measure


def publish_beside_polls(folder: Path, size: Size) -> float:
    """Return the ratio of a publisher's p99 beside 20 clients that re-read a job to that alone."""
    job, publishes = _JOB_EVENTS // size.one_of, _PUBLISHES // min(size.one_of, 10)
    step = event_pb2.Event()
    step.puppet.type, step.puppet.job = "node_running", "352"
    step.puppet.details.node, step.puppet.message = "node-17.example.com", "Started puppet run"
    fill(folder / "tidings", event_pb2.Draft(events=[step]), job)
    opening, call = calls_of(event_pb2.Draft(events=[events.small(mark())]))
    ratios = []
    with (
        serving(folder / "tidings") as server,
        publishing(folder, server.grpc, opening, call, 1) as publisher,
    ):
        publisher.run(publishes)
        for _ in range(size.rounds):
            idle = publisher.run(publishes)
            with polling(folder, server.http, openings.http(_JOB_PATH), _CLIENTS) as count:
                beside, answers = publisher.run(publishes), count()
            ratios.append(beside.p99_us / idle.p99_us)
            note(
                f"p50 and p99 {beside.p50_us} and {beside.p99_us} us beside {answers} answers,"
                f" {idle.p50_us} and {idle.p99_us} us idle"
            )
    return statistics.median(ratios)


def publish_beside_selections(*, reading_too: bool) -> Callable[[Path, Size], float]:
    """Return the ratio of the rate of publishing beside 500 HTTP readers to that without them.

    Each has a selection of its own, and each is sent every event; they read it, or never read.
    """

    def measure(folder: Path, size: Size) -> float:
        count, total = _SELECTIONS // size.one_of, _BESIDE_EVENTS // min(size.one_of, 10)
        openings_ = [_selecting(number) for number in range(count)]
        with sides.tidings(folder, "ndjson") as side, ExitStack() as stack:
            alone = statistics.median(_publish_rate(side, total) for _ in range(size.rounds))
            if reading_too:
                stack.enter_context(reading(folder, side.address, openings_, count))
            else:
                for opening in openings_:
                    stack.enter_context(closing(_never_reading(side.address, opening)))
                until_s = time.monotonic() + _UNTIL_DEAD_S / min(size.one_of, 10)
                while time.monotonic() < until_s:
                    _publish_rate(side, total)  # until their socket buffers are full
            before = rss_bytes(side.pids)
            beside = statistics.median(_publish_rate(side, total) for _ in range(size.rounds))
            grown = (rss_bytes(side.pids) - before) / _MIB
        note(f"{alone:.0f} events/s alone, {beside:.0f} beside {count}, {grown:.0f} MB more")
        return beside / alone

    return measure


def _never_reading(address: str, opening: bytes) -> socket.socket:
    host, _, port = address.rpartition(":")
    client = socket.create_connection((host, int(port)))
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.sendall(opening)
    return client


def _publish_rate(side: sides.Side, total: int) -> float:
    began_s = time.perf_counter()
    for _ in range(0, total, 100):
        side.publish([mark() for _ in range(100)])
    return total / (time.perf_counter() - began_s)


def _selecting(number: int) -> bytes:
    return openings.http(f"/v1/event/stream?topic=Node&topic=Job:job-{number}")
