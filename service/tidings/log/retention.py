"""What is kept of each system, for how long, and the task that sees to it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping

from tidings.core.clock import Clock
from tidings.core.errors import DAMAGED_FILE, LogClosed, StoreUnavailable
from tidings.log.retention_age import DAY_S, is_confirmed
from tidings.log.retention_rule import (
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
from tidings.store.base import EventStore

# Positions that one trim may cover: a commit waits for a few milliseconds of deleting, not for a
# backlog.
_STEP = 1_000

# What a start with stricter rules may take without being asked: one record of so many.
_ONE_OF = 10


class Retention:
    """Trims each system to the log's rule, which is the one that was applied last, by any node.

    `rules` are what this process was started with. Each becomes the log's rule at the start, unless
    it would take more than a tenth of what the system has: then the log's rule stays (without one,
    nothing is taken) until a start that `applies`. `told` hears of everything. `steady_s` says for
    how long the clock has not jumped.
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

    async def run(
        self,
        *,
        every_s: float = 60.0,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """Trim now and then every so many seconds, until the store is closed.

        A store that fails is asked again the next time. Cancelling is safe.
        """
        while True:
            try:
                await self._round()
            except StoreUnavailable:
                pass  # whoever stores anything says so, and the next round tries again
            except LogClosed:
                return
            await sleep(every_s)

    async def _round(self) -> None:
        for system in sorted(self._undecided):
            await self._decide(system)
            self._undecided.discard(system)
        rules = await rules_of(self._store.state)
        waits = False
        for system in self._rules:
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

    async def _decide(self, system: str) -> None:
        """Make this start's rule the log's, unless it must be asked for."""
        wanted = self._rules[system]
        applied = False
        while not applied:
            rule, revision = await rule_of(self._store.state, system)
            if rule == wanted:
                break
            if not self._applies and (rule is None or wanted.is_stricter_than(rule)):
                toll = await self._toll(system, wanted, rule)
                if toll is not None:
                    self._told(toll)
                    break
            applied = await put_rule(self._store.state, system, wanted, revision)
        if applied:
            self._known[system] = wanted
            self._told(RuleApplied(system, wanted, rule))

    async def _toll(self, system: str, wanted: Keep, rule: Keep | None) -> RuleWaits | None:
        """Return what a rule takes that the one before it does not, if that is too much."""
        store, now_us = self._store, self._clock.now_us()
        through_seq = await last_to_go(store, system, wanted, now_us)
        already_seq = await last_to_go(store, system, rule, now_us) if rule else 0
        goes = await store.count(system, through_seq)
        count = goes - await store.count(system, min(already_seq, through_seq))
        total = await store.count(system, (await store.bounds(system)).last_seq)
        if count * _ONE_OF <= total:
            return None
        newest_seq = await store.nth_last(system, total - goes + 1)
        newest = await store.read(newest_seq - 1, 1, systems={system})
        return RuleWaits(system, wanted, rule, count, total, newest[0].recorded_at_us)

    async def _trim(self, system: str, keep: Keep) -> bool:
        """Trim one system and return whether its age has to wait for a time that can be trusted."""
        now_us: int | None = self._clock.now_us()
        waits = False
        if keep.max_age_s is not None and await self._has_old(system, keep):
            span_s = min(keep.max_age_s, DAY_S)
            if not await is_confirmed(self._store, self._clock.now_us(), span_s, self._steady_s()):
                now_us, waits = None, True
        taken = Taken(system)
        try:
            await trim_to(self._store, system, keep, now_us, taken)
        finally:
            if taken.count:
                self._told(taken)
        return waits

    async def _has_old(self, system: str, keep: Keep) -> bool:
        by_age = Keep(keep.max_age_s, None, keep.min_count)
        through_seq = await last_to_go(self._store, system, by_age, self._clock.now_us())
        return 0 < (await self._store.bounds(system)).first_seq <= through_seq


async def trim_to(
    store: EventStore, system: str, keep: Keep, now_us: int | None, taken: Taken | None = None
) -> int:
    """Trim one system to its rule, in bounded steps, and return how many records were deleted.

    No `now_us`: by their number alone. `taken` counts, also when the store fails on the way.
    """
    taken = taken or Taken(system)
    through_seq = await last_to_go(store, system, keep, now_us)
    while True:
        first_seq = (await store.bounds(system)).first_seq
        if not 0 < first_seq <= through_seq:
            return taken.count
        step_seq = min(first_seq + _STEP - 1, through_seq)
        gone = await store.trim(system, step_seq)
        if not gone:
            return taken.count  # another node was quicker, or the store lags: the next round sees
        taken.count += gone
        taken.through_seq = step_seq


async def last_to_go(store: EventStore, system: str, keep: Keep, now_us: int | None) -> int:
    """Return the position through which a rule takes the records of a system; 0 = none.

    No `now_us`: by their number alone.
    """
    through_seq = 0
    if keep.max_age_s is not None and now_us is not None:
        through_seq = await store.seek(system, now_us - int(keep.max_age_s * 1e6)) - 1
    if keep.max_count is not None:
        through_seq = max(through_seq, await store.nth_last(system, keep.max_count + 1))
    if keep.min_count:
        through_seq = min(through_seq, await store.nth_last(system, keep.min_count) - 1)
    return max(through_seq, 0)
