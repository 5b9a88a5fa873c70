"""A loop on which time jumps: an hour of silence takes no time, and is the same each time."""

from __future__ import annotations

import asyncio
import selectors
import types
from collections.abc import Callable, Coroutine, Generator
from functools import wraps
from typing import Any, ParamSpec, TypeVar

Given = ParamSpec("Given")
T = TypeVar("T")
STUCK_S = 3600.0


class _JumpingSelector(selectors.DefaultSelector):
    """Never waits for a timer: time jumps to it as soon as nothing else is left to do."""

    passed_s = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready: list[tuple[selectors.SelectorKey, int]] = super().select(
            timeout if timeout is None else 0
        )
        if not ready and timeout:
            self.passed_s += timeout
        return ready


class JumpingLoop(asyncio.SelectorEventLoop):
    """A loop on which a second of silence takes no time; nothing in it may wait for a thread."""

    def __init__(self) -> None:
        self._jumping = _JumpingSelector()
        super().__init__(self._jumping)

    def time(self) -> float:
        return self._jumping.passed_s


def runner(*, debug: bool) -> asyncio.Runner:
    return asyncio.Runner(debug=debug, loop_factory=JumpingLoop)


def run(main: Coroutine[Any, Any, T]) -> T:
    """Run a test's coroutine; whoever waits in vain gets a TimeoutError at once."""

    async def bounded() -> T:
        async with asyncio.timeout(STUCK_S):
            result = await main
        await turns(3)
        left = asyncio.all_tasks() - {asyncio.current_task()}
        assert not left, f"tasks left running: {left}"
        return result

    with runner(debug=True) as running:
        return running.run(bounded())


def scenario(test: Callable[Given, Coroutine[Any, Any, None]]) -> Callable[Given, None]:
    """Make a coroutine function a test, run by `run`."""

    @wraps(test)
    def on_its_loop(*args: Given.args, **kwargs: Given.kwargs) -> None:
        run(test(*args, **kwargs))

    return on_its_loop


@types.coroutine
def turns(count: int = 1) -> Generator[None, None, None]:
    """Let every other task have `count` turns."""
    for _ in range(count):
        yield


async def passes(span_s: float) -> None:
    """Return once so much time has passed on a loop on which it jumps."""
    passed = asyncio.Event()
    asyncio.get_running_loop().call_later(span_s, passed.set)
    await passed.wait()


async def until(condition: Callable[[], bool]) -> None:
    """Let the others go on until it is so."""
    for _ in range(10_000):
        if condition():
            return
        await turns()
    raise AssertionError("it never came to be")


async def at_every_await(attempt: Callable[[], Coroutine[Any, Any, T]]) -> list[T | None]:
    """Run `attempt` again and again, cancelled after its first turn, its second, ... until it ends
    by itself.

    Returns what each gave: None where it was cancelled.
    """
    results: list[T | None] = []
    for count in range(200):
        task = asyncio.create_task(attempt())
        await turns(count)
        ended = task.done()
        task.cancel()
        try:
            results.append(await task)
        except asyncio.CancelledError:
            results.append(None)
        if ended:
            return results
    raise AssertionError("it never ended")
