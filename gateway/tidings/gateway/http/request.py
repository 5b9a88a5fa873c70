"""HTTP as doors see it: one request, one reply, and the watch for a client that leaves."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterable, MutableMapping
from dataclasses import dataclass, field
from typing import Any, NoReturn, TypeVar
from urllib.parse import unquote_to_bytes

from tidings.gateway.budget import Hold
from tidings.gateway.http.body_coding import Decoder
from tidings.gateway.http.direct_write import DirectWriter, direct_writer_of
from tidings.gateway.transcode.render import Reply

Event = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Event]]
Send = Callable[[Event], Awaitable[None]]
Headers = tuple[tuple[bytes, bytes], ...]
T = TypeVar("T")

TEXT_TYPE = (b"content-type", b"text/plain; charset=utf-8")
JSON_TYPE = (b"content-type", b"application/json")

# Of a large answer, which a client takes as it reads.
_PIECE_BYTES = 64 * 1024
GONE = frozenset({"http.disconnect", "websocket.disconnect"})

# For the rest of an aborted answer.
_CUT_S = 3.0


class ClientGone(Exception):
    """The client has closed the connection; there is no one to answer."""


@dataclass(slots=True)
class Request:
    """One request. `path` is the percent-decoded `raw_path`; neither holds the query.

    A handshake of a websocket is one too, until it is accepted. `receive` and `send` are ASGI's
    own, for doors that stream; `writer` is the listener's direct writer, for fan-out. `server` is
    the address that it came to, `is_old` says that it is one of HTTP/1.0.
    """

    method: str
    raw_path: bytes
    path: bytes
    query: bytes
    headers: Headers
    scheme: str
    receive: Receive
    send: Send
    writer: DirectWriter[bytes] | None = None
    streaming: DirectWriter[Any] | None = None
    """The same, or a websocket's, for how much it wrote."""
    server: str = ""
    is_old: bool = False
    request_id: str = ""
    """What names it in log lines, here and in the service."""
    extra_headers: Headers = ()
    """Of every answer, whatever it is."""
    status: int = 0
    """Of the answer, once its head has gone out."""
    own_bytes: int = 0
    """Of its body, without what a stream wrote for it."""
    has_length: bool = False
    """Whether that head said how long the answer is."""
    body_ended: bool = False
    """Whether the last piece of the request's body has been taken."""
    peer: str = ""
    """The address of the client's machine, behind proxies that are trusted."""
    logged: dict[str, object] = field(default_factory=dict)
    """What its door adds to its line in the access log."""
    on_stream: Callable[[], None] | None = None
    """What is called when an answer without a length has begun."""
    hold: Hold | None = None
    """What counts the bytes that are held for it."""
    unread_s: float = 60.0
    """How long a large answer may stay unread."""
    decoder: Decoder | None = None
    """Of a body that comes compressed."""
    ends_at_s: float | None = None
    """The client's deadline, in the loop's time."""
    timer: asyncio.Timeout | None = None
    """Cancels it at that time, unless moved."""

    @classmethod
    def of(cls, scope: Event, receive: Receive, send: Send) -> Request:
        """Return the request of an ASGI scope; a websocket's has no method, and is a GET."""
        raw_path: bytes = scope["raw_path"]
        headers = tuple(scope["headers"])
        path = unquote_to_bytes(raw_path)
        query, scheme = scope["query_string"], scope.get("scheme", "http")
        method = scope.get("method", "GET")
        streaming = direct_writer_of(scope)
        writer = streaming if scope["type"] == "http" else None
        request = cls(method, raw_path, path, query, headers, scheme, receive, send, writer)
        request.streaming = streaming
        request.peer = (scope.get("client") or ("",))[0]
        request.server = (scope.get("server") or ("",))[0]
        request.is_old = scope.get("http_version") == "1.0"
        return request

    def header(self, name: bytes) -> str | None:
        """Return the first header of a lower-case name, None when there is none."""
        for key, value in self.headers:
            if key == name:
                return value.decode("latin-1")
        return None

    def list_header(self, name: bytes) -> str:
        """Return a header that is a list, "" when there is none.

        Its lines are one list. Source: RFC 9110 section 5.3.
        """
        return b",".join(value for key, value in self.headers if key == name).decode("latin-1")

    @property
    def sent_bytes(self) -> int:
        """How much of a body was written, before it is cut into chunks or frames."""
        return self.own_bytes + (self.streaming.streamed_bytes if self.streaming else 0)

    @property
    def started(self) -> bool:
        """Whether the head of the answer has gone out."""
        return self.status != 0

    def move_timer(self, by_s: float) -> None:
        """Move the deadline that cancels the request, for a handler that ends in time by itself."""
        if self.timer is not None and self.ends_at_s is not None:
            self.timer.reschedule(self.ends_at_s + by_s)

    async def reply(self, reply: Reply) -> None:
        """Send a whole answer with its length; a large one in pieces, as fast as the client reads.

        Raises:
            Busy: there is no room for a large one; nothing is sent.
            ClientGone: the client did not read it, and is cut off.
        """
        self.has_length = True
        # RFC 9110 8.6: a 204 has no length, not even 0; that of a 304 would be its page's
        has_none = reply.status in (204, 304)
        length = () if has_none else ((b"content-length", b"%d" % len(reply.body)),)
        is_small = len(reply.body) <= _PIECE_BYTES
        if self.hold is not None and not is_small:
            await self.hold.keep(reply.body)
        await self.start(reply.status, (*reply.headers, *length))
        self.own_bytes += len(reply.body)
        if self.hold is None or is_small:
            await self.send({"type": "http.response.body", "body": reply.body})
            return
        for at in range(0, len(reply.body), _PIECE_BYTES):
            piece = reply.body[at : at + _PIECE_BYTES]
            has_more = at + _PIECE_BYTES < len(reply.body)
            await self._send_patiently(self.hold, piece, has_more=has_more)

    async def _send_patiently(self, hold: Hold, piece: bytes, *, has_more: bool) -> None:
        """Send a piece of an answer to a client that has read most of what came before it."""
        try:
            async with hold.patience(self.unread_s):
                await self.send(
                    {"type": "http.response.body", "body": piece, "more_body": has_more}
                )
        except TimeoutError:
            await self.cut(at_once=True)
            raise ClientGone from None

    async def start(self, status: int, headers: Iterable[tuple[bytes, bytes]]) -> None:
        """Send the head of an answer; without a content-length header its body is chunked."""
        self.status = status
        headers = (*headers, *self.extra_headers)
        await self.send({"type": "http.response.start", "status": status, "headers": headers})
        if self.on_stream is not None and not self.has_length:
            self.on_stream()

    async def write(self, chunk: bytes) -> None:
        """Send a piece of a body, one chunk. Waits while the client does not read."""
        if self.writer is not None:
            await self.writer.writable()
        self.own_bytes += len(chunk)
        if self.writer is not None and self.writer.offer(chunk):
            return
        await self.send({"type": "http.response.body", "body": chunk, "more_body": True})

    async def end_soon(self) -> None:
        """End a chunked body cleanly, or cut it off if its client leaves it unread.

        Raises:
            ClientGone: it was cut off.
        """
        try:
            async with asyncio.timeout(self.unread_s):
                await self.end()
        except TimeoutError:
            await self.cut(at_once=True)
            raise ClientGone from None

    async def end(self) -> None:
        """End a chunked body cleanly."""
        await self.send({"type": "http.response.body", "body": b"", "more_body": False})

    async def cut(self, *, at_once: bool = False) -> None:
        """Abort the answer: the client sees that it is incomplete.

        What was written before is still sent, unless it ends `at_once`.
        """
        if self.writer is None:
            raise ClientGone
        self.writer.cut(at_once=at_once)
        try:
            async with asyncio.timeout(_CUT_S):
                await until_gone(self.receive)
        except TimeoutError:
            self.writer.cut(at_once=True)
            await until_gone(self.receive)


async def while_connected(request: Request, work: Coroutine[Any, Any, T]) -> T | None:
    """Return what the work returns; None when the client leaves, which cancels it at once."""
    outcome: T | None = None
    try:
        async with asyncio.TaskGroup() as tasks:
            watching = tasks.create_task(_watch(request.receive))
            outcome = await work
            watching.cancel()
    except* ClientGone:
        pass
    return outcome


async def _watch(receive: Receive) -> NoReturn:
    await until_gone(receive)
    raise ClientGone


async def until_gone(receive: Receive) -> None:
    """Wait until the client has left; what it sends meanwhile is ignored."""
    while (await receive())["type"] not in GONE:
        pass


def text_reply(status: int, text: str, *headers: tuple[bytes, bytes]) -> Reply:
    """Return an answer of bare text, as Go's `http.Error` types it; no type where it is empty."""
    body = text.encode("utf-8", "surrogateescape")
    return Reply(status, (*((TEXT_TYPE,) if body else ()), *headers), body)
