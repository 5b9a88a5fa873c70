"""Clocks of tests (`tidings.core.clock.Clock`): both stand where a test puts them."""

from __future__ import annotations

import time

START_S = 1_700_000_000.0
START_US = 1_700_000_000_000_000


class ManualClock:
    """Time of day and monotonic seconds both stand still until they are moved."""

    def __init__(self, at_s: float = START_S) -> None:
        self.at_s = at_s

    def now_us(self) -> int:
        return round(self.at_s * 1_000_000)

    def monotonic_s(self) -> float:
        return self.at_s


class DayClock:
    """The time of day stands still, so that answers can be compared; monotonic seconds pass."""

    def __init__(self) -> None:
        self.at_us = START_US

    def now_us(self) -> int:
        return self.at_us

    def monotonic_s(self) -> float:
        return time.monotonic()
