"""A gateway on a real socket, before a real service over a log in memory, all on one loop."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.kit.clock import DayClock
from tidings.dialects import load
from tidings.gateway.server import serve
from tidings.gateway.settings import GatewaySettings
from tidings.gateway.upstream.client import Upstream
from tidings.log.event_log import EventLog
from tidings.log.limits import LogLimits
from tidings.rpc.server import Service, Views
from tidings.store.memory import MemoryStore

TEST_HOSTS = ("test", "t")  # what tests call the gateway


class Counting:
    """Hands out bytes that are the same in every run."""

    def __init__(self) -> None:
        self._next = 0

    def __call__(self, count: int) -> bytes:
        self._next += 1
        return self._next.to_bytes(count, "big")


@dataclass
class LiveService:
    """A service that can go down and come back on its address with what it had stored."""

    store: MemoryStore
    dialect_settings: dict[str, dict[str, Any]]
    address: str = "127.0.0.1:0"
    tasks: asyncio.TaskGroup | None = None
    service: Service | None = None
    log: EventLog | None = None
    token: Counting = field(default_factory=Counting)
    _running: asyncio.Task[None] | None = None

    async def start(self, tasks: asyncio.TaskGroup) -> None:
        clock = DayClock()
        dialects = load(self.dialect_settings)
        views = Views.of(dialects, clock)
        self.log = EventLog(
            self.store,
            clock=clock,
            envelope_of=views.envelope_of,
            projections=views.projections,
            limits=LogLimits(),
        )
        await self.log.open()
        self._running = tasks.create_task(self.log.run())
        self.service = Service(self.log, views, clock=clock, token=self.token)
        port = self.service.listen(self.address)
        self.address = f"127.0.0.1:{port}"
        await self.service.start()

    async def stop(self, grace_s: float = 0.2) -> None:
        assert self.service is not None
        assert self._running is not None
        await self.service.drain(grace_s)
        await self._running
        self.service = None


@dataclass
class Gateway:
    """A running gateway and how to talk to it."""

    port: int
    service: LiveService
    tasks: asyncio.TaskGroup
    shutdown: asyncio.Event
    serving: asyncio.Task[None]

    async def connect(self) -> Talk:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        return Talk(reader, writer)

    async def request(
        self, method: str, target: str, body: bytes = b"", headers: Sequence[str] = ()
    ) -> Answer:
        """Make one request on a connection of its own and return the whole answer."""
        talk = await self.connect()
        try:
            await talk.ask(method, target, body, ("Connection: close", *headers))
            return await talk.answer(with_body=method != "HEAD")
        finally:
            await talk.close()


@dataclass
class Answer:
    """One whole answer; headers in lower case, the last of equal names."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def lines(self) -> list[Any]:
        return [json.loads(line) for line in self.body.splitlines()]


class Talk:
    """One connection, spoken to in plain HTTP/1.1."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def ask(
        self, method: str, target: str, body: bytes = b"", headers: Sequence[str] = ()
    ) -> None:
        head = [f"{method} {target} HTTP/1.1", "Host: test", *headers]
        if body:
            head.append(f"Content-Length: {len(body)}")
        await self.send("\r\n".join([*head, "", ""]).encode("latin-1") + body)

    async def head(self) -> tuple[int, dict[str, str]]:
        text = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        first, *rest = text.strip().split("\r\n")
        headers = {}
        for line in rest:
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        return int(first.split()[1]), headers

    async def chunk(self) -> bytes:
        """Return the next chunk of a chunked body, b"" for the final one."""
        size = int(await self.reader.readuntil(b"\r\n"), 16)
        return (await self.reader.readexactly(size + 2))[:-2]

    async def lines(self, count: int) -> list[bytes]:
        """Return so many lines of a chunked body that has at least these, and no half ones."""
        text = b""
        while text.count(b"\n") < count:
            chunk = await self.chunk()
            assert chunk, "the body ended"
            text += chunk
        return text.splitlines()

    async def rest(self) -> bytes:
        """Return what is left of a chunked body that ends cleanly."""
        parts = []
        while part := await self.chunk():
            parts.append(part)
        return b"".join(parts)

    async def answer(self, *, with_body: bool = True) -> Answer:
        status, headers = await self.head()
        body = b""
        if not with_body:
            pass
        elif headers.get("transfer-encoding") == "chunked":
            body = await self.rest()
        else:
            body = await self.reader.readexactly(int(headers.get("content-length", "0")))
        return Answer(status, headers, body)

    async def close(self) -> None:
        self.writer.close()


def listening() -> socket.socket:
    sock = socket.socket()
    sock.bind(("127.0.0.1", 0))
    sock.listen(128)
    return sock


@asynccontextmanager
async def gateway(
    dialects: dict[str, dict[str, Any]] | None = None, **settings: Any
) -> AsyncIterator[Gateway]:
    """Lend a gateway before a service of its own; both go down in order at the end."""
    async with asyncio.TaskGroup() as tasks:
        service = LiveService(MemoryStore(clock=DayClock()), dialects or {})
        await service.start(tasks)
        async with before(service.address, tasks, service, **settings) as running:
            yield running
        if service.service is not None:
            await service.stop()
    await service.store.close()


@asynccontextmanager
async def before(
    upstream: str, tasks: asyncio.TaskGroup, service: Any, **settings: Any
) -> AsyncIterator[Gateway]:
    """Lend a gateway before whatever answers at `upstream`."""
    shutdown, ready = asyncio.Event(), asyncio.Event()
    connected = Upstream(upstream, patience_s=settings.pop("patience_s", 10.0))
    tls = settings.pop("tls", None)
    grace_s = settings.pop("grace_s", 2.0)
    made = GatewaySettings(**{"http_allow_host": TEST_HOSTS, **settings})
    with listening() as sock:
        serving = tasks.create_task(
            _serve(
                made,
                sock,
                connected,
                grace_s=grace_s,
                shutdown=shutdown,
                on_ready=ready.set,
                tls=tls,
            )
        )
        await ready.wait()
        port = sock.getsockname()[1]
        try:
            yield Gateway(port, service, tasks, shutdown, serving)
        finally:
            shutdown.set()
            await serving


async def _serve(
    settings: GatewaySettings, sock: socket.socket, upstream: Upstream, **told: Any
) -> None:
    async with upstream:
        await serve(settings, sock, upstream, **told)


def nomad_line(number: int, topic: str = "Job", namespace: str = "default", **more: Any) -> bytes:
    """Return one line as Nomad's stream writes it."""
    event = {
        "Topic": topic,
        "Type": f"{topic}Registered",
        "Key": f"key-{number}",
        "Namespace": namespace,
        "FilterKeys": None,
        "Index": number,
        "Payload": {topic: {"ID": f"key-{number}"}},
        **more,
    }
    return json.dumps({"Index": number, "Events": [event]}, separators=(",", ":")).encode() + b"\n"
