"""The machine's clock: the only place that reads it."""

from __future__ import annotations

import time


class SystemClock:
    """Tells the machine's time (`tidings.core.clock.Clock`)."""

    def now_us(self) -> int:
        """Return the time of day in microseconds since 1970, UTC."""
        return time.time_ns() // 1000

    def monotonic_s(self) -> float:
        """Return seconds that never go back."""
        return time.monotonic()
