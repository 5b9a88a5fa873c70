"""How a supervisor and its children know of each other: two pipes.

The supervisor keeps the writing end of a child's *lifeline* open as long as it lives; the child
stops when it reads the end of it, also when the supervisor was killed. On the *ready* pipe a child
writes one line once it answers, and then heartbeats if they are asked for.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Callable

FAILED_TO_START = 78
"""Exit status of a child that a restart would not help: EX_CONFIG of sysexits.h."""

STORE_AWAY = 75
"""Exit status of a child whose store may be back at the next try: EX_TEMPFAIL of sysexits.h."""


_CLOSING_S = 1.0


def draining_s(grace_s: float) -> float:
    """Return the part of the grace period in which requests may end; the rest is for closing."""
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


def say_ready(write_fd: int, line: str, every_s: float | None = None) -> None:
    """Tell the supervisor that this child answers, and what it needs to know.

    With `every_s` the pipe stays open, and the running loop sends heartbeats; otherwise it
    is closed.
    """
    loop = asyncio.get_running_loop()
    os.set_blocking(write_fd, False)

    def beat() -> None:
        with contextlib.suppress(BlockingIOError, BrokenPipeError):
            os.write(write_fd, b".")
        loop.call_later(every_s or 0.0, beat)

    with contextlib.suppress(BrokenPipeError):
        os.write(write_fd, line.encode() + b"\n")
    if every_s is None:
        os.close(write_fd)
    else:
        beat()


class Voice(asyncio.Protocol):
    """What a child says: one line when it answers, then heartbeats if it was asked for them."""

    def __init__(self) -> None:
        loop = asyncio.get_running_loop()
        self.line: asyncio.Future[str | None] = loop.create_future()
        """The line that it says when it answers; None when it ended without one."""
        self.heard_s = 0.0
        """When it last sent something, in the loop's time."""
        self._text = b""
        self._time = loop.time

    def data_received(self, data: bytes) -> None:
        """Receive data."""
        self.heard_s = self._time()
        if self.line.done():
            return
        self._text += data
        line, end, _ = self._text.partition(b"\n")
        if end:
            self.line.set_result(line.decode())

    def connection_lost(self, exc: Exception | None) -> None:
        """Note that it has closed the pipe."""
        if not self.line.done():
            self.line.set_result(None)


async def hear(read_fd: int) -> Voice:
    """Return the receiver for a child; the pipe is closed when the child has closed its end."""
    pipe = os.fdopen(read_fd, "rb", buffering=0)
    _, voice = await asyncio.get_running_loop().connect_read_pipe(Voice, pipe)
    return voice
