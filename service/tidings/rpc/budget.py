"""How much may be in flight to callers that do not read it: calls, and bytes of answers.

gRPC copies an answer and keeps it until its caller reads it or cancels, however long that takes.
So each caller has a share; one that does not read its share is refused more until it does. A caller
with nothing in flight is always answered, so that no caller can starve others.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

from tidings.core.errors import Busy
from tidings.core.limits import KIB, MAX_BATCH_BYTES, MIB

MAX_CALLS = 20_000
"""Limit of concurrent calls, streams included; each takes about 30 KiB."""

TOTAL_BYTES = 128 * MIB
"""Limit of answers in flight, without the first one of each caller."""

REQUESTS_BYTES = 64 * MIB
"""Limit of long requests that wait to be stored; parsed they take several times as much, and the
queue of the log holds as many drafts."""

SHARE_BYTES = 32 * MIB
"""One caller's part of either limit; a caller is a host. A unix socket is our own gateway's, which
reads for all of its clients."""

SMALL_BYTES = 16 * KIB
"""Answers up to this size are not counted: the call itself takes more."""

_OWN = "unix"


class Budget:
    """Counts what is in flight. Only for the event loop's thread."""

    def __init__(
        self,
        total_bytes: int = TOTAL_BYTES,
        share_bytes: int = SHARE_BYTES,
        what: str = "the room for answers that are not read",
    ) -> None:
        self._what = what
        self._total_bytes = total_bytes
        self._share_bytes = share_bytes
        self._held: Counter[str] = Counter()
        self.held_bytes = 0
        """Of all callers."""

    def has_room(self, caller: str, size_bytes: int) -> bool:
        """Return whether a caller may have this many more bytes in flight."""
        held = self._held.get(caller, 0)
        if not held:
            return True
        share = self._total_bytes if caller == _OWN else self._share_bytes
        fits = self.held_bytes + size_bytes <= self._total_bytes
        return fits and held + size_bytes <= share

    def take(self, caller: str, size_bytes: int) -> None:
        """Count what is in flight from now on.

        Raises:
            Busy: the limit is reached; nothing is counted.
        """
        if not self.has_room(caller, size_bytes):
            raise Busy(self._what)
        self._add(caller, size_bytes)

    def give_back(self, caller: str, size_bytes: int) -> None:
        """Count bytes as read by the caller, or lost with it."""
        self._add(caller, -size_bytes)
        if not self._held[caller]:
            del self._held[caller]

    @contextmanager
    def taking(self, caller: str, size_bytes: int) -> Iterator[None]:
        """Count something as in flight, as `take` does, until it is over."""
        self.take(caller, size_bytes)
        try:
            yield
        finally:
            self.give_back(caller, size_bytes)

    @contextmanager
    def holding(self, caller: str, size_bytes: int) -> Iterator[None]:
        """Count something as in flight, even above the limit."""
        if size_bytes <= SMALL_BYTES:
            yield
            return
        self._add(caller, size_bytes)
        try:
            yield
        finally:
            self.give_back(caller, size_bytes)

    def _add(self, caller: str, size_bytes: int) -> None:
        self._held[caller] += size_bytes
        self.held_bytes += size_bytes


class Room:
    """A stream's part of a budget: above the limit it does not wait, but sends smaller batches."""

    __slots__ = ("_budget", "_caller")

    def __init__(self, budget: Budget, caller: str) -> None:
        self._budget = budget
        self._caller = caller

    def batch_bytes(self) -> int:
        """Return how large the next batch may be."""
        has_room = self._budget.has_room(self._caller, MAX_BATCH_BYTES)
        return MAX_BATCH_BYTES if has_room else SMALL_BYTES

    def holding(self, size_bytes: int) -> AbstractContextManager[None]:
        """Count a message while it is written."""
        return self._budget.holding(self._caller, size_bytes)


def caller_of(peer: str) -> str:
    """Return the caller of a call, for its share: the host of "ipv4:10.0.0.1:5000", or "unix"."""
    kind, _, rest = peer.partition(":")
    if kind == _OWN:
        return _OWN
    return f"{kind}:{rest.rpartition(':')[0]}"
