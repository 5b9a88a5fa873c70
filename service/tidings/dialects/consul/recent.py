"""What Consul's list shows: the newest 256 events, kept beside the log."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from tidings.core.limits import MAX_WINDOW_BYTES
from tidings.core.record import Record
from tidings.v1 import consul_pb2

EMPTY_INDEX = 1
"""Of an empty list: never 0, which would not block. Source: Consul agent/event_endpoint.go."""


@dataclass(frozen=True, slots=True)
class Listed:
    """One event of the list, complete, and its position."""

    seq: int
    event: consul_pb2.ConsulEvent
    encoded: bytes


class RecentEvents:
    """The newest events of all names, oldest first; a busy name evicts quiet ones, as in Consul.

    Pure: a function of the records that were applied. `depth` is how many of them matter. Encoded
    the events have at most `MAX_WINDOW_BYTES`, the newest excepted.
    """

    def __init__(self, depth: int, read: Callable[[Record], consul_pb2.ConsulEvent]) -> None:
        self.depth = depth
        self._size_bytes = 0
        self._read = read
        self._events: deque[Listed] = deque()
        self._newest: dict[str, int] = {}

    def apply(self, record: Record) -> frozenset[str]:
        """Take the next Consul record; return the names whose index has changed ("" = all's).

        Besides the event's own name these are the names whose last listed event fell out.
        """
        event = self._read(record)
        changed = {"", event.name}
        listed = Listed(record.seq, event, event.SerializeToString())
        self._events.append(listed)
        self._size_bytes += len(listed.encoded)
        self._newest[event.name] = record.seq
        while len(self._events) > 1 and self._is_full():
            evicted = self._events.popleft()
            self._size_bytes -= len(evicted.encoded)
            if self._newest[evicted.event.name] == evicted.seq:
                del self._newest[evicted.event.name]
                changed.add(evicted.event.name)
        return frozenset(changed)

    def _is_full(self) -> bool:
        return len(self._events) > self.depth or self._size_bytes > MAX_WINDOW_BYTES

    def list(self, name: str) -> list[Listed]:
        """Return the listed events of a name ("" = of every name), oldest first."""
        return [listed for listed in self._events if not name or listed.event.name == name]

    def index(self, name: str) -> int:
        """Return the position of the newest listed event of a name ("" = of any), or 1."""
        if name:
            return self._newest.get(name, EMPTY_INDEX)
        return self._events[-1].seq if self._events else EMPTY_INDEX
