"""One row of the table of what is measured."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.lab.rounds import Size


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the table: a ratio, ours to theirs, that must be on one side of `must`."""

    number: int
    title: str
    must: float
    aim: float
    measure: Callable[[Path, Size], float]
    more_is_better: bool = False

    def is_met(self, ratio: float, target: float) -> bool:
        """Return whether a ratio is good enough for a target."""
        return ratio >= target if self.more_is_better else ratio <= target
