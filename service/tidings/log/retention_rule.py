"""The rules of retention, where the log keeps them, and the events of retention."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

from tidings.core.errors import StateConflict
from tidings.core.record import StateEntry
from tidings.store.base import RETENTION, StateStore

WHOLE_LOG = "log"
"""The name of the rule for all systems together, in place of a system's name."""


@dataclass(frozen=True, slots=True)
class Keep:
    """What is kept of one system: nothing older and no more than this. None = no such limit.

    The newest `min_count` records are kept in any case: those that the system's own API shows.
    """

    max_age_s: float | None = None
    max_count: int | None = None
    min_count: int = 1
    max_bytes: int | None = None

    def is_stricter_than(self, other: Keep) -> bool:
        """Say whether this may delete records that the other keeps."""
        return (
            _is_less(self.max_age_s, other.max_age_s)
            or _is_less(self.max_count, other.max_count)
            or _is_less(self.max_bytes, other.max_bytes)
            or self.min_count < other.min_count
        )


def _is_less(bound: float | None, other: float | None) -> bool:
    return bound is not None and (other is None or bound < other)


@dataclass(slots=True)
class Taken:
    """`count` records of a system were deleted, all up to `through_seq`."""

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
    """The wanted rule would delete `count` more of `total` records, up to `through_us`: it waits.

    Until a start applies it, `rule` holds; None = nothing is deleted.
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
    """Records are too old, and are not deleted: no newer records confirm the time."""


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
    """Make a rule the log's; False = another node set one first."""
    value = json.dumps(asdict(rule)).encode()
    try:
        await state.put(RETENTION + system, value, expect_revision=revision)
    except StateConflict:
        return False
    return True


def _parsed(entry: StateEntry) -> Keep | None:
    """Return a rule; None = it cannot be parsed, and deletes nothing."""
    try:
        held = json.loads(entry.value)
        age_s, count = held["max_age_s"], held["max_count"]
        size_bytes = held.get("max_bytes")  # an older Tidings knows no sizes
        return Keep(
            None if age_s is None else float(age_s),
            None if count is None else int(count),
            int(held["min_count"]),
            None if size_bytes is None else int(size_bytes),
        )
    except (ValueError, KeyError, TypeError):
        return None
