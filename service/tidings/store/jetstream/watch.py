"""Checks every second or two whether the two streams are still complete.

Only Tidings may delete from them, and it marks a trim before it deletes. Anything else that is
missing was purged by others, and must be reported. The leader decides: replicas may lag, and what
they suggest is confirmed by the leader before it is reported.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

from tidings.core.errors import LogClosed, StoreCorrupt, StoreUnavailable
from tidings.store.jetstream.identity import LOOKS, PAUSE_S, Identity
from tidings.store.jetstream.link import Link
from tidings.store.jetstream.log_watch import PURGED, Info, LogWatch, Problem
from tidings.store.jetstream.names import RENEWED_ID, Names
from tidings.store.jetstream.read import MessageReader
from tidings.store.jetstream.state import JetStreamState

LOOK_EVERY_S = 1.5


class StateWatch:
    """Notices lost small values, and a renewed identity."""

    def __init__(
        self, names: Names, reader: MessageReader, state: JetStreamState, log_id: str
    ) -> None:
        self._names = names
        self._reader = reader
        self._state = state
        self._log_id = log_id
        self._seen: tuple[int, int] | None = None
        self._live: frozenset[str] = frozenset()

    async def problem(self, info: Info) -> Problem:
        """Return what is wrong with the stream, as far as its leader proves it."""
        seen = info["state"]["last_seq"], info["state"]["messages"]
        if seen == self._seen:
            return None
        held = await self._state.held_names()
        for name in sorted(self._live - held.keys()):
            if await self._reader.last(self._names.value(name)) is None:
                return f"lacks {name.partition('/')[0]}/…, {PURGED}"
        renewed = await self._state.get(RENEWED_ID)
        if renewed is not None and renewed.value.decode() != self._log_id:
            return "was given a new identity (tidings renew) while it was in use"
        self._live = frozenset(name for name, is_live in held.items() if is_live)
        self._seen = seen
        return None


class Watch:
    """Keeps watch over both streams of a log, and follows its small values meanwhile."""

    def __init__(
        self,
        link: Link,
        names: Names,
        reader: MessageReader,
        state_reader: MessageReader,
        state: JetStreamState,
    ) -> None:
        self._link = link
        self._names = names
        self._reader = reader
        self._state_reader = state_reader
        self._state = state
        self._log_identity: Identity | None = None
        self._state_identity: Identity | None = None
        self._known_seq: Callable[[], int] = lambda: 0
        self._broken: Exception | None = None

    async def start(self, known_seq: Callable[[], int]) -> int:
        """Remember which streams these are; return the newest position of the log.

        `known_seq` returns, at any later time, the newest that is known to be stored.
        """
        info, state_info = await self._reader.info(), await self._state_reader.info()
        self._log_identity = Identity(self._link, self._names.log, info, keeps_first=True)
        self._state_identity = Identity(
            self._link, self._names.state, state_info, keeps_first=False
        )
        self._known_seq = known_seq
        self._state.heard_seq = state_info["state"]["last_seq"]
        return int(info["state"]["last_seq"])

    async def check(self) -> None:
        """Raise if the streams are not what they were.

        Raises:
            StoreCorrupt: they are not.
            StoreUnavailable: no server answers now.
        """
        if self._broken is not None:
            raise self._broken
        assert self._log_identity is not None, "it was started"
        await self._log_identity.check(self._known_seq())

    async def last_lost(self) -> int:
        """Return the last position of the log past all trims that is missing; 0 = none."""
        log = LogWatch(self._names, self._reader, self._state)
        return await log.last_lost(await self._reader.last_seq())

    async def run(self, log_id: str) -> None:
        """Watch until the link is closed, or something is wrong: then the feed ends with it."""
        log_identity, state_identity = self._log_identity, self._state_identity
        assert log_identity is not None
        assert state_identity is not None
        log = LogWatch(self._names, self._reader, self._state)
        state = StateWatch(self._names, self._state_reader, self._state, log_id)

        async def check_state() -> None:
            await state_identity.check(self._state.heard_seq)

        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._state.run(self._state.heard_seq, check_state))
                tasks.create_task(_keep(log_identity, log.problem, self._known_seq))
                tasks.create_task(
                    _keep(state_identity, state.problem, lambda: self._state.heard_seq)
                )
        except* LogClosed:
            pass
        except* Exception as group:  # noqa: BLE001 - a bug too: unwatched, nothing is served
            (self._broken, *_) = group.exceptions
            self._link.disturb()  # the feed starts again, and ends with this


async def _keep(
    identity: Identity,
    find_problem: Callable[[Info], Awaitable[Problem]],
    known_seq: Callable[[], int],
) -> None:
    while True:
        with suppress(StoreUnavailable):  # no server, or no leader: check again later
            await _look(identity, find_problem, known_seq())
        await asyncio.sleep(LOOK_EVERY_S)


async def _look(
    identity: Identity, find_problem: Callable[[Info], Awaitable[Problem]], known_seq: int
) -> None:
    for _ in range(LOOKS):
        info = await identity.check(known_seq)
        problem = await find_problem(info)
        if problem is None:
            return
        await asyncio.sleep(PAUSE_S)
    raise StoreCorrupt(f"stream {identity.stream} {problem}")
