"""A discrete-event simulation: processes that wait and yield events, in one order."""

from __future__ import annotations

from collections.abc import Iterator
from heapq import heappop, heappush
from typing import TypeAlias

from tidings.app.demo.times import Happening

Process: TypeAlias = Iterator[Happening | float]
"""Yields an event that happens now, or how many seconds to wait."""


class Simulation:
    """Runs processes in simulated seconds from 0 on; at the same time the oldest runs first.

    A process may read `now_s`, and start others.
    """

    def __init__(self) -> None:
        self.now_s = 0.0
        self._waiting: list[tuple[float, int, Process]] = []
        self._count = 0

    def start(self, process: Process, after_s: float = 0.0) -> None:
        """Start a process after so many seconds."""
        self._count += 1
        heappush(self._waiting, (self.now_s + after_s, self._count, process))

    def run(self, until_s: float) -> Iterator[Happening]:
        """Yield the events before a time, exclusive, in order."""
        while self._waiting and self._waiting[0][0] < until_s:
            self.now_s, number, process = heappop(self._waiting)
            for step in process:
                if isinstance(step, Happening):
                    yield step
                    continue
                heappush(self._waiting, (self.now_s + step, number, process))
                break
