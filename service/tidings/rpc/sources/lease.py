"""A lease: at most one recorder runs a source, on all nodes of a log.

What is known of a source is one small value of the store. Whoever runs it writes that value again
every few seconds, each time on top of the revision that it wrote last: a holder that was considered
dead finds another revision, and its writes are refused (fencing). A recorder that waits for the
source measures with its own monotonic clock how long the revision has not changed, so that no
two clocks are compared.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

from tidings.core.clock import Clock
from tidings.core.errors import LogClosed, StateConflict, StoreUnavailable
from tidings.core.record import StateEntry
from tidings.log.state import StateStore
from tidings.v1 import source_pb2

SOURCES = "sources/"
"""Where `state` holds what is known of the sources: below it by name, as `SourceStatus`."""

RENEW_S = 2.0
DEAD_AFTER_S = 6.0
"""How long a holder may be silent, three times its interval; with `LOOK_S` well below 10 s."""
LOOK_S = 1.0


class Lease:
    """A source that this process runs. `status` is what was written last; replace it by `write`."""

    def __init__(self, state: StateStore, entry: StateEntry) -> None:
        self._state = state
        self._revision = entry.revision
        self._name = entry.name
        self._writing = asyncio.Lock()
        self.status = parse(entry)

    async def write(self, status: source_pb2.SourceStatus) -> None:
        """Write what is known of the source, durably.

        Raises:
            StateConflict: another recorder has it now; nothing was written.
            StoreUnavailable: it may or may not be written.
        """
        async with self._writing:
            try:
                await self._put(status)
            except StoreUnavailable:
                await self._find_out()
                raise
            self.status = status

    async def _put(self, status: source_pb2.SourceStatus) -> None:
        entry = await self._state.put(
            self._name, status.SerializeToString(), expect_revision=self._revision
        )
        self._revision = entry.revision

    async def _find_out(self) -> None:
        """Learn the revision of a write whose answer was lost, if the value still is ours."""
        entry = await self._state.get(self._name)
        if entry is not None and parse(entry).node == self.status.node:
            self._revision = entry.revision


class Leases:
    """Gives leases. `is_shared` says whether other processes may hold some: then they expire."""

    def __init__(
        self,
        state: StateStore,
        clock: Clock,
        *,
        node: str,
        is_shared: bool,
        look_s: float = LOOK_S,
    ) -> None:
        self.node = node
        self.is_shared = is_shared
        self._state = state
        self._clock = clock
        self._look_s = look_s
        self._held: set[str] = set()
        self._released = asyncio.Event()
        self._is_closed = False

    async def acquire(
        self,
        source: str,
        taken: Callable[[source_pb2.SourceStatus | None], source_pb2.SourceStatus],
        stands_by: Callable[[], Awaitable[object]],
    ) -> Lease:
        """Return the lease of a source once it is free; `release` it.

        `taken` is given what is known of the source and returns what is to be written; it may
        raise. `stands_by` is called once if another recorder has it.

        Raises:
            LogClosed: the service shuts down.
            StoreUnavailable: the store cannot be asked.
        """
        seen_revision, seen_s, is_told = -1, 0.0, False
        while True:
            if self._is_closed:
                raise LogClosed
            entry = await self._state.get(SOURCES + source)
            revision = entry.revision if entry else 0
            if revision != seen_revision:
                seen_revision, seen_s = revision, self._clock.monotonic_s()
            status = taken(parse(entry) if entry else None)
            if source not in self._held and self._is_free(entry, seen_s):
                self._held.add(source)
                lease = await self._take(entry, source, status)
                if lease is not None:
                    return lease
            elif not is_told:
                await stands_by()
                is_told = True
            with suppress(TimeoutError):
                async with asyncio.timeout(self._look_s):
                    await self._released.wait()

    def release(self, source: str) -> None:
        """Free the source for others in this process."""
        self._held.discard(source)
        self._wake()

    def close(self) -> None:
        """Give no more leases; recorders that wait for one get `LogClosed`."""
        self._is_closed = True
        self._wake()

    def _wake(self) -> None:
        self._released, released = asyncio.Event(), self._released
        released.set()

    def _is_free(self, entry: StateEntry | None, unchanged_since_s: float) -> bool:
        if entry is None or not self.is_shared:
            return True
        if parse(entry).node in {"", self.node}:
            return True
        return self._clock.monotonic_s() - unchanged_since_s >= DEAD_AFTER_S

    async def _take(
        self, entry: StateEntry | None, source: str, status: source_pb2.SourceStatus
    ) -> Lease | None:
        try:
            written = await self._state.put(
                SOURCES + source,
                status.SerializeToString(),
                expect_revision=entry.revision if entry else 0,
            )
        except StateConflict:  # another recorder was faster
            self._held.discard(source)
            return None
        except BaseException:
            self._held.discard(source)
            raise
        return Lease(self._state, written)


def parse(entry: StateEntry) -> source_pb2.SourceStatus:
    """Return what is known of a source."""
    return source_pb2.SourceStatus.FromString(entry.value)
