"""Retention: the task that trims each system to its rule."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping

from tidings.core.clock import Clock
from tidings.core.errors import DAMAGED_FILE, LogClosed, StoreUnavailable
from tidings.log.retention_age import DAY_S, is_confirmed
from tidings.log.retention_rule import (
    WHOLE_LOG,
    AgeTrusted,
    AgeWaits,
    Keep,
    News,
    RuleApplied,
    RuleChanged,
    RuleWaits,
    Taken,
    put_rule,
    rule_of,
    rules_of,
)
from tidings.log.retention_sizes import Sizes
from tidings.store.base import EventStore

# Positions that one trim may cover, so that a commit waits only for a few milliseconds of deleting.
_STEP = 1_000

# The share that a start with stricter rules may delete without confirmation: one record of so many.
_ONE_OF = 10


class Retention:
    """Trims each system to the log's rule, the one that was applied last, by any node.

    `rules` are what this process was started with: one for each system, and perhaps one for all of
    them together (`WHOLE_LOG`), of which only `max_bytes` counts and which comes last. Each becomes
    the log's rule at the start, unless it would delete more than a tenth of what a system has: then
    the log's rule stays (without one, nothing is deleted) until a start that `applies`. `told` is
    called with all events of retention. `steady_s` returns for how long the clock has not jumped.
    """

    def __init__(
        self,
        store: EventStore,
        rules: Mapping[str, Keep],
        *,
        clock: Clock,
        applies: bool = False,
        steady_s: Callable[[], float] = lambda: 0.0,
        told: Callable[[News], None] = lambda _: None,
    ) -> None:
        self._store = store
        self._rules = rules
        self._clock = clock
        self._applies = applies
        self._steady_s = steady_s
        self._told = told
        self._undecided = set(rules)
        self._known: dict[str, Keep] = {}
        self._age_waits = False
        self._sizes = Sizes(store)

    async def run(
        self,
        *,
        every_s: float = 60.0,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """Trim now, and then at an interval in seconds, until the store is closed.

        After a failure of the store it tries again the next time. Cancelling is safe.
        """
        while True:
            try:
                await self._round()
            except StoreUnavailable:
                pass  # appends report the failure, and the next round tries again
            except LogClosed:
                return
            await sleep(every_s)

    async def _round(self) -> None:
        for system in sorted(self._undecided):
            await self._decide(system)
            self._undecided.discard(system)
        rules = await rules_of(self._store.state)
        waits = False
        for system in sorted(self._rules, key=lambda name: name == WHOLE_LOG):
            rule = rules.get(system)
            if rule is None:
                continue
            if self._known.get(system, rule) != rule:
                self._told(RuleChanged(system, rule))
            self._known[system] = rule
            try:
                waits |= await self._trim(system, rule)
            except StoreUnavailable as failure:
                if failure.cause != DAMAGED_FILE:
                    raise  # else it is this system's records, and the others have a rule too
        if waits != self._age_waits:
            self._age_waits = waits
            self._told(AgeWaits() if waits else AgeTrusted())
        await self._store.give_back()

    async def _decide(self, system: str) -> None:
        """Make this start's rule the log's, unless that needs confirmation."""
        wanted = self._rules[system]
        applied = False
        while not applied:
            rule, revision = await rule_of(self._store.state, system)
            if rule == wanted:
                break
            if not self._applies and (rule is None or wanted.is_stricter_than(rule)):
                excess = await self._excess(system, wanted, rule)
                if excess is not None:
                    self._told(excess)
                    break
            applied = await put_rule(self._store.state, system, wanted, revision)
        if applied:
            self._known[system] = wanted
            self._told(RuleApplied(system, wanted, rule))

    async def _excess(self, name: str, wanted: Keep, rule: Keep | None) -> RuleWaits | None:
        """Return what a rule deletes that the previous one does not, if that needs confirmation."""
        store, now_us = self._store, self._clock.now_us()
        ends = await self._ends(name, wanted, now_us)
        already = await self._ends(name, rule, now_us) if rule else {}
        taken, there, newest_us, is_too_much = 0, 0, 0, False
        for system, through_seq in ends.items():
            goes = await store.count(system, through_seq)
            count = goes - await store.count(system, min(already.get(system, 0), through_seq))
            total = await store.count(system, (await store.bounds(system)).last_seq)
            is_too_much |= count * _ONE_OF > total
            taken, there = taken + count, there + total
            if count:
                newest_seq = await store.nth_last(system, total - goes + 1)
                # another node may have trimmed it meanwhile
                for newest in await store.read(newest_seq - 1, 1, systems={system}):
                    newest_us = max(newest_us, newest.recorded_at_us)
        if not is_too_much:
            return None
        return RuleWaits(name, wanted, rule, taken, there, newest_us)

    async def _ends(self, name: str, rule: Keep, now_us: int | None) -> dict[str, int]:
        """Return through which positions a rule deletes the records of its systems."""
        if name != WHOLE_LOG:
            return {name: await last_to_go(self._store, name, rule, now_us, self._sizes)}
        if rule.max_bytes is None:
            return {}
        floors = {
            system: await floor_of(self._store, system, keep)
            for system, keep in self._rules.items()
            if system != WHOLE_LOG
        }
        through_seq = await self._sizes.last_to_go(floors, rule.max_bytes)
        return {system: min(through_seq, floor - 1) for system, floor in floors.items()}

    async def _trim(self, name: str, keep: Keep) -> bool:
        """Trim to a rule and return whether its age limit has to wait for a trustworthy time."""
        now_us: int | None = self._clock.now_us()
        waits = False
        if keep.max_age_s is not None and await self._has_old(name, keep):
            span_s = min(keep.max_age_s, DAY_S)
            if not await is_confirmed(self._store, self._clock.now_us(), span_s, self._steady_s()):
                now_us, waits = None, True
        for system, through_seq in (await self._ends(name, keep, now_us)).items():
            taken = Taken(system)
            try:
                await trim_through(self._store, system, through_seq, taken)
            finally:
                if taken.count:
                    self._told(taken)
        return waits

    async def _has_old(self, system: str, keep: Keep) -> bool:
        by_age = Keep(keep.max_age_s, None, keep.min_count)
        through_seq = await last_to_go(self._store, system, by_age, self._clock.now_us())
        return 0 < (await self._store.bounds(system)).first_seq <= through_seq


async def trim_through(store: EventStore, system: str, through_seq: int, taken: Taken) -> None:
    """Trim one system through a position, in bounded steps.

    `taken` counts what was deleted, also if the store fails meanwhile.
    """
    while True:
        first_seq = (await store.bounds(system)).first_seq
        if not 0 < first_seq <= through_seq:
            return
        step_seq = min(first_seq + _STEP - 1, through_seq)
        gone = await store.trim(system, step_seq)
        if not gone:
            return  # another node trimmed first, or the store lags: see the next round
        taken.count += gone
        taken.through_seq = step_seq


async def last_to_go(
    store: EventStore, system: str, keep: Keep, now_us: int | None, sizes: Sizes | None = None
) -> int:
    """Return the position through which a rule deletes a system's records; 0 = none.

    No `now_us`: not by their age. No `sizes`: not by their size.
    """
    through_seq = 0
    if keep.max_age_s is not None and now_us is not None:
        through_seq = await store.seek(system, now_us - int(keep.max_age_s * 1e6)) - 1
    if keep.max_count is not None:
        through_seq = max(through_seq, await store.nth_last(system, keep.max_count + 1))
    floor = await floor_of(store, system, keep)
    if keep.max_bytes is not None and sizes is not None:
        through_seq = max(through_seq, await sizes.last_to_go({system: floor}, keep.max_bytes))
    return max(min(through_seq, floor - 1), 0)


async def floor_of(store: EventStore, system: str, keep: Keep) -> int:
    """Return the first position that a rule keeps, whatever its limits are."""
    if keep.min_count:
        return await store.nth_last(system, keep.min_count)
    return await store.end_seq() + 1
