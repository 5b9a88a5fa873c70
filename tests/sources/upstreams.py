"""Servers that stand in for real systems: framing as theirs, and faults where a test wants them."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

from tests.kit.loop import becomes
from tidings.v1 import event_pb2, tidings_event_pb2


@dataclass(frozen=True)
class Asked:
    """One request."""

    method: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]


class Answer:
    """How a handler answers: whole, or head first and then chunks for as long as it wants."""

    def __init__(self, writer: asyncio.StreamWriter) -> None:
        self._writer = writer

    async def whole(self, status: int, body: bytes = b"", **headers: str) -> None:
        named = {"content-length": str(len(body)), **headers}
        lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in named.items())
        self._writer.write(f"HTTP/1.1 {status} X\r\n{lines}\r\n".encode() + body)
        await self._writer.drain()

    async def begin(self, content_type: str = "application/json") -> None:
        self._writer.write(
            f"HTTP/1.1 200 OK\r\ncontent-type: {content_type}\r\n"
            "transfer-encoding: chunked\r\n\r\n".encode()
        )
        await self._writer.drain()

    async def chunk(self, data: bytes) -> None:
        self._writer.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
        await self._writer.drain()

    async def end(self) -> None:
        self._writer.write(b"0\r\n\r\n")
        await self._writer.drain()

    def cut(self) -> None:
        self._writer.transport.abort()


Handler = Callable[[Asked, Answer], Awaitable[None]]


@asynccontextmanager
async def upstream(handler: Handler, tls: ssl.SSLContext | None = None) -> AsyncIterator[str]:
    """Serve a handler on this machine; yield the URL."""

    serving: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        this = asyncio.current_task()
        assert this is not None
        serving.add(this)
        try:
            with contextlib.suppress(OSError, asyncio.CancelledError):
                while asked := await _asked(reader):
                    await handler(asked, Answer(writer))
            writer.transport.abort()
            with contextlib.suppress(OSError):
                await writer.wait_closed()
        finally:
            serving.discard(this)

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    try:
        yield f"{'https' if tls else 'http'}://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        for task in serving:
            task.cancel()
        await becomes(lambda: not serving)


async def _asked(reader: asyncio.StreamReader) -> Asked | None:
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    except asyncio.IncompleteReadError:
        return None
    first, *rest = head.split("\r\n")
    method, target, _ = first.split(" ")
    parts = urlsplit(target)
    pairs = (line.partition(":") for line in rest if line)
    headers = {name.lower(): value.strip() for name, _, value in pairs}
    if size := int(headers.get("content-length", "0")):
        await reader.readexactly(size)
    return Asked(method, parts.path, parse_qs(parts.query, keep_blank_values=True), headers)


@dataclass
class Noted:
    """A sink that notes what it is told, as text."""

    log_id: str = "ours"
    said: list[str] = field(default_factory=list)
    drafts: list[event_pb2.Draft] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    async def connected(self) -> None:
        if "connected" not in self.said:
            self.said.append("connected")

    async def begin(self, position: str) -> None:
        self.said.append(f"begin {position}")

    async def put(self, draft: event_pb2.Draft, position: str, size_bytes: int) -> None:
        assert size_bytes > 0
        assert draft.key or [event for event in draft.events if event.id]
        self.drafts.append(draft)
        self.said.append(f"put {position}")

    async def reach(self, position: str) -> None:
        self.said.append(f"reach {position}")

    async def lost(
        self, after: str, before: str, reason: str, copied_from: Sequence[str] = ()
    ) -> None:
        del copied_from
        self.said.append(f"lost {after}..{before}: {reason}")

    async def tell(
        self, state: tidings_event_pb2.SourceState, copied_from: Sequence[str] = ()
    ) -> None:
        del copied_from
        self.said.append(f"state {state.source}: {state.connected}")

    def failed(self, reason: str = "") -> None:
        self.failures.append(reason)

    async def has_said(self, count: int) -> None:
        """Return when so much was said."""
        await becomes(lambda: len(self.said) >= count)
