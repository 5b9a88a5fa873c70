"""What is known of all sources: of those that run here, and of those of other nodes."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import suppress

import structlog

from tidings.access.rights import Rights
from tidings.core.backoff import Backoff
from tidings.core.clock import Clock
from tidings.core.errors import LogClosed, NotFound, OrderRefused, StoreUnavailable, TidingsError
from tidings.core.limits import MAX_PAGE_BYTES
from tidings.core.record import StateEntry
from tidings.dialects.rules import microseconds, timestamp
from tidings.dialects.systems import system_name
from tidings.log.checks import SOURCES as CHECK
from tidings.log.checks import Checks
from tidings.log.state import StateStore
from tidings.rpc.sources.lease import DEAD_AFTER_S, SOURCES, parse
from tidings.v1 import source_pb2, tidings_event_pb2

TICK_S = 1.0
SILENT = "its recorder is silent"

Tell = Callable[[tidings_event_pb2.TidingsEvent, str, Sequence[str]], Awaitable[object]]
"""Stores what Tidings says of itself, under a key ("" = without): twice with one key is once.

Last come the logs that it was told in before.
"""

_log = structlog.get_logger("tidings.sources")


class SourceRegistry:
    """The sources of a log. `open` it, then `run` it beside the service."""

    def __init__(
        self, state: StateStore, clock: Clock, checks: Checks, tell: Tell, *, is_shared: bool
    ) -> None:
        self._state = state
        self._clock = clock
        self._checks = checks
        self._tell = tell
        self._is_shared = is_shared
        self._known: dict[str, source_pb2.SourceStatus] = {}
        self._heard_s: dict[str, float] = {}
        self.required: frozenset[str] = frozenset()
        """Names that must be connected, though no recorder of theirs may have said so yet."""

    def __iter__(self) -> Iterator[source_pb2.SourceStatus]:
        """All that are known, by name."""
        return iter([self._known[name] for name in sorted(self._known)])

    @property
    def count(self) -> int:
        """How many are known."""
        return len(self._known)

    async def open(self) -> None:
        """Read what the store has.

        Raises:
            StoreUnavailable: it cannot be read.
        """
        self._changes = self._state.watch(
            SOURCES
        )  # before the list, or a change between the two is missed
        entries = await self._state.list(SOURCES)
        self._known = {}
        for entry in entries:
            self._apply(entry)
        if not self._is_shared:
            for status in self._known.values():
                self._lose(status)  # its recorder went with the process that ran it

    async def run(self) -> None:
        """Follow changes and look for stale sources, until the store closes."""
        async with asyncio.TaskGroup() as tasks:
            ticking = tasks.create_task(self._tick())
            await self._follow()
            ticking.cancel()

    def show(self, status: source_pb2.SourceStatus) -> None:
        """Use the status of a recorder in this process, before or without storing it."""
        kept = source_pb2.SourceStatus()
        kept.CopyFrom(status)
        kept.ClearField("stale_since")  # is said here, not by its recorder
        known = self._known.get(status.source)
        if known is not None and known.since == kept.since and known.HasField("stale_since"):
            kept.stale_since.CopyFrom(known.stale_since)
        self._known[status.source] = kept
        self._heard_s[status.source] = self._clock.monotonic_s()

    def seen_by(self, rights: Rights) -> list[source_pb2.SourceStatus]:
        """Return the sources of systems that these rights may read, by name.

        Without their positions, if these are too long for one answer.
        """
        seen = [each for each in self if rights.may_read(system_name(each.system))]
        if sum(len(each.position) for each in seen) <= MAX_PAGE_BYTES:
            return seen
        return [_without_position(each) for each in seen]

    def others_of(self, system: int, source: str) -> list[str]:
        """Return the names of the system's other sources."""
        return [
            each.source
            for each in self._known.values()
            if each.system == system and each.source != source
        ]

    async def forget(self, source: str) -> None:
        """Delete a source and its position, durably.

        Raises:
            NotFound: there is none.
            OrderRefused: it runs.
            StateConflict: it was claimed meanwhile.
        """
        entry = await self._state.get(SOURCES + source)
        if entry is None:
            raise NotFound("source", "")
        if source in self._known and self._known[source].node:
            raise OrderRefused(source, "the source runs; stop its recorder first")
        await self._state.delete(SOURCES + source, expect_revision=entry.revision)
        self._apply(entry.name)

    async def look(self) -> None:
        """Mark sources whose recorders are silent, report stale ones, tell health."""
        now_s, now_us = self._clock.monotonic_s(), self._clock.now_us()
        for name in list(self._known):
            status = self._known[name]
            if status.node and self._is_shared and now_s - self._heard_s[name] > DEAD_AFTER_S:
                self._lose(status)
            if _is_stale(status, now_us):
                status.stale_since.CopyFrom(status.since)
                await self._report_stale(status)
        connected = {each.source for each in self if each.connected}
        required = self.required | {each.source for each in self if each.required}
        is_fine = required <= connected
        await self._checks.tell(CHECK, "" if is_fine else "required sources are not connected")

    async def _report_stale(self, status: source_pb2.SourceStatus) -> None:
        _log.warning("a source is stale", source=status.source, reason=status.reason)
        key = f"stale/{status.source}/{microseconds(status.since)}"
        try:
            await self._tell(state_event(status), key, ())
        except TidingsError as error:
            status.ClearField("stale_since")  # the next check retries
            _log.warning("the event of a stale source is not stored yet", error=str(error))

    def _lose(self, status: source_pb2.SourceStatus) -> None:
        status.node = ""
        if status.connected:
            status.connected = False
            status.reason = SILENT
            status.since.CopyFrom(timestamp(self._clock.now_us()))

    async def _tick(self) -> None:
        while True:
            await self.look()
            await asyncio.sleep(TICK_S)

    async def _follow(self) -> None:
        pauses = Backoff(TICK_S, 8 * TICK_S)
        with suppress(LogClosed):
            while True:
                try:
                    async for change in self._changes:
                        self._apply(change)
                        pauses.reset()
                except StoreUnavailable:
                    _log.warning("changes of sources cannot be watched now")
                await asyncio.sleep(pauses.next_s())
                with suppress(StoreUnavailable):
                    await self.open()

    def _apply(self, change: StateEntry | str) -> None:
        if isinstance(change, str):
            self._known.pop(change.removeprefix(SOURCES), None)
            return
        self.show(parse(change))


def state_event(status: source_pb2.SourceStatus) -> tidings_event_pb2.TidingsEvent:
    """Return the event with the current state of a source."""
    state = tidings_event_pb2.SourceState(
        source=status.source,
        system=status.system,
        connected=status.connected,
        reason=status.reason,
    )
    if status.HasField("stale_since"):
        state.stale_since.CopyFrom(status.stale_since)
    return tidings_event_pb2.TidingsEvent(source_state=state)


def _without_position(status: source_pb2.SourceStatus) -> source_pb2.SourceStatus:
    told = source_pb2.SourceStatus()
    told.CopyFrom(status)
    told.ClearField("position")
    return told


def _is_stale(status: source_pb2.SourceStatus, now_us: int) -> bool:
    if status.connected or status.HasField("stale_since"):
        return False
    return now_us - microseconds(status.since) >= status.stale_after.ToMicroseconds()
