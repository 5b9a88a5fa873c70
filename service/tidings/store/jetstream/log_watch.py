"""Finds what is missing from the stream of the log, except what was trimmed.

Only Tidings may delete from it, and it marks a trim before it deletes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from tidings.core.record import BIRTH_SEQ, SYSTEMS, covers
from tidings.store.base import TRIM_MARKS
from tidings.store.jetstream.message import parse_time_us
from tidings.store.jetstream.names import Names
from tidings.store.jetstream.read import MessageReader
from tidings.store.jetstream.state import JetStreamState

_ALL = ">"  # the only filter that is counted without visiting every subject
_SAMPLES = 4
PURGED = "which no Tidings deleted: somebody purged the stream"
_WITNESSES_EVERY = 20  # checks between two for the first records of systems that had none
Info = Mapping[str, Any]
Problem = str | None


class LogWatch:
    """Notices what is missing from the stream of the log, but for what was trimmed."""

    def __init__(self, names: Names, reader: MessageReader, state: JetStreamState) -> None:
        self._names = names
        self._reader = reader
        self._state = state
        self._gone_count = -1  # that trims explain; it only increases
        self._newest = (0, 0)  # position and time, at the last check
        self._witnesses: dict[str, tuple[int, int]] = {}  # system: its mark, its first beyond
        self._lost_seq = 0  # what the last check found to be missing
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
            return f"lacks position {self._lost_seq}, {PURGED}"
        if is_exact:
            self._gone_count = gone_count
        return None

    async def _renumbered(self, state: Info) -> int:
        """Return the newest position of the last check if another message has it now; else 0."""
        newest = state["last_seq"], parse_time_us(state["last_ts"])
        seq, at_us = self._newest
        found = await self._reader.at(seq) if seq and newest != self._newest else None
        if found is not None and found.at_us != at_us:
            return seq
        self._newest = newest
        return 0

    async def _marks(self) -> dict[str, int]:
        """Return through which position each system's records may be gone.

        Read after the leader was asked what is missing, since marks are written before a trim.
        """
        marks = dict.fromkeys(SYSTEMS, BIRTH_SEQ)
        for entry in await self._state.list(TRIM_MARKS):
            subject = entry.name.removeprefix(TRIM_MARKS)
            for system in SYSTEMS:
                if covers(system, subject):
                    marks[system] = max(marks[system], int(entry.value))
        return marks

    async def _first_lost(self, trimmed_through: int, end_seq: int) -> tuple[int, bool]:
        """Return the first missing position past all trims, 0 = none; and if that is certain.

        A trim deletes nothing past the highest mark, so no position may be missing there. Messages
        that arrive meanwhile make the result uncertain.
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

        There must be no writers meanwhile.
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
        """Return how many of these positions have no message, as an estimate.

        No server counts up to a position, so it is the difference of two counts. A message that is
        stored between the two hides a loss, or looks like one; so both are requested at once, a few
        times.
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
        """Say whether a system's first record past its mark is gone though the mark is the same.

        A purge begins with the oldest messages, so this one is deleted first, also where other
        systems were trimmed further.
        """
        for system, (mark, seq) in self._witnesses.items():
            if marks[system] == mark and seq and await self._first_of(system, mark) != seq:
                is_lost = await self._reader.last_seq() >= seq
                if is_lost and (await self._marks())[system] == mark:
                    return f"lacks position {seq}, the oldest of {system}, {PURGED}"
        return None

    async def _remember_witnesses(self, marks: Mapping[str, int]) -> None:
        for system, mark in marks.items():
            held_mark, seq = self._witnesses.get(system, (0, 0))
            if not seq or held_mark != mark:
                self._witnesses[system] = mark, await self._first_of(system, mark)

    async def _first_of(self, system: str, mark: int) -> int:
        found = await self._reader.first(self._names.covered(system), mark + 1)
        return found.seq if found else 0
