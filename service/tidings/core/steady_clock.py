"""A clock that does not follow the machine's when that jumps, until the jump has lasted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from tidings.core.clock import Clock

SETTLE_S = 600.0
"""How long a jump must last by default: time for an operator or a time service to take it back."""

STEP_S = 5.0
"""What the machine's clock may be off at one look and still is followed: time services set clocks
by less, and nothing that is kept or shown depends on so little."""

START_S = 60.0
"""What the machine's clock may be behind the newest record at a start: the clocks of two machines
differ by so much where nobody keeps them together."""

# A look that took longer than this (the process was stopped in the middle of it) compares two times
# that do not belong together.
_LOOK_S = 0.05
_LOOKS = 3

Step = Literal["jumped", "followed", "returned"]


@dataclass(frozen=True, slots=True)
class ClockChange:
    """The machine's clock jumped, or is followed after that, or came back by itself.

    `ahead_s`: by how much it is ahead of the time that goes on; negative = behind it.
    """

    step: Step
    ahead_s: float


@dataclass(slots=True)
class _Jump:
    ahead_us: int
    since_s: float


class SteadyClock:
    """The time of day, as the machine tells it while it goes as fast as its monotonic clock.

    When it jumps, forward or backward, time goes on by the monotonic clock until the jump has
    lasted for `settle_s` seconds: a wrong hour must not become the hour of what is stored, nor the
    reason to erase anything. For one thread at a time. Somebody has to look every few seconds, or
    the two clocks drift apart.
    """

    def __init__(self, machine: Clock, *, settle_s: float = SETTLE_S) -> None:
        self._machine = machine
        self._settle_s = settle_s
        self._base_us = machine.now_us()
        self._base_s = machine.monotonic_s()
        self._steady_since_s = self._base_s
        self._jump: _Jump | None = None
        self._start_us: int | None = None  # what the machine's clock was behind of at the start

    @property
    def ahead_s(self) -> float:
        """By how much the machine's clock is ahead of this one, in seconds; 0 = it is followed."""
        jump = self._jump
        return jump.ahead_us / 1e6 if jump else 0.0

    @property
    def steady_s(self) -> float:
        """For how long no jump was seen or followed: since the start, at most."""
        return 0.0 if self._jump else self._machine.monotonic_s() - self._steady_since_s

    def start_at(self, newest_us: int) -> ClockChange | None:
        """Go on from the newest record, if the machine's clock is behind it, as after a jump.

        A clock that is ahead of it is followed at once, now or when it has been set: nobody can
        tell a jump from the time that the service was down.
        """
        behind_us = newest_us - self._machine.now_us()
        if behind_us <= START_S * 1e6:
            return None
        self._base_us, self._base_s = newest_us, self._machine.monotonic_s()
        self._jump = _Jump(-behind_us, self._base_s)
        self._start_us = newest_us
        return ClockChange("jumped", -behind_us / 1e6)

    def look(self) -> tuple[int, ClockChange | None]:
        """Return the time of day in microseconds since 1970, UTC, and what has changed."""
        for _ in range(_LOOKS):
            before_s = self._machine.monotonic_s()
            wall_us = self._machine.now_us()
            at_s = self._machine.monotonic_s()
            expected_us = self._base_us + int((at_s - self._base_s) * 1e6)
            if at_s - before_s <= _LOOK_S:
                return self._compared(wall_us, at_s, expected_us)
        return expected_us, None

    def _compared(
        self, wall_us: int, at_s: float, expected_us: int
    ) -> tuple[int, ClockChange | None]:
        ahead_us = wall_us - expected_us
        jump = self._jump
        is_past_start = self._start_us is not None and wall_us >= self._start_us
        if abs(ahead_us) <= STEP_S * 1e6 or is_past_start:
            return self._follow(wall_us, at_s, ahead_us, "returned" if jump else None)
        if jump is None or abs(ahead_us - jump.ahead_us) > STEP_S * 1e6:
            self._jump = _Jump(ahead_us, at_s)
            return expected_us, ClockChange("jumped", ahead_us / 1e6)
        if at_s - jump.since_s >= self._settle_s:
            return self._follow(wall_us, at_s, ahead_us, "followed")
        jump.ahead_us = ahead_us  # the clocks drift against each other meanwhile
        return expected_us, None

    def _follow(
        self, wall_us: int, at_s: float, ahead_us: int, step: Step | None
    ) -> tuple[int, ClockChange | None]:
        self._base_us, self._base_s = wall_us, at_s
        self._jump = self._start_us = None
        if step is None:
            return wall_us, None
        self._steady_since_s = at_s
        return wall_us, ClockChange(step, ahead_us / 1e6)
