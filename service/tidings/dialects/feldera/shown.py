"""What Feldera's API shows: the newest 1000 events of the last 72 hours, and always the newest."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

from tidings.core.record import Record
from tidings.dialects.dialect import Window
from tidings.v1 import feldera_pb2

_MICROS = 1_000_000


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
        self._read = read
        self._events: OrderedDict[str, feldera_pb2.FelderaClusterEvent] = OrderedDict()

    def apply(self, record: Record) -> None:
        """Take the next Feldera record, and drop what it makes too old or too many."""
        event = self._read(record)
        self._events[event.id] = event
        floor_us = record.recorded_at_us - self._max_age_us
        while len(self._events) > 1:
            oldest = next(iter(self._events.values()))
            if len(self._events) <= self.depth and _time_us(oldest) >= floor_us:
                return
            self._events.popitem(last=False)

    def newest_first(self) -> list[feldera_pb2.FelderaClusterEvent]:
        """Return all events that are shown."""
        return list(reversed(self._events.values()))

    def get(self, event_id: str) -> feldera_pb2.FelderaClusterEvent | None:
        """Return one event by its lower-case, hyphenated id."""
        return self._events.get(event_id)


def _time_us(event: feldera_pb2.FelderaClusterEvent) -> int:
    return event.recorded_at.seconds * _MICROS + event.recorded_at.nanos // 1000
