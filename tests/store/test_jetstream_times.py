"""Times of records on NATS, which are those of whichever server led the stream."""

from __future__ import annotations

from itertools import pairwise

import pytest

from tidings.store.jetstream.message import evened

YEAR_S = 365 * 86_400


@pytest.mark.parametrize(
    ("stored_s", "seen_s"),
    [
        ([100, 101, 105], [100, 101, 105]),
        ([100, 98, 99, 101], [100, 100, 100, 101]),
        ([100, 40, 100], [100, 100, 100]),
        ([100, 39, 101], [100, 39, 101]),
        ([100, 100 + YEAR_S, 102, 103], [100, 100 + YEAR_S, 102, 103]),
        ([100 + YEAR_S, 99 + YEAR_S, 102, 101], [100 + YEAR_S, 100 + YEAR_S, 102, 102]),
        ([YEAR_S, 100, YEAR_S + 3], [YEAR_S, 100, YEAR_S + 3]),
    ],
)
def test_clocks_that_differ_a_little_are_evened_and_a_wrong_one_is_left_alone(
    stored_s: list[int], seen_s: list[int]
) -> None:
    seen = [0]
    for second in stored_s:
        seen.append(evened(seen[-1], second * 1_000_000))
    assert [at_us // 1_000_000 for at_us in seen[1:]] == seen_s
    assert all(later >= one for one, later in pairwise(seen) if one - later <= 60_000_000)
