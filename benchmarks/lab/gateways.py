"""A row about several gateways: how fast a flood reaches its readers with two and with one."""

from __future__ import annotations

import os
from contextlib import AbstractContextManager
from pathlib import Path

from benchmarks.lab.measure import Readers, mark
from benchmarks.lab.million import note
from benchmarks.lab.rounds import Open, Size, compare
from benchmarks.lab.sides import Side, tidings

_READERS = 100


def two_to_one(folder: Path, size: Size) -> float:
    """Return the ratio of the delivery rate of two gateways to that of one, in a flood."""
    note(f"{len(os.sched_getaffinity(0))} cores for the service, the gateways and the reader")
    return compare(folder, size, (_with(2), _with(1)), _READERS, _rate)


def _with(count: int) -> Open:
    def open_(folder: Path) -> AbstractContextManager[Side]:
        own = folder / f"gateways-{count}"
        own.mkdir()
        return tidings(own, "ndjson", flags=[f"--gateways={count}"])

    return open_


def _rate(side: Side, reader: Readers, size: Size) -> float:
    side.publish([mark() for _ in range(size.backlog_events)])
    count = reader.wait(size.backlog_events * reader.count)
    rate = count.events / max(count.span_us, 1)
    note(f"{rate * 1e6:.0f} events a second, p99 {count.p99_us / 1e3:.1f} ms")
    return rate
