"""When to answer a caller that waits until its own deadline."""

from __future__ import annotations

ANSWER_AHEAD_S = 0.25
"""How long before its deadline a waiting caller is answered, so that the answer still arrives."""

AHEAD_AT_MOST = 0.5
"""The part of a short deadline that may be reserved for sending the answer."""


def time_to_wait(remaining_s: float) -> float:
    """Return how many seconds to wait on behalf of a caller with this deadline."""
    return max(0.0, remaining_s - min(ANSWER_AHEAD_S, remaining_s * AHEAD_AT_MOST))
