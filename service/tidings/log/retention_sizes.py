"""Sizes of systems' records, and through which position to trim for the rest to fit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tidings.core.record import BIRTH_SEQ, Weight
from tidings.store.base import EventStore

_SPAN = 10_000


@dataclass(slots=True)
class _Span:
    """The sizes of systems' records between two positions, the first exclusive."""

    after_seq: int
    through_seq: int
    weights: dict[str, Weight]


class Sizes:
    """Caches the sizes of records, by range of positions, so that only new ones are measured.

    `span` is how many positions one request to the store covers. For one caller at a time.
    """

    def __init__(self, store: EventStore, *, span: int = _SPAN) -> None:
        self._store = store
        self._span = span
        self._spans: list[_Span] = []
        self._firsts: dict[str, int] = {}

    async def last_to_go(self, floors: Mapping[str, int], max_bytes: int) -> int:
        """Return the position through which records of these systems must be trimmed; 0 = they fit.

        So that together they take at most `max_bytes`, and no more are trimmed than needed. Records
        at and above a system's floor are kept, even if the rest is then too large.
        """
        await self._catch_up()
        total = sum(
            weight.size_bytes
            for span in self._spans
            for system, weight in span.weights.items()
            if system in floors
        )
        rest = total - max_bytes
        if rest <= 0:
            return 0
        for span in self._spans:
            goes = await self._going(span, span.through_seq, floors)
            if goes >= rest:
                return await self._least(span, floors, rest)
            rest -= goes
        return max(floors.values()) - 1

    async def _least(self, span: _Span, floors: Mapping[str, int], wanted_bytes: int) -> int:
        """Return the first position of a range up to which trimming is enough, by binary search."""
        low, high = span.after_seq + 1, span.through_seq
        while low < high:
            middle = (low + high) // 2
            if await self._going(span, middle, floors) >= wanted_bytes:
                high = middle
            else:
                low = middle + 1
        return high

    async def _going(self, span: _Span, through_seq: int, floors: Mapping[str, int]) -> int:
        """Return how many bytes of a range are trimmed up to a position."""
        whole = span.weights
        if through_seq < span.through_seq:
            whole = dict(await self._store.weigh(span.after_seq, through_seq))
        goes = 0
        for system, weight in whole.items():
            floor = floors.get(system, 0)
            if floor > through_seq:
                goes += weight.size_bytes
            elif floor > span.after_seq + 1:
                part = await self._store.weigh(span.after_seq, floor - 1)
                goes += part.get(system, Weight()).size_bytes
        return goes

    async def _catch_up(self) -> None:
        """Measure new records, and drop ranges that were trimmed."""
        await self._forget_trimmed()
        end_seq = await self._store.end_seq()
        if self._spans and self._spans[-1].through_seq - self._spans[-1].after_seq < self._span:
            after_seq = self._spans.pop().after_seq
        elif self._spans:
            after_seq = self._spans[-1].through_seq
        else:
            after_seq = max((await self._store.bounds()).first_seq - 1, BIRTH_SEQ)
        while after_seq < end_seq:
            through_seq = min(after_seq + self._span, end_seq)
            weights = dict(await self._store.weigh(after_seq, through_seq))
            if weights:
                self._spans.append(_Span(after_seq, through_seq, weights))
                after_seq = through_seq
            else:  # a gap, which may be long
                following = await self._store.read(through_seq, 1)
                after_seq = following[0].seq - 1 if following else end_seq

    async def _forget_trimmed(self) -> None:
        known = {system for span in self._spans for system in span.weights}
        for system in known:
            first_seq = (await self._store.bounds(system)).first_seq
            is_news = self._firsts.get(system) != first_seq
            for span in self._spans:
                if not first_seq or span.through_seq < first_seq:
                    span.weights.pop(system, None)
                elif is_news and span.after_seq + 1 < first_seq:
                    weights = await self._store.weigh(span.after_seq, span.through_seq)
                    span.weights[system] = weights.get(system, Weight())
            self._firsts[system] = first_seq
        self._spans = [span for span in self._spans if span.weights]
