"""Running one coroutine as a test: bounded, in debug mode, with nothing left running."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from tests.patience import PATIENCE_S

Result = TypeVar("Result")

# A cancelled task needs a turn or two of the loop to end; what still runs after this was forgotten.
_WIND_DOWN_S = 1.0


def run_async(main: Coroutine[Any, Any, Result], *, within_s: float = PATIENCE_S) -> Result:
    """Run `main` on a loop of its own and return its result.

    Raises:
        TimeoutError: it took longer than `within_s` seconds.
        AssertionError: it left tasks behind.
    """
    return asyncio.run(_bounded(main, within_s), debug=True)


async def becomes(said: Callable[[], bool]) -> None:
    """Return when it is so; the loop goes on meanwhile."""
    while not said():
        await asyncio.to_thread(os.sched_yield)


async def _bounded(main: Coroutine[Any, Any, Result], within_s: float) -> Result:
    async with asyncio.timeout(within_s):
        result = await main
    if others := asyncio.all_tasks() - {asyncio.current_task()}:
        _, leaked = await asyncio.wait(others, timeout=_WIND_DOWN_S)
        assert not leaked, f"tasks left running: {leaked}"
    return result
