"""Bytes from a file, a pipe or a terminal, without a thread that an interrupt would wait for."""

from __future__ import annotations

import asyncio
import os
import stat
from types import TracebackType
from typing import Self

from tidings.app.terminal import CommandFailed

_CHUNK_BYTES = 64 * 1024
_STDIN = 0


class Input:
    """What is published, in chunks. `async with` opens and closes it; "-" = standard input.

    Cancelling `chunk` leaves what was not read unread.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._fd = -1
        self._may_wait = False
        self.size_bytes: int | None = None
        """Of a file that has one."""
        self.read_bytes = 0

    async def __aenter__(self) -> Self:
        """Open it.

        Raises:
            CommandFailed: it cannot be read.
        """
        try:
            # a pipe with a name would wait here for a writer, and an interrupt would not end it
            flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK
            self._fd = os.dup(_STDIN) if self._name == "-" else os.open(self._name, flags)
        except OSError as error:
            raise CommandFailed(f"{self._name}: {error.strerror}") from None
        found = os.fstat(self._fd)
        self._may_wait = not stat.S_ISREG(found.st_mode)
        if not self._may_wait:
            self.size_bytes = found.st_size
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, at: TracebackType | None
    ) -> None:
        os.close(self._fd)

    @property
    def is_file(self) -> bool:
        """Whether it is an ordinary file, with an end that is known."""
        return self.size_bytes is not None

    async def chunk(self) -> bytes:
        """Return the next bytes, b"" at the end.

        Raises:
            CommandFailed: it cannot be read.
        """
        found: bytes | None = None
        while found is None:
            if self._may_wait:
                await self._readable()
            try:
                found = os.read(self._fd, _CHUNK_BYTES)
            except BlockingIOError:  # somebody else read it
                continue
            except OSError as error:
                raise CommandFailed(f"{self._name}: {error.strerror}") from None
        self.read_bytes += len(found)
        return found

    async def _readable(self) -> None:
        loop = asyncio.get_running_loop()
        is_readable = asyncio.Event()
        try:
            loop.add_reader(self._fd, is_readable.set)
        except PermissionError:  # epoll takes nothing that is always readable, as /dev/null is
            self._may_wait = False
            return
        try:
            await is_readable.wait()
        finally:
            loop.remove_reader(self._fd)
