"""What is kept of each system, for how long, and the task that sees to it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from tidings.core.clock import Clock
from tidings.core.errors import LogClosed, StoreUnavailable
from tidings.store.base import EventStore

# Positions that one trim may cover: a commit waits for a few milliseconds of deleting, not for a
# backlog.
_STEP = 1_000


@dataclass(frozen=True, slots=True)
class Keep:
    """What is kept of one system: nothing older and no more than this. None = no such bound.

    The newest `min_count` records are kept whatever the other two say: what the system's own API
    shows.
    """

    max_age_s: float | None = 30 * 86_400.0
    max_count: int | None = 1_000_000
    min_count: int = 1


async def keep_within(
    store: EventStore,
    rules: Mapping[str, Keep],
    *,
    clock: Clock,
    every_s: float = 60.0,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> None:
    """Trim each system to its rule, now and then every so many seconds, until the store is closed.

    A store that fails is asked again the next time. Cancelling is safe.
    """
    while True:
        for system, keep in rules.items():
            try:
                await trim_to(store, system, keep, clock.now_us())
            except StoreUnavailable:
                break
            except LogClosed:
                return
        await sleep(every_s)


async def trim_to(store: EventStore, system: str, keep: Keep, now_us: int) -> int:
    """Trim one system to its rule, in bounded steps, and return how many records were deleted."""
    through_seq = await _last_to_go(store, system, keep, now_us)
    deleted = 0
    while True:
        first_seq = (await store.bounds(system)).first_seq
        if not 0 < first_seq <= through_seq:
            return deleted
        gone = await store.trim(system, min(first_seq + _STEP - 1, through_seq))
        if not gone:
            return deleted  # another node was quicker, or the store lags: the next round sees
        deleted += gone


async def _last_to_go(store: EventStore, system: str, keep: Keep, now_us: int) -> int:
    through_seq = 0
    if keep.max_age_s is not None:
        through_seq = await store.seek(system, now_us - int(keep.max_age_s * 1e6)) - 1
    if keep.max_count is not None:
        through_seq = max(through_seq, await store.nth_last(system, keep.max_count + 1))
    if keep.min_count:
        through_seq = min(through_seq, await store.nth_last(system, keep.min_count) - 1)
    return through_seq
