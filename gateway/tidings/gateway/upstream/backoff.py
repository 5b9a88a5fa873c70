"""Pauses between retries: exponential backoff with jitter."""

from __future__ import annotations

import random
from collections.abc import Callable

FIRST_S = 0.1
MOST_S = 1.0


class Backoff:
    """The pauses between the retries of one caller: each twice the last, up to `MOST_S`.

    Up to half of each is subtracted at random (jitter), or all callers of one failure would retry
    together.
    """

    def __init__(self, chance: Callable[[], float] = random.random) -> None:
        self._chance = chance
        self._next_s = FIRST_S

    def next_s(self) -> float:
        """Return the seconds until the next try."""
        pause_s = self._next_s
        self._next_s = min(MOST_S, 2 * pause_s)
        return pause_s * (1 - self._chance() / 2)

    def later(self, than_s: float) -> float:
        """Return a pause that is at least so long, and less than twice that."""
        return than_s * (1 + self._chance())

    def reset(self) -> None:
        """Start again with the shortest pause, after a success."""
        self._next_s = FIRST_S
