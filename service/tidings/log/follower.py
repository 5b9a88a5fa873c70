"""One reader's position in the log."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import Self

from tidings.core.clock import Clock
from tidings.core.errors import CursorExpired, LogClosed
from tidings.log.batch import Batch
from tidings.log.groups import Group
from tidings.log.pages import Pages
from tidings.log.tail import Tail
from tidings.log.timed_wait import PassOn, TimedWait

Offer = Callable[[Batch], bool]
"""Accepts a batch at once; False = it did not."""


class Follower:
    """Holds a position and no queue: a slow reader falls behind, and costs no memory.

    Made by `EventLog.follow`; for one task at a time. Close it, or use it in a `with` statement.
    """

    __slots__ = (
        "_clock",
        "_closed",
        "_group",
        "_leave",
        "_pages",
        "_tail",
        "_told",
        "_wait",
        "position",
    )

    def __init__(
        self,
        group: Group,
        after_seq: int,
        *,
        tail: Tail,
        pages: Pages,
        clock: Clock,
        leave: Callable[[Group], None],
    ) -> None:
        self._group = group
        self._tail = tail
        self._pages = pages
        self._clock = clock
        self._leave = leave
        self._told: dict[str, int] = {}  # by system: losses were reported through here
        self._wait = TimedWait(group)
        self._closed = False
        self.position = after_seq
        """Everything wanted up to here, inclusive, was returned (or reported as lost)."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def at_head(self) -> bool:
        """Whether everything wanted that the log has was returned."""
        return self.position <= self._tail.last_seq and self._group.is_quiet(self.position)

    @property
    def lag(self) -> int:
        """How many positions this is behind the newest record; 0 = nothing wanted is missing."""
        return 0 if self.at_head else max(0, self._tail.last_seq - self.position)

    async def take(
        self,
        idle_s: float,
        limit: int = 256,
        max_bytes: int = 256 * 1024,
        offer: Offer | None = None,
    ) -> Batch:
        """Return the next batch, in order; one without picks after `idle_s` seconds without any.

        A batch that arrives while this waits is passed to `offer` first, if there is one; if it
        accepts, the wait continues. That saves a reader at the head of the log a task switch for
        every event. A batch that `offer` does not accept is returned.

        A batch has at most `limit` picks and `max_bytes` bytes of bodies, or one record. Each call
        advances a reader that is behind by at least a page, so `idle_s=0` never waits for new
        records and still reaches the head. Cancelling is safe: the position never passes a wanted
        record that was not returned.

        Raises:
            CursorExpired: something of one system was trimmed before it was read; the next call
                goes on, with another such error or with what is left.
            PositionAhead: the position is not one of this log's.
            LogClosed: the service is going down.
            StoreUnavailable: older records cannot be read now; the next call tries again.
        """
        assert not self._closed, "this follower was closed"
        deadline_s: float | None = None  # needed only by readers that have to wait
        was_silent = False
        while not self._tail.closed:
            if self.position > self._tail.last_seq:
                await self._pages.wait_for(self.position)
                continue
            batch = self._group.after(self.position, limit, max_bytes)
            is_live = batch is not None
            if not batch and deadline_s is None:
                deadline_s = self._clock.monotonic_s() + idle_s
            if batch is None:
                batch = await self._older(limit, max_bytes)
            self.position = batch.position  # no await from here to the return
            if batch or was_silent:
                return batch
            assert deadline_s is not None
            patience_s = deadline_s - self._clock.monotonic_s()
            if patience_s <= 0:
                return batch
            if is_live:
                pass_on = self._passing_to(offer, limit, max_bytes) if offer else None
                was_silent = not await self._wait.moves_within(patience_s, pass_on)
        raise LogClosed

    def close(self) -> None:
        """Leave the group; a second call does nothing. Not while a `take` is under way."""
        if not self._closed:
            self._closed = True
            self._wait.close()
            self._leave(self._group)

    def _passing_to(self, offer: Offer, limit: int, max_bytes: int) -> PassOn:
        group, tail = self._group, self._tail

        def pass_on() -> bool:
            batch = group.after(self.position, limit, max_bytes)
            if tail.closed or batch is None:
                return False
            if batch.picks and not offer(batch):
                return False
            self.position = batch.position
            return batch.position == tail.last_seq or self.at_head

        return pass_on

    async def _older(self, limit: int, max_bytes: int) -> Batch:
        try:
            return await self._pages.read(
                self._group.selection, self.position, self._told, limit, max_bytes
            )
        except CursorExpired as gap:
            self._told[gap.system] = gap.last_seq
            raise
