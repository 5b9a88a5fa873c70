"""How long a caller with a deadline of its own is kept waiting."""

from __future__ import annotations

import pytest

from tidings.rpc.deadlines import time_to_wait


@pytest.mark.parametrize(
    ("remaining_s", "wait_s"),
    [(600.0, 599.75), (2.0, 1.75), (0.5, 0.25), (0.1, 0.05), (0.0, 0.0), (-1.0, 0.0)],
)
def test_part_of_the_time_is_kept_for_the_answer(remaining_s: float, wait_s: float) -> None:
    assert time_to_wait(remaining_s) == pytest.approx(wait_s)
