"""How much may be on its way to callers who may not read it: calls, and bytes of answers.

gRPC copies an answer and keeps it until its caller takes it, or leaves, however long that is. So
each caller has a share, and who has let his share lie is refused more until he reads. Whoever has
nothing under way is always answered: nobody can use up what is others'.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

from tidings.core.errors import Busy
from tidings.core.limits import KIB, MAX_BATCH_BYTES, MIB

MAX_CALLS = 20_000
"""That go on at once, streams included; each takes some 30 KiB."""

TOTAL_BYTES = 128 * MIB
"""Of answers that are under way, but for the first one of each caller."""

REQUESTS_BYTES = 64 * MIB
"""Of long requests that wait to be stored; parsed they take some times as much, and the queue of
the log holds as many drafts."""

SHARE_BYTES = 32 * MIB
"""Of either, of one caller, which is a host; what comes by a unix socket is our own gateway's,
which reads for all."""

SMALL_BYTES = 16 * KIB
"""What is not larger is not counted: the call itself takes more."""

_OWN = "unix"


class Budget:
    """Counts what is under way. For the loop alone."""

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
        """Say whether a caller may have so many more bytes under way."""
        held = self._held.get(caller, 0)
        if not held:
            return True
        share = self._total_bytes if caller == _OWN else self._share_bytes
        fits = self.held_bytes + size_bytes <= self._total_bytes
        return fits and held + size_bytes <= share

    def take(self, caller: str, size_bytes: int) -> None:
        """Count what is under way from now on.

        Raises:
            Busy: there is no room; nothing is counted.
        """
        if not self.has_room(caller, size_bytes):
            raise Busy(self._what)
        self._add(caller, size_bytes)

    def give_back(self, caller: str, size_bytes: int) -> None:
        """Count what was taken, or lost with its caller."""
        self._add(caller, -size_bytes)
        if not self._held[caller]:
            del self._held[caller]

    @contextmanager
    def taking(self, caller: str, size_bytes: int) -> Iterator[None]:
        """Count something as under way, as `take` does, until it is over."""
        self.take(caller, size_bytes)
        try:
            yield
        finally:
            self.give_back(caller, size_bytes)

    @contextmanager
    def holding(self, caller: str, size_bytes: int) -> Iterator[None]:
        """Count something as under way, room or not."""
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
    """A stream's part of a budget: it never waits for room, it sends less at a time."""

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
    """Return whose share a call is of: the host of "ipv4:10.0.0.1:5000", or "unix"."""
    kind, _, rest = peer.partition(":")
    if kind == _OWN:
        return _OWN
    return f"{kind}:{rest.rpartition(':')[0]}"
