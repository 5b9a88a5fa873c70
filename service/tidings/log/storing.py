"""Whether records can be stored; while they cannot, probes the store with back-off."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress

import structlog

from tidings.core.backoff import Backoff
from tidings.core.clock import Clock
from tidings.core.errors import LogClosed, StoreUnavailable
from tidings.core.limits import MAX_RECORD_BYTES
from tidings.core.record import Draft
from tidings.log.checks import WRITE, Checks
from tidings.log.times import Times
from tidings.store.base import EventStore, Result

_log = structlog.get_logger("tidings.log")

NO_ANSWER = "store unavailable"
"""The reason where the store knows no lasting cause."""

FIRST_PAUSE_S = 0.1
LONGEST_PAUSE_S = 5.0
_CALM_S = 60.0
"""A failure within this time after the last one counts as the same one: pauses stay long, log lines
few."""


class Storing:
    """Appends to the store, and after a failure probes it until something can be stored again.

    While there is a lasting cause, appends fail at once: trying each append on a full disk would
    only load it. `run` probes, in a task of its own.
    """

    def __init__(
        self,
        store: EventStore,
        checks: Checks,
        clock: Clock,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        times: Times | None = None,
    ) -> None:
        self._store = store
        self._checks = checks
        self._clock = clock
        self._times = times or Times()
        self._sleep = sleep
        self._backoff = Backoff(FIRST_PAUSE_S, LONGEST_PAUSE_S)
        self._failure: StoreUnavailable | None = None
        self._failing = asyncio.Event()
        self._began_s = 0.0
        self._ended_s = -_CALM_S
        self._size_bytes = 0  # of the largest group that was refused; at most the size of a record

    async def append(self, drafts: Sequence[Draft]) -> list[Result]:
        """Commit a group (`EventStore.append`), unless it is known that nothing can be stored."""
        held = self._failure
        if held is not None and held.cause:
            self._note_size(drafts)
            raise StoreUnavailable(held.doing, held.cause)  # a copy: raised ones collect frames
        began_s = self._clock.monotonic_s()
        try:
            results = await self._store.append(drafts)
        except StoreUnavailable as failure:
            self._note_size(drafts)
            await self._failed(failure)
            raise
        self._times.committed(len(drafts), self._clock.monotonic_s() - began_s)
        await self._worked()
        return results

    async def run(self) -> None:
        """Probe the store now and after each failure, until it is closed or this is cancelled."""
        with suppress(LogClosed):
            await self._probe()  # a disk that was full before is still full
            while True:
                await self._failing.wait()
                await self._sleep(self._backoff.next_s())
                if self._failure is not None:  # else an append succeeded meanwhile
                    await self._probe()

    async def _probe(self) -> None:
        try:
            await self._store.probe(self._size_bytes)
        except StoreUnavailable as failure:
            await self._failed(failure)
        else:
            await self._worked()

    def _note_size(self, drafts: Sequence[Draft]) -> None:
        size_bytes = sum(len(draft.body) for draft in drafts)
        self._size_bytes = min(max(self._size_bytes, size_bytes), MAX_RECORD_BYTES)

    async def _failed(self, failure: StoreUnavailable) -> None:
        if self._failure is None:
            self._began_s = self._clock.monotonic_s()
            if self._began_s - self._ended_s > _CALM_S:
                self._backoff.reset()
        if self._failure is None or failure.cause:
            self._failure = failure
            reason = failure.cause or NO_ANSWER
            if await self._checks.tell(WRITE, reason):
                _log.error("nothing can be stored", cause=reason, detail=failure.doing)
        self._failing.set()

    async def _worked(self) -> None:
        if self._failure is None:
            return
        self._failure = None
        self._size_bytes = 0
        self._failing.clear()
        self._ended_s = self._clock.monotonic_s()
        if await self._checks.tell(WRITE):
            after_s = round(self._ended_s - self._began_s, 1)
            _log.warning("records are stored again", after_s=after_s)
