"""A process that runs beside the service and whose death affects nothing else."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Callable

from tidings.app.child_process import Child
from tidings.core.backoff import Backoff

FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.5, 30.0

Warn = Callable[..., None]
"""Logs a warning: what, and named values."""


async def keep_beside(child: Child, grace_s: float, tell: Callable[[int], None]) -> None:
    """Start the process and restart it with back-off, until cancelled; `tell` when it ends.

    When cancelled, it waits for the process to end, as its owner has told it, and kills it after
    the grace period.
    """
    pauses = Backoff(FIRST_PAUSE_S, LONGEST_PAUSE_S)
    loop = asyncio.get_running_loop()
    try:
        while True:
            began_s = loop.time()
            await child.start()
            status = await child.wait()
            if loop.time() - began_s > LONGEST_PAUSE_S:
                pauses.reset()
            pause_s = pauses.next_s()
            tell(status)
            await asyncio.sleep(pause_s)
    finally:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(grace_s):
                await child.gone()
        child.signal(signal.SIGKILL)
