"""What time it is, as a value that tests can replace."""

from __future__ import annotations

from typing import Protocol


class Clock(Protocol):
    """Tells the time. Only `tidings.app.clock` reads the machine's."""

    def now_us(self) -> int:
        """Return the time of day in microseconds since 1970, UTC; it may jump."""
        ...

    def monotonic_s(self) -> float:
        """Return seconds that never go back, from an arbitrary start."""
        ...
