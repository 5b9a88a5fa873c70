"""The one task that writes: it commits whatever waits, as a group, and never waits for more."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Protocol

from tidings.core.errors import Busy, LogClosed, StoreUnavailable
from tidings.core.record import Draft
from tidings.log.inbox import Inbox, Outcome, Part
from tidings.log.limits import LogLimits
from tidings.store.base import Result


class Appending(Protocol):
    """What the writer needs of a store."""

    async def append(self, drafts: Sequence[Draft]) -> list[Result]:
        """Commit a group (`EventStore.append`)."""
        ...


class Writer:
    """Turns the drafts of many publishers into one commit after another.

    A lone draft is committed at once; drafts that come during a commit share the next one. So
    groups grow with the load and by nothing else: there is no timer.
    """

    def __init__(self, store: Appending, limits: LogLimits) -> None:
        self._store = store
        self._limits = limits
        self._inbox = Inbox(limits)

    @property
    def queued_count(self) -> int:
        """Drafts that wait for the next commit."""
        return len(self._inbox)

    async def append(
        self, drafts: Sequence[Draft], patience_s: float | None = None
    ) -> list[Outcome]:
        """Commit the drafts, their positions rising in this order; return what became of each.

        Waits for room in the queue for `patience_s` seconds at most (None = for ever); the drafts
        after that are `Busy`. More drafts than one commit may hold make several. Cancelling drops
        what no commit has begun with; the rest is stored or not.
        """
        parts: list[Part] = []
        outcomes: list[Outcome] = []
        refusal: Busy | LogClosed | None = None
        try:
            for some in self._split(drafts):
                part = Part(some)
                try:
                    await self._inbox.put(part, patience_s)
                except (Busy, LogClosed) as error:
                    refusal = error
                    break
                parts.append(part)
            for part in parts:
                outcomes += await part.answer
        finally:
            for part in parts:
                part.answer.cancel()  # nothing if it was given; else nobody is there to hear it
        if refusal:
            outcomes += [refusal] * (len(drafts) - len(outcomes))
        return outcomes

    async def run(self) -> None:
        """Write until closed and nothing is queued. Whoever still waits at the end is answered."""
        try:
            while group := await self._inbox.take():
                await self._commit(group)
        finally:
            self._inbox.abandon()

    def close(self) -> None:
        """Take no more drafts; `run` writes those that are queued, and returns."""
        self._inbox.close()

    def abandon(self) -> None:
        """Close when no `run` is there to write what is queued: publishers hear `LogClosed`."""
        self._inbox.abandon()

    async def _commit(self, group: list[Part]) -> None:
        drafts = [draft for part in group for draft in part.drafts]
        try:
            results = await self._store.append(drafts)
        except (LogClosed, StoreUnavailable) as failure:
            for part in group:
                part.fail(failure)
            return
        except BaseException:
            # The writer ends with it: cancelled, or by a bug. The group may be committed or not.
            for part in group:
                part.fail(StoreUnavailable("append"))
            raise
        assert len(results) == len(drafts), "the store answers each draft"
        rest = iter(results)
        for part in group:
            part.tell(list(islice(rest, len(part.drafts))))

    def _split(self, drafts: Sequence[Draft]) -> Iterator[Sequence[Draft]]:
        """Yield slices, each as large as one commit may be, or one draft."""
        start = size_bytes = 0
        for place, draft in enumerate(drafts):
            size_bytes += len(draft.body)
            is_full = place - start >= self._limits.commit_count
            if place > start and (is_full or size_bytes > self._limits.commit_bytes):
                yield drafts[start:place]
                start, size_bytes = place, len(draft.body)
        if drafts:
            yield drafts[start:]
