"""The memory of the console's page while events come: heap, elements and listeners, over time."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from benchmarks.idle import Ratio
from benchmarks.lab.million import note
from benchmarks.lab.steady import steadily
from tests.e2e.browser import Browser, Memory
from tests.kit.server import Server, nomad_line

_SAMPLES = 20
_AT_ONCE = 1000
_FIRST = 10_000_000  # of the numbers of events: unique, and none is a prefix of another
_MUST = 1.1  # lines are dropped many at a time: what is kept varies by a tenth of their number


@dataclass(frozen=True, slots=True)
class Soak:
    """How much comes to a page, and for how long."""

    per_s: int
    minutes: float
    window: int
    """Events before the measurement: more than the page keeps."""


def soak(browser: Browser, server: Server, size: Soak) -> Iterator[Ratio]:
    """Yield the ratios of the page's maxima in the second half of the time to those in the first.

    Raises:
        RuntimeError: the browser's console had messages.
    """
    numbers = itertools.count(_FIRST)
    browser.open(f"http://{server.http}/")
    browser.sees(".state.live")
    for _ in range(0, size.window, _AT_ONCE):
        server.publish_nomad([nomad_line(next(numbers)) for _ in range(_AT_ONCE)])
        _sees_last(browser, server, numbers)
    with steadily(server, numbers, size.per_s):
        samples = [_sampled(browser, size.minutes * 60 / _SAMPLES) for _ in range(_SAMPLES)]
    came = _sees_last(browser, server, numbers) - _FIRST
    if problems := browser.problems():
        raise RuntimeError(f"in the browser's console: {problems}")
    first, second = samples[: _SAMPLES // 2], samples[_SAMPLES // 2 :]
    title = (
        f"of the page in the second half of {size.minutes:g} minutes, {came:,} events / the first"
    )
    yield Ratio(f"heap {title}", _most_mb(second), _most_mb(first), "MB", must=_MUST)
    for name in ("nodes", "listeners"):
        ours, before = (max(getattr(each, name) for each in half) for half in (second, first))
        yield Ratio(f"{name} {title}", ours, before, name, must=_MUST)


def _sees_last(browser: Browser, server: Server, numbers: Iterator[int]) -> int:
    """Publish one more event, wait until the page shows it, and return its number."""
    last = next(numbers)
    server.publish_nomad([nomad_line(last)])
    browser.sees(".rows .row", f"key-{last}")
    return last


def _sampled(browser: Browser, after_s: float) -> Memory:
    threading.Event().wait(after_s)
    found = browser.memory()
    note(f"{found.bytes / 1e6:.1f} MB, {found.nodes} nodes, {found.listeners} listeners")
    return found


def _most_mb(samples: Sequence[Memory]) -> float:
    return max(each.bytes for each in samples) / 1e6
