"""The rules of the monitor against the traces that Feldera's own rules give."""

from __future__ import annotations

from collections.abc import Callable
from itertools import accumulate

import pytest

from tidings.sources.health_rules import (
    HEALTHY,
    INITIAL_UNHEALTHY,
    MAX_INFO_CHARS,
    UNHEALTHY,
    Rounds,
    shortened,
    status_after,
)


def written(
    count: int, is_healthy: Callable[[int], bool], *, stored: bool | None = None
) -> list[int]:
    """Return the rounds that write, of so many, from what is stored at the start."""
    rounds, found = Rounds(), []
    for number in range(count):
        writes, rounds = rounds.decide(was_healthy=stored, is_healthy=is_healthy(number))
        if writes:
            found.append(number)
            stored = is_healthy(number)
    return found


BACK_OFF = [1, 2, 4, 8, 16, 32, 60, 60]


def test_empty_storage_always_healthy() -> None:
    assert written(200, lambda _: True) == [0, 1, 61, 121, 181]


def test_restart_with_a_stored_healthy_event() -> None:
    assert written(200, lambda _: True, stored=True) == [0, 60, 120, 180]


def test_a_healthy_cluster_that_breaks_and_stays_broken() -> None:
    broken = written(200, lambda number: number < 7)
    assert broken == [0, 1, *accumulate(BACK_OFF, initial=7)][: len(broken)]
    assert len(broken) == 2 + 9


def test_empty_storage_never_healthy() -> None:
    found = written(200, lambda _: False)
    assert found == list(accumulate([1, *BACK_OFF], initial=0))[: len(found)]
    assert len(found) == 10


def test_recovery_writes_at_once_and_resets_the_back_off() -> None:
    found = written(40, lambda number: not 5 <= number < 12 and not number >= 20)
    assert found == [0, 1, 5, 6, 8, 12, 20, 21, 23, 27, 35]


@pytest.mark.parametrize(
    ("previous", "fine", "status"),
    [
        (None, True, HEALTHY),
        (None, False, INITIAL_UNHEALTHY),
        (INITIAL_UNHEALTHY, True, HEALTHY),
        (INITIAL_UNHEALTHY, False, INITIAL_UNHEALTHY),
        (HEALTHY, True, HEALTHY),
        (HEALTHY, False, UNHEALTHY),
        (UNHEALTHY, True, HEALTHY),
        (UNHEALTHY, False, UNHEALTHY),
    ],
)
def test_status_follows_the_stored_one(previous: str | None, fine: bool, status: str) -> None:  # noqa: FBT001
    assert status_after(previous, fine=fine) == status


def test_info_is_cut_by_characters() -> None:
    assert shortened("é" * MAX_INFO_CHARS) == "é" * MAX_INFO_CHARS
    cut = shortened("é" * (MAX_INFO_CHARS + 1))
    assert cut.startswith("é" * MAX_INFO_CHARS + " (truncated")
