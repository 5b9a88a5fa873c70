"""One reader's place in the log."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import Self

from tidings.core.clock import Clock
from tidings.core.errors import CursorExpired, LogClosed
from tidings.log.alarm import Alarm, PassOn
from tidings.log.batch import Batch
from tidings.log.groups import Group
from tidings.log.pages import Pages
from tidings.log.tail import Tail

Offer = Callable[[Batch], bool]
"""Takes a batch over at once; False = it did not."""


class Follower:
    """Holds a position and nothing else: who reads slowly pays with it, and costs nobody anything.

    Made by `EventLog.follow`; for one task at a time. Close it, or use it in a `with`.
    """

    __slots__ = (
        "_alarm",
        "_clock",
        "_closed",
        "_group",
        "_leave",
        "_pages",
        "_tail",
        "_told",
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
        self._told: dict[str, int] = {}  # system: through where its losses were reported
        self._alarm = Alarm(group)
        self._closed = False
        self.position = after_seq
        """Everything wanted up to here, inclusive, was handed over (or reported as lost)."""

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
        """Whether everything wanted that the log has was handed over."""
        return self.position <= self._tail.last_seq and self._group.is_quiet(self.position)

    async def take(
        self,
        idle_s: float,
        limit: int = 256,
        max_bytes: int = 256 * 1024,
        offer: Offer | None = None,
    ) -> Batch:
        """Return the next batch, in order; one without picks after `idle_s` seconds of silence.

        What comes while this waits is offered first, if there is an `offer`, and the wait goes on
        to its end: that saves a reader at the head a turn of his task for every event. What
        `offer` does not take over is returned as ever.

        A batch has at most `limit` picks and `max_bytes` bytes of bodies, or one record. A reader
        who is behind comes at least a page further with every call, so `idle_s=0` never waits for
        news and still arrives at the head. Cancelling is safe: the position never passes a wanted
        record that was not handed over.

        Raises:
            CursorExpired: something of one system was trimmed before it was read; the next call
                goes on, with another such error or with what is left.
            PositionAhead: the position is not one of this log's.
            LogClosed: the service is going down.
            StoreUnavailable: older records cannot be read now; the next call tries again.
        """
        assert not self._closed, "this follower was closed"
        deadline_s: float | None = None  # asked for only by those who have to wait
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
            self.position = batch.position  # nothing is awaited from here to the hand-over
            if batch or was_silent:
                return batch
            assert deadline_s is not None
            patience_s = deadline_s - self._clock.monotonic_s()
            if patience_s <= 0:
                return batch
            if is_live:
                pass_on = self._passing_to(offer, limit, max_bytes) if offer else None
                was_silent = not await self._alarm.moves_within(patience_s, pass_on)
        raise LogClosed

    def close(self) -> None:
        """Leave the group; a second call does nothing. Not while a `take` is under way."""
        if not self._closed:
            self._closed = True
            self._alarm.close()
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
