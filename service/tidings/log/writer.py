"""The one task that writes: group commit of whatever is queued, without a timer."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import Protocol

from tidings.core.chunks import body_bytes, chunks
from tidings.core.errors import Busy, LogClosed, StoreUnavailable
from tidings.core.record import Draft
from tidings.log.commit_traces import CommitTraces
from tidings.log.inbox import Inbox, Outcome, Part
from tidings.log.limits import LogLimits
from tidings.store.base import Result


class Appending(Protocol):
    """What the writer needs of a store."""

    async def append(self, drafts: Sequence[Draft]) -> list[Result]:
        """Commit a group (`EventStore.append`)."""
        ...


class Writer:
    """Commits the drafts of many publishers, one group after another.

    A single draft is committed at once; drafts that arrive during a commit share the next one. So
    groups grow only with the load: there is no timer.
    """

    def __init__(
        self, store: Appending, limits: LogLimits, traces: CommitTraces | None = None
    ) -> None:
        self._store = store
        self._traces = traces or CommitTraces()
        self._limits = limits
        self._inbox = Inbox(limits)

    @property
    def queued_count(self) -> int:
        """Drafts that wait for the next commit."""
        return len(self._inbox)

    async def append(
        self, drafts: Sequence[Draft], patience_s: float | None = None
    ) -> list[Outcome]:
        """Commit the drafts, with positions rising in this order; return the result of each.

        Waits for room in the queue for `patience_s` seconds at most (None = for ever); the drafts
        after that are `Busy`. More drafts than one commit may hold make several. Cancelling drops
        drafts whose commit has not begun; the others may be stored or not.
        """
        parts: list[Part] = []
        outcomes: list[Outcome] = []
        refusal: Busy | LogClosed | None = None
        try:
            limits = self._limits
            for some in chunks(
                drafts, body_bytes, limit=limits.commit_count, max_bytes=limits.commit_bytes
            ):
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
                part.answer.cancel()  # no effect on one that was answered
        if refusal:
            outcomes += [refusal] * (len(drafts) - len(outcomes))
        return outcomes

    async def run(self) -> None:
        """Write until closed and nothing is queued; then answer parts that still wait."""
        try:
            while group := await self._inbox.take():
                span = self._traces.begin(group)
                outcomes = await self._commit(group)
                if span is not None:
                    self._traces.end(span, group, outcomes)
        finally:
            self._inbox.abandon()

    def close(self) -> None:
        """Accept no more drafts; `run` writes those that are queued, and returns."""
        self._inbox.close()

    def abandon(self) -> None:
        """Close without a `run` to write what is queued: publishers get `LogClosed`."""
        self._inbox.abandon()

    async def _commit(self, group: list[Part]) -> Sequence[Outcome] | None:
        """Store a group and answer it; return the results of its drafts, None = it failed."""
        drafts = [draft for part in group for draft in part.drafts]
        try:
            results = await self._store.append(drafts)
        except (LogClosed, StoreUnavailable) as failure:
            for part in group:
                part.fail(failure)
            return None
        except BaseException:
            # The writer ends: it was cancelled, or this is a bug. The group may be committed or
            # not.
            for part in group:
                part.fail(StoreUnavailable("append"))
            raise
        assert len(results) == len(drafts), "the store answers each draft"
        rest = iter(results)
        for part in group:
            part.tell(list(islice(rest, len(part.drafts))))
        return results
