"""When a row is written, and which status it has: pure, a round at a time.

Source: the rules of Feldera's own cluster monitor.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

HEALTHY = "Healthy"
UNHEALTHY = "Unhealthy"
INITIAL_UNHEALTHY = "InitialUnhealthy"

HEALTHY_ROUNDS = 60
"""While all is well every 60th round writes a row: about ten minutes."""

LONGEST_GAP = 60
"""Rounds between two rows while something stays broken, at most."""

MAX_INFO_CHARS = 8192


def status_after(previous: str | None, *, fine: bool) -> str:
    """Return the status to write for one service, from its last stored one (None = no event)."""
    if fine:
        return HEALTHY
    return INITIAL_UNHEALTHY if previous in {None, INITIAL_UNHEALTHY} else UNHEALTHY


def shortened(info: str) -> str:
    """Return an info text, cut where Feldera cuts it."""
    if len(info) <= MAX_INFO_CHARS:
        return info
    return f"{info[:MAX_INFO_CHARS]} (truncated, {len(info)} characters)"


@dataclass(frozen=True, slots=True)
class Rounds:
    """What the monitor remembers from round to round.

    `skipped` counts the rounds since the last attempt to write that wrote nothing; `gap` is the
    back-off in rounds; `found_stored` says whether an earlier round found a stored event.
    """

    skipped: int = 0
    gap: int = 1
    found_stored: bool = False

    def decide(self, *, was_healthy: bool | None, is_healthy: bool) -> tuple[bool, Rounds]:
        """Return whether this round writes, and what the next one remembers.

        `was_healthy` is the verdict of the latest stored event, None when there is none.
        """
        writes, gap = self._decide(was_healthy=was_healthy, is_healthy=is_healthy)
        found_stored = self.found_stored or was_healthy is not None
        skipped = 0 if writes else self.skipped + 1
        return writes, replace(self, skipped=skipped, gap=gap, found_stored=found_stored)

    def _decide(self, *, was_healthy: bool | None, is_healthy: bool) -> tuple[bool, int]:
        if was_healthy is None or not self.found_stored:
            return True, self.gap
        if was_healthy != is_healthy:
            return True, 1
        if is_healthy:
            return self.skipped >= HEALTHY_ROUNDS - 1, 1
        writes = self.skipped >= self.gap - 1
        return writes, min(2 * self.gap, LONGEST_GAP) if writes else self.gap


@dataclass(frozen=True, slots=True)
class Health:
    """What one check of one service found."""

    fine: bool
    info: str
