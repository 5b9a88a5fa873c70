"""The order of cluster events: by time, then by id. No stored time stands in the way of others."""

from __future__ import annotations

from typing import NamedTuple
from uuid import UUID

from tidings.core.record import Record
from tidings.dialects.dialect import CheckContext
from tidings.dialects.rules import events_of, microseconds

MAX_AHEAD_S = 300.0
"""How far a publisher's clock may be ahead of ours; a time beyond that is refused.

So that is the longest that one publisher's time makes the earlier times of others late.
"""

MAX_AHEAD_US = int(MAX_AHEAD_S * 1_000_000)


class Order(NamedTuple):
    """Where an event stands: microseconds since 1970, then its id."""

    time_us: int
    id: str


def newest_order(record: Record, now_us: int) -> Order | None:
    """Return what the next event must sort after; None = nothing.

    A time further ahead than any that is taken now, of an older log or of a clock that was wrong,
    counts as the time at which its record was stored; so does that of a damaged record.
    """
    events = events_of(record)
    if events:
        event = events[0].feldera
        time_us = microseconds(event.recorded_at)
        if time_us <= now_us + MAX_AHEAD_US:
            return Order(time_us, event.id)
    if record.recorded_at_us <= now_us + MAX_AHEAD_US:
        return Order(record.recorded_at_us, "")
    return None


def following(event_id: str, context: CheckContext) -> str:
    """Return a UUID that sorts after one, of the same time; the last of all has none: itself."""
    number = UUID(event_id).int + 1 + int.from_bytes(context.token(4), "big")
    return str(UUID(int=min(number, 2**128 - 1)))
