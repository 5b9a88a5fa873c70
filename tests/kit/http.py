"""A gateway over a service, both on one loop beside the test, and a client that sees every byte."""

from __future__ import annotations

import asyncio
import select
import socket
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from typing import Any, Self

from tests.patience import PATIENCE_S
from tests.rpc.serving import LoopServer
from tidings.gateway.server import serve
from tidings.gateway.settings import GatewaySettings
from tidings.gateway.upstream.client import Upstream

# After this without taking a byte the other side has stopped reading.
_BLOCKED_S = PATIENCE_S / 40


@dataclass
class Answer:
    """One answer: headers with lower-case names, without Date; `chunks` of a chunked body."""

    status: int
    reason: str
    headers: dict[str, str]
    body: bytes = b""
    chunks: list[bytes] = field(default_factory=list)


class Connection:
    """One connection. Whoever made it closes it."""

    def __init__(self, port: int, receive_bytes: int | None = None) -> None:
        self._socket = socket.socket()
        self._socket.settimeout(PATIENCE_S)
        if receive_bytes is not None:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
        self._socket.connect(("127.0.0.1", port))
        self._file = self._socket.makefile("rb")

    def close(self) -> None:
        self._file.close()
        self._socket.close()

    def send(self, data: bytes) -> Self:
        self._socket.sendall(data)
        return self

    def head(self) -> Answer:
        """Read the head of an answer."""
        _, status, reason = self._line().split(" ", 2)
        headers: dict[str, str] = {}
        while line := self._line():
            name, _, value = line.partition(": ")
            assert name.lower() not in headers, f"{name} twice"
            headers[name.lower()] = value
        for changing in ("date", "x-request-id"):
            headers.pop(changing, None)
        return Answer(int(status), reason, headers)

    def chunk(self) -> bytes:
        """Read one chunk, b"" for the final one."""
        size_bytes = int(self._line(), 16)
        data = self._file.read(size_bytes)
        assert self._file.read(2) == b"\r\n"
        return data

    def line(self) -> bytes:
        """Read chunks that make one line, and return it with its newline."""
        text = b""
        while not text.endswith(b"\n"):
            piece = self.chunk()
            assert piece, text
            text += piece
        assert text.count(b"\n") == 1, text
        return text

    def lines(self, count: int) -> list[bytes]:
        """Read chunks that make this many lines, however they are cut."""
        text = b""
        while text.count(b"\n") < count:
            piece = self.chunk()
            assert piece, text
            text += piece
        assert text[-1:] in (b"", b"\n"), text
        return text.splitlines(keepends=True)

    def answer(self, method: str = "GET") -> Answer:
        """Read a whole answer."""
        answer = self.head()
        if method == "HEAD" or answer.status in (204, 304):
            return answer
        if answer.headers.get("transfer-encoding") == "chunked":
            while chunk := self.chunk():
                answer.chunks.append(chunk)
            answer.body = b"".join(answer.chunks)
        else:
            answer.body = self.read(int(answer.headers["content-length"]))
        return answer

    def read(self, size_bytes: int) -> bytes:
        data = self._file.read(size_bytes)
        assert len(data) == size_bytes, data
        return data

    def has_data(self) -> bool:
        """Say whether something has come that nobody has read."""
        return bool(select.select([self._socket], [], [], 0)[0])

    def blocks_when_sent(self, data: bytes, at_most_bytes: int) -> bool:
        """Send the same again and again; say whether the other side stops taking it."""
        self._socket.settimeout(_BLOCKED_S)
        try:
            for _ in range(at_most_bytes // len(data)):
                self._socket.sendall(data)
        except TimeoutError:
            return True
        return False

    def rest(self) -> bytes:
        """Read until the other side closes."""
        return self._file.read()

    def _line(self) -> str:
        line = self._file.readline()
        assert line.endswith(b"\r\n"), line
        return line[:-2].decode("latin-1")


@dataclass(frozen=True)
class Http:
    """A gateway's HTTP side. `stop` tells it to go down."""

    port: int
    loop: LoopServer
    shutdown: asyncio.Event

    @contextmanager
    def connection(self, receive_bytes: int | None = None) -> Iterator[Connection]:
        """Lend a connection; `receive_bytes` bounds what the machine takes before it is read."""
        with closing(Connection(self.port, receive_bytes)) as connection:
            yield connection

    @contextmanager
    def open(
        self, target: str, *headers: str, method: str = "GET", body: bytes = b""
    ) -> Iterator[Connection]:
        """Send a request and lend the connection, of which nothing has been read."""
        with self.connection() as connection:
            yield connection.send(request_bytes(method, target, headers, body))

    def ask(self, method: str, target: str, *headers: str, body: bytes = b"") -> Answer:
        """Return the whole answer to a request."""
        with self.open(target, *headers, method=method, body=body) as connection:
            return connection.answer(method)

    def stop(self) -> None:
        self.loop.call(self.shutdown.set)


def request_bytes(method: str, target: str, headers: Sequence[str], body: bytes) -> bytes:
    """Return a request; with a body its length is added unless the headers say how it comes."""
    head = [f"{method} {target} HTTP/1.1", "Host: tidings", *headers]
    framed = any(header.lower().startswith("transfer-encoding") for header in headers)
    if body and not framed:
        head.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*head, "", ""]).encode("latin-1") + body


@contextmanager
def gateway(loop: LoopServer, upstream: str, **settings: Any) -> Iterator[Http]:
    """Run a gateway on this loop over the service at `upstream`; down again at the end."""
    patience_s = settings.pop("patience_s", PATIENCE_S)
    host = settings.pop("host", "")
    made = GatewaySettings(**{"http_allow_host": ("tidings",), **settings})
    with socket.create_server(("127.0.0.1", 0)) as listening:
        running, shutdown = loop.run(_start(listening, made, upstream, host, patience_s))
        try:
            yield Http(listening.getsockname()[1], loop, shutdown)
        finally:
            loop.run(_stop(running, shutdown))


async def _start(
    listening: socket.socket, settings: GatewaySettings, target: str, host: str, patience_s: float
) -> tuple[asyncio.Task[None], asyncio.Event]:
    shutdown, is_ready = asyncio.Event(), asyncio.Event()

    async def run() -> None:
        async with Upstream(target, patience_s=patience_s) as upstream:
            await serve(
                settings,
                listening,
                upstream,
                host=host,
                grace_s=1.0,
                shutdown=shutdown,
                on_ready=is_ready.set,
            )

    running = asyncio.create_task(run())
    await is_ready.wait()
    return running, shutdown


async def _stop(running: asyncio.Task[None], shutdown: asyncio.Event) -> None:
    shutdown.set()
    await running
