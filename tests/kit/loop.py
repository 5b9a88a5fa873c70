"""Running one coroutine as a test: bounded, in debug mode, with nothing left running."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Coroutine
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from tests.patience import PATIENCE_S

Given = ParamSpec("Given")
Result = TypeVar("Result")
Test = Callable[Given, Coroutine[Any, Any, None]]

# A cancelled task needs a turn or two of the loop to end; what still runs after this was forgotten.
_WIND_DOWN_S = 1.0


def run_async(main: Coroutine[Any, Any, Result], *, within_s: float = PATIENCE_S) -> Result:
    """Run `main` on a loop of its own and return its result.

    Raises:
        TimeoutError: it took longer than `within_s` seconds.
        AssertionError: it left tasks behind.
    """
    return asyncio.run(_bounded(main, within_s), debug=True)


def scenario(test: Test[Given]) -> Callable[Given, None]:
    """Make a coroutine function a test, run by `run_async`."""
    return patient_scenario(PATIENCE_S)(test)


def patient_scenario(within_s: float) -> Callable[[Test[Given]], Callable[Given, None]]:
    """Return `scenario` for a test that may take `within_s` seconds."""

    def of(test: Test[Given]) -> Callable[Given, None]:
        @wraps(test)
        def run(*args: Given.args, **kwargs: Given.kwargs) -> None:
            run_async(test(*args, **kwargs), within_s=within_s)

        return run

    return of


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


async def at_once(pause_s: float) -> None:
    """Stand in for a pause: others have their turn, and it is over."""
    del pause_s
    await asyncio.to_thread(os.sched_yield)
