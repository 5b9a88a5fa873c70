"""How long is waited before something is tried again."""

from __future__ import annotations

import pytest

from tidings.gateway.upstream.backoff import Backoff


@pytest.mark.parametrize(
    ("chance", "expected"),
    [
        (0.0, [0.1, 0.2, 0.4, 0.8, 1.0, 1.0, 1.0]),
        (1.0, [0.05, 0.1, 0.2, 0.4, 0.5, 0.5, 0.5]),
        (0.5, [0.075, 0.15, 0.3, 0.6, 0.75, 0.75, 0.75]),
    ],
)
def test_pauses_grow_up_to_a_bound_less_what_is_left_to_chance(
    chance: float, expected: list[float]
) -> None:
    backoff = Backoff(lambda: chance)
    assert [backoff.next_s() for _ in expected] == pytest.approx(expected)
    backoff.reset()
    assert backoff.next_s() == pytest.approx(expected[0])


def test_those_who_failed_together_do_not_come_again_together() -> None:
    assert len({Backoff().next_s() for _ in range(20)}) > 10
