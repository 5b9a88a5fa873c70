"""A cache of printed jobs: only new events of a job are printed.

Puppet's Ruby client reads a job from its beginning on every poll, as fast as the server answers.
What is kept is checked with the service on every request: which log it is, which event of the job
is the oldest that is still stored, and whether newer ones have come.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import OrderedDict
from collections.abc import Sequence

from tidings.gateway.doors.puppet.lines import item_object
from tidings.gateway.json_text import dumps
from tidings.v1 import puppet_pb2

_MAX_BYTES = 64 * 1024**2
_ITEM_BYTES = 80  # an id, a header of bytes, and a place in two lists, on 64-bit CPython


class PrintedJob:
    """The events of one job, printed. `ids` rises."""

    def __init__(self, log_id: str) -> None:
        self.log_id = log_id
        self.ids: list[int] = []
        self._items_bytes = 0
        self._items: list[bytes] = []
        self._whole = self._whole_head = b""

    @property
    def size_bytes(self) -> int:
        """About what is held: the events, the same once more in one body, and their ids."""
        return self._items_bytes + len(self._whole) + _ITEM_BYTES * len(self.ids)

    @property
    def next_id(self) -> int:
        """The lowest id that is not here yet."""
        return self.ids[-1] + 1 if self.ids else 0

    def add(self, items: Sequence[puppet_pb2.PuppetJobEvent]) -> None:
        """Print further events; those that it has already are skipped."""
        for item in items:
            number = int(item.id)
            if number >= self.next_id:
                text = print_item(item)
                self.ids.append(number)
                self._items.append(text)
                self._items_bytes += len(text)
                self._whole = b""

    def drop_before(self, oldest_id: int) -> None:
        """Forget events that are no longer stored."""
        count = bisect_left(self.ids, oldest_id)
        if count:
            self._items_bytes -= sum(len(text) for text in self._items[:count])
            del self.ids[:count], self._items[:count]
            self._whole = b""

    def body(self, head: bytes, start: int) -> bytes:
        """Return the list of the events from an id on, as JSON, behind a head.

        Readers from the beginning share one body until something changes: the body of a long job
        has megabytes, and each copy would block the event loop.
        """
        first = bisect_left(self.ids, start)
        if not first and self._whole and self._whole_head == head:
            return self._whole
        body = b"".join((head, b'"items":[', b",".join(self._items[first:]), b"]}"))
        if not first:
            self._whole_head, self._whole = head, body
        return body


class PrintedJobs:
    """The jobs that were asked for last, up to a number of bytes."""

    def __init__(self, max_bytes: int = _MAX_BYTES) -> None:
        self._max_bytes = max_bytes
        self._jobs: OrderedDict[int, PrintedJob] = OrderedDict()
        self._sizes: dict[int, int] = {}
        self._size_bytes = 0

    def get(self, job: int) -> PrintedJob | None:
        """Return a job, which becomes the most recently used."""
        printed = self._jobs.get(job)
        if printed is not None:
            self._jobs.move_to_end(job)
        return printed

    def put(self, job: int, printed: PrintedJob) -> None:
        """Cache a job, and evict the least recently used until the rest fits."""
        self._jobs[job] = printed
        self._jobs.move_to_end(job)
        self._size_bytes += printed.size_bytes - self._sizes.get(job, 0)
        self._sizes[job] = printed.size_bytes
        while self._size_bytes > self._max_bytes and self._jobs:
            self.forget(next(iter(self._jobs)))

    def forget(self, job: int) -> None:
        """Forget a job that no longer exists."""
        self._jobs.pop(job, None)
        self._size_bytes -= self._sizes.pop(job, 0)


def print_item(item: puppet_pb2.PuppetJobEvent) -> bytes:
    """Return one event as an item of Puppet's list."""
    return dumps(item_object(item))
