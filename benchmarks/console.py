"""How the console behaves in a browser, compared with a plain text page of the same gateway.

Paints: with an empty cache, the first contentful paint and the largest one, which is the table with
the newest events. Frames: the slowest of a hundred while events come, and while scrolling through
many rows. Memory: the heap while events come.

`python -m benchmarks.console --soak` measures memory alone, for longer, on a log as large as asked.
"""

from __future__ import annotations

import argparse
import itertools
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median, quantiles

from benchmarks.idle import Ratio
from benchmarks.lab import events
from benchmarks.lab.measure import mark
from benchmarks.lab.million import fill
from benchmarks.lab.page_memory import Soak, soak
from benchmarks.lab.steady import steadily
from tests.e2e.browser import Browser, browsing
from tests.kit.server import Server, nomad_line, serving
from tidings.v1 import event_pb2

_PYTHON = Path(__file__).parents[1] / ".clients/playwright/bin/python"
_BARE = "console/vendor/LICENSES.txt"
_PER_S = 500
_WINDOW = 25_000  # more than the lines that the page keeps while it shows the newest
_KEEP_ALL = "--retention-records=1000000000"
_STEPS = 20  # for many rows

_FIRST_MS = "() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? 0"
_LARGEST_MS = """() => new Promise((resolve) => {
    new PerformanceObserver((list) => resolve(list.getEntries().at(-1).startTime))
        .observe({ type: "largest-contentful-paint", buffered: true });
})"""
# Milliseconds between frames, for a time; each frame may scroll to another place.
_FRAMES_MS = """([forMs, scrolls]) => new Promise((resolve) => {
    const gaps = [];
    let last = performance.now();
    const end = last + forMs;
    const rows = scrolls && document.querySelector(".rows");
    requestAnimationFrame(function frame(now) {
        gaps.push(now - last);
        last = now;
        if (rows) rows.scrollTop = Math.random() * rows.scrollHeight;
        if (now < end) requestAnimationFrame(frame);
        else resolve(gaps);
    });
})"""
_ROWS = "() => Number(document.querySelector('.rows').ariaRowCount) - 1"
_READ_ON = f"""(wanted) => {{
    document.querySelector(".rows").scrollTop = 1e9;
    return ({_ROWS})() >= wanted;
}}"""


def main(quick: bool) -> int:  # noqa: FBT001 - as every benchmark
    """Measure and print; 1 when a ratio is missed, except in a quick run."""
    rows = 2_000 if quick else 100_000
    with _looking(rows) as (browser, server):
        minutes, window = (0.02, 1000) if quick else (1, _WINDOW)
        ratios = [
            *_paints(browser, server, rounds=1 if quick else 15),
            *_frames(browser, server, rows, for_s=1 if quick else 10),
            *soak(browser, server, Soak(per_s=200, minutes=minutes, window=window)),
        ]
    return _told(ratios) and int(not quick)


def _asked(arguments: Sequence[str] | None = None) -> int:
    """Measure what the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.console", description=__doc__)
    parser.add_argument("--soak", action="store_true", help="measure memory alone")
    parser.add_argument("--events", type=int, default=1_000_000, help="stored before")
    parser.add_argument("--minutes", type=float, default=10, help="for which events come")
    parser.add_argument("--per-second", type=int, default=200, help="events that come")
    asked = parser.parse_args(arguments)
    if not asked.soak:
        return main(quick=False)
    size = Soak(per_s=asked.per_second, minutes=asked.minutes, window=_WINDOW)
    with _looking(asked.events) as (browser, server):
        return _told(list(soak(browser, server, size)))


def _told(ratios: Sequence[Ratio]) -> int:
    """Print ratios, and return 1 when one was missed."""
    for ratio in ratios:
        print(ratio, flush=True)
    return int(any(ratio.is_missed for ratio in ratios))


@contextmanager
def _looking(stored: int) -> Iterator[tuple[Browser, Server]]:
    """Lend a browser, and a server whose log holds so many events."""
    with tempfile.TemporaryDirectory() as folder, browsing(_PYTHON) as browser:
        data = Path(folder) / "data"
        fill(data, event_pb2.Draft(events=[events.small(mark())]), stored)
        with serving(data, _KEEP_ALL) as server:
            yield browser, server


def _paints(browser: Browser, server: Server, rounds: int) -> Iterator[Ratio]:
    bare, first, largest = [], [], []
    _first_ms(browser, f"http://{server.http}/")  # the gateway reads the files once
    for _ in range(rounds):
        bare.append(_first_ms(browser, f"http://{server.http}/{_BARE}"))
        first.append(_first_ms(browser, f"http://{server.http}/"))
        browser.sees(".rows .body .row")
        largest.append(float(browser.evaluate(_LARGEST_MS)))
    bare_ms = median(bare)
    yield Ratio("first paint / of a bare page", median(first), bare_ms, "ms", must=3, limit=300)
    yield Ratio("newest events / paint of a bare page", median(largest), bare_ms, "ms", must=10)


def _first_ms(browser: Browser, url: str) -> float:
    browser.open(url)
    browser.until(f"() => ({_FIRST_MS})() > 0")
    return float(browser.evaluate(_FIRST_MS))


def _frames(browser: Browser, server: Server, rows: int, for_s: float) -> Iterator[Ratio]:
    """Measure on a log of so many events; further ones are published meanwhile."""
    browser.open(f"http://{server.http}/{_BARE}")
    bare_ms = _slow_frame_ms(browser, for_s)
    browser.open(f"http://{server.http}/")
    browser.sees(".state.live")
    numbers = itertools.count(1)
    with steadily(server, numbers, _PER_S):
        live_ms = _slow_frame_ms(browser, for_s)
    yield Ratio("slow frame at 500 events/s / of a bare page", live_ms, bare_ms, "ms", must=3)
    last = next(numbers)
    server.publish_nomad([nomad_line(last)])
    browser.sees(".rows .row", f"key-{last}")  # later events are not shown after scrolling
    for step in range(1, _STEPS + 1):  # in steps: a wait has a time limit
        browser.until(_READ_ON, step * rows // _STEPS)
    scrolled_ms = _slow_frame_ms(browser, for_s, scrolls=True)
    count = browser.evaluate(_ROWS)
    yield Ratio(
        f"slow frame in {count:,} rows / of a bare page", scrolled_ms, bare_ms, "ms", must=3
    )


def _slow_frame_ms(browser: Browser, for_s: float, *, scrolls: bool = False) -> float:
    """Return the 99th percentile of the frame times."""
    gaps: list[float] = browser.evaluate(_FRAMES_MS, [for_s * 1000, scrolls])
    return quantiles(gaps, n=100)[-1]


if __name__ == "__main__":
    sys.exit(_asked())
