"""What Feldera's API shows: the newest 1000 events of the last 72 hours, and always the newest."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator
from typing import NamedTuple

from tidings.core.record import Record
from tidings.dialects.dialect import Window
from tidings.dialects.rules import microseconds
from tidings.v1 import feldera_pb2

_MICROS = 1_000_000


class Shown(NamedTuple):
    """One event that is shown, the position and size of its record, and when it counts from.

    That is the event's own time in microseconds, or the record's if that is earlier: what claims to
    be of the future would never grow old, nor would anything behind it.
    """

    seq: int
    event: feldera_pb2.FelderaClusterEvent
    size_bytes: int
    since_us: int


class ShownClusterEvents:
    """The events that are shown, by id. Log order is list order, since older events are refused.

    Pure: a function of the records that were applied. Clean-up runs with each record, at the time
    that the record was stored, and never else: so it is the same on every node and after a restart,
    and what is old stays to be seen while nothing new comes.

    Source: Feldera's cluster monitor, whose clean-up follows each insert.
    """

    def __init__(
        self, window: Window, read: Callable[[Record], feldera_pb2.FelderaClusterEvent]
    ) -> None:
        assert window.max_count is not None
        assert window.max_age_s is not None
        self.depth = window.max_count
        self._max_age_us = int(window.max_age_s * _MICROS)
        self._max_bytes = window.max_bytes
        self._size_bytes = 0
        self._read = read
        self._events: OrderedDict[str, Shown] = OrderedDict()

    def apply(self, record: Record) -> None:
        """Take the next Feldera record, and drop what it makes too old or too many."""
        event = self._read(record)
        self._drop(event.id)  # the same id once more is the newest now
        since_us = min(microseconds(event.recorded_at), record.recorded_at_us)
        self._events[event.id] = Shown(record.seq, event, len(record.body), since_us)
        self._size_bytes += len(record.body)
        floor_us = record.recorded_at_us - self._max_age_us
        while len(self._events) > 1:
            oldest_id, oldest = next(iter(self._events.items()))
            if not self._is_full() and oldest.since_us >= floor_us:
                return
            self._drop(oldest_id)

    def newest_first(self) -> Iterator[Shown]:
        """Yield all events that are shown; nothing may be applied meanwhile."""
        return reversed(self._events.values())

    def get(self, event_id: str) -> feldera_pb2.FelderaClusterEvent | None:
        """Return one event by its lower-case, hyphenated id."""
        found = self._events.get(event_id)
        return None if found is None else found.event

    def _is_full(self) -> bool:
        return len(self._events) > self.depth or self._size_bytes > self._max_bytes

    def _drop(self, event_id: str) -> None:
        dropped = self._events.pop(event_id, None)
        if dropped is not None:
            self._size_bytes -= dropped.size_bytes
