"""A link to a system, on which each connection has the fault that is next, and then none."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Self

from tests.kit.loop import at_once, becomes

_PIECE_BYTES = 16 * 1024
_SLOW_BYTES = 11


@dataclass(frozen=True)
class Fault:
    """What goes wrong: the answer is another one, or `after` so many bytes of it comes its end.

    `is_silent`: nothing more comes instead. `is_slow`: those before come few by few.
    """

    instead: bytes = b""
    after: int = 0
    is_silent: bool = False
    is_slow: bool = False


@dataclass
class FaultyLink:
    """Passes connections on to a port of this machine. `left` are the faults to come."""

    port: int
    address: str = ""
    left: list[Fault] = field(default_factory=list)
    _open: set[asyncio.Task[None]] = field(default_factory=set)

    def fail(self, faults: Sequence[Fault]) -> None:
        """Have these faults on the next connections; those that are open end."""
        self.left += faults
        for task in self._open:
            task.cancel()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Self]:
        """Take connections at `address`."""
        server = await asyncio.start_server(self._take, "127.0.0.1", 0)
        try:
            self.address = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
            yield self
        finally:
            server.close()
            for task in self._open:
                task.cancel()
            await becomes(lambda: not self._open)

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        this = asyncio.current_task()
        assert this is not None
        self._open.add(this)
        try:
            with contextlib.suppress(OSError, asyncio.CancelledError):
                await self._pass(reader, writer)
        finally:
            writer.transport.abort()
            self._open.discard(this)

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked = await reader.read(_PIECE_BYTES)
        if not asked:
            return
        fault = self.left.pop(0) if self.left else None
        if fault is not None and fault.instead:
            writer.write(fault.instead)
            await writer.drain()
            writer.close()
            await writer.wait_closed()
            return
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.port)
        far_writer.write(asked)
        both = {
            asyncio.create_task(_pump(reader, far_writer)),
            asyncio.create_task(_answer(far_reader, writer, fault)),
        }
        try:
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        finally:
            far_writer.transport.abort()
            for task in both:
                task.cancel()
            await asyncio.gather(*both, return_exceptions=True)


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while piece := await reader.read(_PIECE_BYTES):
        writer.write(piece)
        await writer.drain()


async def _answer(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, fault: Fault | None
) -> None:
    if fault is None:
        await _pump(reader, writer)
        return
    left = fault.after
    while left and (piece := await reader.read(min(left, _SLOW_BYTES if fault.is_slow else left))):
        left -= len(piece)
        writer.write(piece)
        await writer.drain()
        if fault.is_slow:
            await at_once(0)
    if fault.is_silent:
        await asyncio.Event().wait()
