"""The machine's clock: the only place that reads it."""

from __future__ import annotations

import contextlib
import time


def _sleepless() -> int:
    """Return the monotonic clock that includes the machine's sleep, if there is one.

    Otherwise a laptop that wakes up would look as if its clock had jumped.
    """
    boot_time = getattr(time, "CLOCK_BOOTTIME", None)
    if boot_time is not None:
        with contextlib.suppress(OSError):
            time.clock_gettime(boot_time)
            return int(boot_time)
    return time.CLOCK_MONOTONIC


class SystemClock:
    """Reads the machine's time (`tidings.core.clock.Clock`)."""

    def __init__(self) -> None:
        self._monotonic = _sleepless()

    def now_us(self) -> int:
        """Return the time of day in microseconds since 1970, UTC."""
        return time.time_ns() // 1000

    def monotonic_s(self) -> float:
        """Return monotonic seconds."""
        return time.clock_gettime(self._monotonic)
