"""The rules of retention, the log's own memory of them, and what retention has to tell."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

from tidings.core.errors import StateConflict
from tidings.core.record import StateEntry
from tidings.store.base import RETENTION, StateStore


@dataclass(frozen=True, slots=True)
class Keep:
    """What is kept of one system: nothing older and no more than this. None = no such bound.

    The newest `min_count` records are kept whatever the other two say: what the system's own API
    shows.
    """

    max_age_s: float | None = 30 * 86_400.0
    max_count: int | None = 1_000_000
    min_count: int = 1

    def is_stricter_than(self, other: Keep) -> bool:
        """Say whether this may take what the other keeps."""
        return (
            _is_less(self.max_age_s, other.max_age_s)
            or _is_less(self.max_count, other.max_count)
            or self.min_count < other.min_count
        )


def _is_less(bound: float | None, other: float | None) -> bool:
    return bound is not None and (other is None or bound < other)


@dataclass(slots=True)
class Taken:
    """So many records of a system were deleted, all of them up to `through_seq`."""

    system: str
    count: int = 0
    through_seq: int = 0


@dataclass(frozen=True, slots=True)
class RuleApplied:
    """The rule that this process was started with is the log's from here on."""

    system: str
    rule: Keep
    before: Keep | None


@dataclass(frozen=True, slots=True)
class RuleWaits:
    """The wanted rule would take `count` more of `total` records, up to `through_us`: it waits.

    Until a start applies it, `rule` holds; None = nothing is taken.
    """

    system: str
    wanted: Keep
    rule: Keep | None
    count: int
    total: int
    through_us: int


@dataclass(frozen=True, slots=True)
class RuleChanged:
    """Another node was started with another rule, and that is the log's now."""

    system: str
    rule: Keep


@dataclass(frozen=True, slots=True)
class AgeWaits:
    """Something is too old, and nothing is taken for its age: no newer records confirm the time."""


@dataclass(frozen=True, slots=True)
class AgeTrusted:
    """The time is confirmed again."""


News = Taken | RuleApplied | RuleWaits | RuleChanged | AgeWaits | AgeTrusted


async def rules_of(state: StateStore) -> dict[str, Keep]:
    """Return the log's rule of every system that has one."""
    found = {
        entry.name.removeprefix(RETENTION): _parsed(entry) for entry in await state.list(RETENTION)
    }
    return {system: rule for system, rule in found.items() if rule is not None}


async def rule_of(state: StateStore, system: str) -> tuple[Keep | None, int]:
    """Return the log's rule of one system, if it has one, and its revision for `put_rule`."""
    held = await state.get(RETENTION + system)
    return (_parsed(held), held.revision) if held else (None, 0)


async def put_rule(state: StateStore, system: str, rule: Keep, revision: int) -> bool:
    """Make a rule the log's; False = another node was quicker with one."""
    value = json.dumps(asdict(rule)).encode()
    try:
        await state.put(RETENTION + system, value, expect_revision=revision)
    except StateConflict:
        return False
    return True


def _parsed(entry: StateEntry) -> Keep | None:
    """Return a rule; None = what is there is none of ours, so that nothing is taken by it."""
    try:
        held = json.loads(entry.value)
        age_s, count = held["max_age_s"], held["max_count"]
        return Keep(
            None if age_s is None else float(age_s),
            None if count is None else int(count),
            int(held["min_count"]),
        )
    except (ValueError, KeyError, TypeError):
        return None
