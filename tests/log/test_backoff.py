"""Pauses grow to a bound, begin anew after success, and differ between equals."""

from __future__ import annotations

from tidings.core.backoff import Backoff


def test_pauses_double_up_to_the_longest_and_begin_anew() -> None:
    pauses = Backoff(0.1, 1.0, chance=lambda: 0.0)
    assert [pauses.next_s() for _ in range(6)] == [0.1, 0.2, 0.4, 0.8, 1.0, 1.0]
    pauses.reset()
    assert pauses.next_s() == 0.1


def test_chance_takes_up_to_half_of_each() -> None:
    least = Backoff(0.1, 1.0, chance=lambda: 1.0)
    assert [least.next_s() for _ in range(5)] == [0.05, 0.1, 0.2, 0.4, 0.5]


def test_two_who_failed_together_do_not_come_again_together() -> None:
    nodes = [Backoff(1.0, 1.0) for _ in range(50)]
    seen = [node.next_s() for node in nodes]
    assert len(set(seen)) == len(nodes)
    assert all(0.5 <= pause <= 1.0 for pause in seen)
