"""How a supervisor and its children know of each other: two pipes.

The supervisor keeps the writing end of a child's *lifeline* open as long as it lives; the child
stops when it reads the end of it, also when the supervisor was killed. On the *ready* pipe a child
writes one line once it answers.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Callable

FAILED_TO_START = 78
"""Exit status of a child that no restart would cure: EX_CONFIG of sysexits.h."""


_CLOSING_S = 1.0


def draining_s(grace_s: float) -> float:
    """Return what of the grace period is for requests to end; the rest is for closing."""
    return grace_s - min(_CLOSING_S, grace_s / 4)


def watch_lifeline(read_fd: int, on_end: Callable[[], None]) -> None:
    """Call `on_end` once, from the running loop, when the supervisor is gone."""
    loop = asyncio.get_running_loop()
    os.set_blocking(read_fd, False)

    def readable() -> None:
        with contextlib.suppress(BlockingIOError):
            if not os.read(read_fd, 64):
                loop.remove_reader(read_fd)
                on_end()

    loop.add_reader(read_fd, readable)


def say_ready(write_fd: int, line: str) -> None:
    """Tell the supervisor that this child answers, and what it needs to know; closes the pipe."""
    with contextlib.suppress(BrokenPipeError), os.fdopen(write_fd, "w", encoding="utf-8") as pipe:
        pipe.write(line + "\n")


async def hear_ready(read_fd: int) -> str | None:
    """Return the line that a child says when it answers, or None when it ended without one."""
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    transport, _ = await loop.connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(read_fd, "rb", buffering=0)
    )
    try:
        line = await reader.readline()
    finally:
        transport.close()
    return line.decode("utf-8").removesuffix("\n") if line else None
