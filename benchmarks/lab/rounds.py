"""Rounds in which two sides alternate, and the median of their ratios."""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack, nullcontext
from dataclasses import dataclass
from pathlib import Path

from benchmarks.lab.measure import Count, Readers, cpu_s, mark, reading
from benchmarks.lab.sides import Side, tidings

_PACE_S = 0.02  # 50 events a second

Open = Callable[[Path], AbstractContextManager[Side]]


@dataclass(frozen=True, slots=True)
class Size:
    """How much is measured."""

    rounds: int
    steady_events: int
    backlog_events: int
    one_of: int = 1
    """Of what a row's title names (readers, events), one of so many."""
    asked_records: int = 1_000_000
    """Of the log that questions are asked of."""

    @classmethod
    def full(cls) -> Size:
        """Return the size of a full run."""
        return cls(rounds=5, steady_events=150, backlog_events=2000)

    @classmethod
    def quick(cls) -> Size:
        """Return the size of a quick run, which only shows that everything still works."""
        return cls(rounds=1, steady_events=20, backlog_events=200, one_of=50, asked_records=20_000)


def steady(which: str, other: Open, *, readers: int) -> Callable[[Path, Size], float]:
    """Return the ratio of CPU per delivered event, one event at a time."""
    return lambda folder, size: compare(
        folder, size, (tidings_as(which), other), readers, steady_round
    )


def steady_round(side: Side, reader: Readers, size: Size) -> float:
    """Return the CPU of a delivered event, in microseconds, at the steady pace."""
    began = cpu_s(side.pids)
    due = time.monotonic()
    for _ in range(size.steady_events):
        due += _PACE_S
        side.publish([mark()])
        time.sleep(max(0.0, due - time.monotonic()))
    count = reader.wait(size.steady_events * reader.count)
    return _note(side, count, cpu_s(side.pids) - began)


def flood(which: str, other: Open, *, readers: int) -> Callable[[Path, Size], float]:
    """Return the ratio of CPU per delivered event when all are published at once."""

    def one_round(side: Side, reader: Readers, size: Size) -> float:
        began = cpu_s(side.pids)
        side.publish([mark() for _ in range(size.backlog_events)])
        count = reader.wait(size.backlog_events * readers)
        return _note(side, count, cpu_s(side.pids) - began)

    return lambda folder, size: compare(
        folder, size, (tidings_as(which), other), readers, one_round
    )


def backlog(which: str, other: Open, *, readers: int) -> Callable[[Path, Size], float]:
    """Return the same without publishing, which is done while nothing is delivered."""

    def one_round(side: Side, reader: Readers, size: Size) -> float:
        with side.holding():
            began = cpu_s(side.pids)
            side.publish([mark() for _ in range(size.backlog_events)])
            if side.holding is not nullcontext:  # else it delivers from the first event on
                began = cpu_s(side.pids)
        count = reader.wait(size.backlog_events * readers)
        return _note(side, count, cpu_s(side.pids) - began)

    return lambda folder, size: compare(
        folder, size, (tidings_as(which), other), readers, one_round
    )


def tidings_as(which: str) -> Open:
    """Return how Tidings is opened for a way of reading it."""
    return lambda folder: tidings(folder, which)


def compare(
    folder: Path,
    size: Size,
    opened: tuple[Open, Open],
    readers: int,
    one_round: Callable[[Side, Readers, Size], float],
) -> float:
    """Return the median of the rounds' ratios, the first side's cost to the second's."""
    with ExitStack() as stack:
        pairs = []
        for open_ in reversed(opened):  # ours last: the other may be missing
            side = stack.enter_context(open_(folder))
            reader = stack.enter_context(reading(folder, side.address, [side.opening], readers))
            warm_up(side, reader)
            pairs.append((side, reader))
        ratios = []
        for _ in range(size.rounds):
            theirs, ours = (one_round(side, reader, size) for side, reader in pairs)
            ratios.append(ours / theirs)
    return statistics.median(ratios)


def warm_up(side: Side, reader: Readers) -> None:
    """Return once every reader has received an event at the same time.

    The wait grows, for what is slow to deliver to all of them (a thousand lists are megabytes).
    """
    for patience_s in (*[0.1] * 100, *[1.0] * 20, *[5.0] * 4):
        side.publish([mark()])
        seen = 0
        while (some := _within(patience_s, reader)) > 0:
            seen += some
            if seen == reader.count:
                return
    raise RuntimeError(f"{side.name}: not all of {reader.count} readers receive")


def _within(patience_s: float, reader: Readers) -> int:
    time.sleep(patience_s)
    return reader.now().events


def _note(side: Side, count: Count, cost_s: float) -> float:
    each_us = max(cost_s, 0.01) / count.events * 1e6
    print(
        f"  {side.name:14} {each_us:8.2f} us an event, p50 {count.p50_us / 1e3:.1f} ms,"
        f" p99 {count.p99_us / 1e3:.1f} ms",
        file=sys.stderr,
        flush=True,
    )
    return each_us
