"""How long to wait before something is tried again."""

from __future__ import annotations

import random
from collections.abc import Callable


class Backoff:
    """Pauses, each about twice the one before, up to `longest_s`.

    Chance takes up to half of each, so that those who failed together do not come again together.
    """

    def __init__(
        self, first_s: float, longest_s: float, chance: Callable[[], float] = random.random
    ) -> None:
        self._first_s = first_s
        self._longest_s = longest_s
        self._chance = chance
        self._next_s = first_s

    def next_s(self) -> float:
        """Return how long to wait now, in seconds."""
        whole_s, self._next_s = self._next_s, min(2 * self._next_s, self._longest_s)
        return whole_s * (1 - self._chance() / 2)

    def reset(self) -> None:
        """Begin anew with the first pause: it worked."""
        self._next_s = self._first_s
