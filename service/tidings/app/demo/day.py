"""A day of a cluster: events of all systems, simulated from a seed, in one order."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Final

from tidings.app.demo.day_nomad import NomadDay
from tidings.app.demo.day_others import OthersDay
from tidings.app.demo.hour import draft_of
from tidings.app.demo.simulation import Simulation
from tidings.app.demo.times import Times
from tidings.v1 import event_pb2

DAY_US: Final = 86_400_000_000
_DAY_S: Final = 86_400.0
_SEED: Final = 352


def drafts(
    start_us: int, *, size: int = 1, seed: int = _SEED
) -> Iterator[tuple[int, event_pb2.Draft]]:
    """Yield drafts with the times of their events, microseconds since 1970, in order.

    `start_us` is when the day begins. One of size 1 has some 4000 records; `size`
    multiplies nodes, jobs, stacks and people. Equal arguments give equal drafts; their keys,
    `day/1` and so on, do not depend on the time.
    """
    random = Random(seed)  # noqa: S311 - what is made up is no secret
    times = Times(start_us)
    simulation = Simulation()
    NomadDay(random, times, simulation, size)
    OthersDay(random, times, simulation, size)
    for number, happening in enumerate(simulation.run(_DAY_S), start=1):
        yield times.us(happening.at_s), draft_of(happening, f"day/{number}", times)
