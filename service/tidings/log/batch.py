"""What a follower returns: some records, and the reader's new position."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from typing import NamedTuple

from tidings.core.record import Record


class Pick(NamedTuple):
    """One record for one reader: the indexes of its wanted events, in order; None = all of them."""

    record: Record
    places: tuple[int, ...] | None


_BODY = attrgetter("record.body")


@dataclass(frozen=True, slots=True, weakref_slot=True)
class Batch:
    """Picks in the log's order, perhaps none; truthy when there are some.

    With this batch everything wanted up to `position`, inclusive, has been returned. Readers of one
    group at the head of the log share one batch: `views` caches what they derive from it (joined
    wire bytes), each under a key of its own.
    """

    picks: Sequence[Pick]
    position: int
    views: dict[str, tuple[bytes, ...]] = field(default_factory=dict, compare=False, repr=False)

    @property
    def size_bytes(self) -> int:
        """Of its records' bodies."""
        return sum(map(len, map(_BODY, self.picks)))

    def __bool__(self) -> bool:
        return bool(self.picks)
