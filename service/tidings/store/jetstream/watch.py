"""Whether the two streams still hold what they must, asked every second or two.

Nobody but Tidings may delete from them, and Tidings deletes only what a trim mark told of before.
What is missing otherwise was purged by somebody else, and must not be passed over in silence. The
leader has the last word: replicas may lag, and what they hint at is proven before it is said.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any

from tidings.core.errors import LogClosed, StoreCorrupt, StoreUnavailable
from tidings.core.record import BIRTH_SEQ, SYSTEMS, covers
from tidings.store.base import TRIM_MARKS
from tidings.store.jetstream.link import Link
from tidings.store.jetstream.names import RENEWED_ID, Names
from tidings.store.jetstream.read import Reader, parse_time_us
from tidings.store.jetstream.setup import LOOKS, PAUSE_S, Identity
from tidings.store.jetstream.state import JetStreamState

LOOK_EVERY_S = 1.5
_ALL = ">"  # the one filter that is counted without a look at every subject
_SAMPLES = 4
_PURGED = "which no Tidings deleted: somebody purged the stream"
_WITNESSES_EVERY = 20  # looks between two for the first records of systems that had none

Info = Mapping[str, Any]
Problem = str | None


class LogWatch:
    """Notices what is missing from the stream of the log, but for what was trimmed."""

    def __init__(self, names: Names, reader: Reader, state: JetStreamState) -> None:
        self._names = names
        self._reader = reader
        self._state = state
        self._gone_count = -1  # that could be explained; it only rises
        self._newest = (0, 0)  # position and time, at the last look
        self._witnesses: dict[str, tuple[int, int]] = {}  # system: its mark, its first beyond
        self._lost_seq = 0  # what the last look found to be missing
        self._looks = 0

    async def problem(self, info: Info) -> Problem:
        """Return what is wrong with the stream, as far as its leader proves it."""
        if renumbered := await self._renumbered(info["state"]):
            return f"gave position {renumbered} to another message while it was in use"
        state = info["state"]
        gone_count = state["last_seq"] + 1 - state["first_seq"] - state["messages"]
        self._looks += 1
        if gone_count == self._gone_count:
            if self._looks % _WITNESSES_EVERY == 0:
                await self._remember_witnesses(await self._marks())
            return None
        marks = await self._marks()
        problem = await self._lost_witness(marks)
        if problem is not None:
            return problem
        await self._remember_witnesses(marks)
        is_exact = True
        if not (self._lost_seq and await self._is_lost(self._lost_seq)):
            found = await self._first_lost(max(marks.values()), state["last_seq"])
            self._lost_seq, is_exact = found
        if self._lost_seq:
            return f"lacks position {self._lost_seq}, {_PURGED}"
        if is_exact:
            self._gone_count = gone_count
        return None

    async def _renumbered(self, state: Info) -> int:
        """Return the newest position of the last look if another message has it now; else 0."""
        newest = state["last_seq"], parse_time_us(state["last_ts"])
        seq, at_us = self._newest
        found = await self._reader.at(seq) if seq and newest != self._newest else None
        if found is not None and found.at_us != at_us:
            return seq
        self._newest = newest
        return 0

    async def _marks(self) -> dict[str, int]:
        """Return through which position each system's records may be gone.

        Read after the leader was asked what is gone, since marks are written before that.
        """
        marks = dict.fromkeys(SYSTEMS, BIRTH_SEQ)
        for entry in await self._state.list(TRIM_MARKS):
            subject = entry.name.removeprefix(TRIM_MARKS)
            for system in SYSTEMS:
                if covers(system, subject):
                    marks[system] = max(marks[system], int(entry.value))
        return marks

    async def _first_lost(self, trimmed_through: int, end_seq: int) -> tuple[int, bool]:
        """Return the first position past all trims that is missing; 0 = none, and how sure that is.

        A trim takes nothing past the highest mark, so that there no position is missing. Messages
        that come meanwhile make it unsure.
        """
        low, high = trimmed_through + 1, end_seq
        if low > high:
            return 0, True
        before = await self._count_past(high)
        if await self._missing(low, high) <= 0:
            return 0, before == await self._count_past(high)
        while low < high:
            middle = (low + high) // 2
            if await self._missing(low, middle) > 0:
                high = middle
            else:
                low = middle + 1
        return (low if await self._is_lost(low) else 0), False

    async def _is_lost(self, seq: int) -> bool:
        """Say whether the leader has no message there, though none was trimmed so far."""
        is_missing = await self._reader.at(seq) is None and await self._reader.last_seq() >= seq
        return is_missing and max((await self._marks()).values()) < seq

    async def last_lost(self, end_seq: int) -> int:
        """Return the last position past all trims that is missing; 0 = none.

        Nobody may write meanwhile.
        """
        low, high = max((await self._marks()).values()) + 1, end_seq
        if low > high or not await self._missing(low, high):
            return 0
        while low < high:
            middle = (low + high + 1) // 2
            if await self._missing(middle, high):
                low = middle
            else:
                high = middle - 1
        return low

    async def _missing(self, first_seq: int, last_seq: int) -> int:
        """Return how many of these positions have no message, as far as that is seen.

        No server counts up to a position, so it is the difference of two counts. What is stored
        between the two hides a loss, or looks like one; so they are asked at once, a few times.
        """
        samples = []
        for _ in range(_SAMPLES):
            after, here = await asyncio.gather(
                self._count_past(last_seq), self._count_past(first_seq - 1)
            )
            samples.append(last_seq + 1 - first_seq - (here - after))
        return max(samples)

    async def _count_past(self, seq: int) -> int:
        return await self._reader.count_from(_ALL, seq + 1)

    async def _lost_witness(self, marks: Mapping[str, int]) -> Problem:
        """Say whether the first record of a system past its mark is gone though the mark stands.

        A purge begins with the oldest messages, so that this one goes first, also where other
        systems were trimmed further.
        """
        for system, (mark, seq) in self._witnesses.items():
            if marks[system] == mark and seq and await self._first_of(system, mark) != seq:
                is_lost = await self._reader.last_seq() >= seq
                if is_lost and (await self._marks())[system] == mark:
                    return f"lacks position {seq}, the oldest of {system}, {_PURGED}"
        return None

    async def _remember_witnesses(self, marks: Mapping[str, int]) -> None:
        for system, mark in marks.items():
            held_mark, seq = self._witnesses.get(system, (0, 0))
            if not seq or held_mark != mark:
                self._witnesses[system] = mark, await self._first_of(system, mark)

    async def _first_of(self, system: str, mark: int) -> int:
        found = await self._reader.first(self._names.covered(system), mark + 1)
        return found.seq if found else 0


class StateWatch:
    """Notices small values that are gone though nobody deleted them, and a renewed identity."""

    def __init__(self, names: Names, reader: Reader, state: JetStreamState, log_id: str) -> None:
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
                return f"lacks {name.partition('/')[0]}/…, {_PURGED}"
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
        reader: Reader,
        state_reader: Reader,
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

        `known_seq` tells of the newest that is known to be stored, at any later time.
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
        """Refuse to go on with streams that are not what they were.

        Raises:
            StoreCorrupt: they are not.
            StoreUnavailable: nobody can be asked now.
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
            self._link.disturb()  # the feed begins anew, and ends with this


async def _keep(
    identity: Identity,
    find_problem: Callable[[Info], Awaitable[Problem]],
    known_seq: Callable[[], int],
) -> None:
    while True:
        with suppress(StoreUnavailable):  # no server, or no leader: the next look sees
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
