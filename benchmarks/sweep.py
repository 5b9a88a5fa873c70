"""The cost of a delivered event for every way of reading, with one to a thousand readers.

There are no targets. Costs are multiples of the bare writer's, at a steady pace and with 200
readers; `--json` has them in microseconds, with rates, latencies and memory. `--chart FILE`
measures only what is drawn, and draws it; `--line WORD` only the lines with the word in their name.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import shutil
import sys
import tempfile
from pathlib import Path

from benchmarks.lab.chart import svg
from benchmarks.lab.measure import Missing
from benchmarks.lab.points import LINES, Line, Point, measured

_READERS, _QUICK_READERS = (1, 10, 200, 1000), (10,)
_QUICK_SHARE = 0.05
_QUICK_LINES = tuple(line for line in LINES if line.is_quick)
_REGIMES = ("steady", "flood")


def main(quick: bool) -> int:  # noqa: FBT001 - every benchmark is called so
    """Measure and print every line; return 1 when one measured nothing."""
    points = sweep(_QUICK_LINES if quick else LINES, quick=quick)
    report(points)
    return int(any(point.cpu_us <= 0 for point in points))


def sweep(lines: tuple[Line, ...], *, quick: bool) -> list[Point]:
    """Return the points of all lines whose servers are installed."""
    found = []
    readers, share = (_QUICK_READERS, _QUICK_SHARE) if quick else (_READERS, 1)
    for line in lines:
        folder = Path(tempfile.mkdtemp(prefix="tidings-bench-"))
        try:
            found += measured(folder, line, readers, share)
        except Missing as what:
            print(f"{line.name}: not here: {what}", file=sys.stderr, flush=True)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    return found


def report(points: list[Point]) -> None:
    """Print a line for each, costs as multiples of the unit."""
    unit_us = _unit_us(points)
    for one in points:
        print(
            f"{one.line:20} {one.event:7} {one.selections:14} {one.regime:7} {one.readers:5}"
            f" {one.cpu_us / unit_us:8.2f}",
            flush=True,
        )


def _unit_us(points: list[Point]) -> float:
    """Return the steady cost of the first line that was measured, nearest to 200 readers."""
    steady = [one for one in points if one.regime == "steady" and one.line == points[0].line]
    return min(steady, key=lambda one: abs(one.readers - 200)).cpu_us


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="measure for a moment only")
    parser.add_argument("--line", default="", help="measure these lines alone")
    parser.add_argument("--json", action="store_true", help="print everything as JSON")
    parser.add_argument("--chart", type=Path, help="draw into this file")
    options = parser.parse_args()
    wanted = [each for each in LINES if options.line in each.name]
    seen = sweep(
        tuple(each for each in wanted if each.is_drawn or not options.chart), quick=options.quick
    )
    if options.json:
        print(json.dumps([dataclasses.asdict(one) for one in seen], indent=1))
    else:
        report(seen)
    if options.chart:
        options.chart.write_text(svg(seen, _REGIMES, _unit_us(seen)))
