"""What a follower hands over: some records, and how far the reader has now come."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from tidings.core.record import Record


class Pick(NamedTuple):
    """One record for one reader: the places of its wanted events, in order; None = all of them."""

    record: Record
    places: tuple[int, ...] | None


@dataclass(frozen=True, slots=True, weakref_slot=True)
class Batch:
    """Picks in the log's order, perhaps none; true when there are some.

    Everything wanted up to `position`, inclusive, has been handed over with this batch. Readers of
    one group who are at the head share one batch: `views` is a cache for what they all make of it
    (joined wire bytes), each under a key of its own.
    """

    picks: Sequence[Pick]
    position: int
    views: dict[str, tuple[bytes, ...]] = field(default_factory=dict, compare=False, repr=False)

    def __bool__(self) -> bool:
        return bool(self.picks)


def fitting(records: Iterable[Record], limit: int, max_bytes: int) -> list[Record]:
    """Return the first records: up to `limit`, bodies up to `max_bytes` in all; one in any case."""
    chosen: list[Record] = []
    size_bytes = 0
    for record in records:
        size_bytes += len(record.body)
        if chosen and (len(chosen) >= limit or size_bytes > max_bytes):
            break
        chosen.append(record)
    return chosen
