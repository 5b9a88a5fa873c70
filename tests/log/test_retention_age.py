from __future__ import annotations

import pytest

from tests.kit.clock import ManualClock
from tests.kit.jumping import scenario
from tests.kit.log import draft
from tidings.log.retention_age import DAY_S, is_confirmed
from tidings.store.memory import MemoryStore

HOUR_S = 3600.0


async def recorded(*at_s: float) -> MemoryStore:
    """Return a store with a record of each of these times."""
    clock = ManualClock()
    store = MemoryStore(clock=clock)
    for second in at_s:
        clock.at_s = second
        await store.append([draft()])
    return store


T = 1000 * DAY_S  # some day


@pytest.mark.parametrize(
    ("at_s", "now_s", "span_s", "expected"),
    [
        # records come all the time
        ([T + n * HOUR_S for n in range(48)], T + 47 * HOUR_S, DAY_S, True),
        ([T + n * HOUR_S for n in range(48)], T + 47 * HOUR_S + DAY_S, DAY_S, True),
        # nothing was recorded for more than a day
        ([T + n * HOUR_S for n in range(48)], T + 47 * HOUR_S + DAY_S + 1, DAY_S, False),
        # down for three days, and back since a while
        ([T, T + 3 * DAY_S], T + 3 * DAY_S, DAY_S, False),
        ([T, T + 3 * DAY_S, T + 4 * DAY_S - 1], T + 4 * DAY_S, DAY_S, False),
        ([T, T + 3 * DAY_S, T + 4 * DAY_S], T + 4 * DAY_S, DAY_S, True),
        ([T, T + 3 * DAY_S, T + 3 * DAY_S + HOUR_S], T + 3 * DAY_S + HOUR_S, HOUR_S, True),
        ([T, T + 3 * DAY_S, T + 3 * DAY_S + HOUR_S - 1], T + 3 * DAY_S + HOUR_S, HOUR_S, False),
        # a hole of a day is none
        ([T, T + DAY_S, T + DAY_S + 1], T + DAY_S + 1, DAY_S, True),
        ([T, T + DAY_S + 1, T + DAY_S + 2], T + DAY_S + 2, DAY_S, False),
        # two jumps, one after another
        ([T, T + 3 * DAY_S, T + 6 * DAY_S, T + 6 * DAY_S + 1], T + 6 * DAY_S + 1, DAY_S, False),
        # a clock that is behind the records takes less than it might
        ([T, T + HOUR_S, T + DAY_S], T + HOUR_S, HOUR_S, True),
        ([T + n * HOUR_S for n in range(48)], T + 30 * HOUR_S, DAY_S, True),
        # one record; a new log
        ([T], T, DAY_S, False),
        ([T, T + 60], T + 60, DAY_S, False),
        ([], T, DAY_S, False),
    ],
)
@scenario
async def test_a_time_is_confirmed_by_records_that_came_up_to_it_for_a_while(
    at_s: list[float], now_s: float, span_s: float, *, expected: bool
) -> None:
    store = await recorded(*at_s)
    assert await is_confirmed(store, int(now_s * 1e6), span_s) is expected


@pytest.mark.parametrize(
    ("ago_s", "steady_s", "expected"),
    [
        (0.0, DAY_S, True),
        (DAY_S, DAY_S, True),
        (DAY_S + 1, 100 * DAY_S, False),
        (0.0, DAY_S - 1, False),
    ],
)
@scenario
async def test_a_clock_that_went_steadily_needs_one_record_of_the_last_day(
    ago_s: float, steady_s: float, *, expected: bool
) -> None:
    store = await recorded(T - 9 * DAY_S, T - ago_s)
    assert await is_confirmed(store, int(T * 1e6), DAY_S, steady_s) is expected
