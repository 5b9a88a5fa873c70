"""HTTP as this house sees it: one request, one reply, and the watch for a client that leaves."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterable, MutableMapping
from dataclasses import dataclass
from typing import Any, NoReturn, TypeVar
from urllib.parse import unquote_to_bytes

from tidings.gateway.budget import Hold
from tidings.gateway.http.body_coding import Decoder
from tidings.gateway.http.direct_write import Outlet, outlet_of
from tidings.gateway.transcode.errors import BadRequest, TooLarge
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
_GONE = frozenset({"http.disconnect", "websocket.disconnect"})

# Of a body that is too large, what is still read so that the client gets to see the answer.
_READ_ON_BYTES = 1024**2
_READ_ON_S = 2.0
# For what is written of an answer that is broken off.
_CUT_S = 3.0


class ClientGone(Exception):
    """The client has closed the connection; nobody is left to answer."""


class BodySilent(Exception):
    """Nothing more of a body came for the longest silence that is allowed."""


@dataclass(slots=True)
class Request:
    """One request. `path` is the percent-decoded `raw_path`; neither holds the query.

    A handshake of a websocket is one too, until it is accepted. `receive` and `send` are ASGI's
    own, for doors that stream; `outlet` is the listener's, for what many clients get. `server` is
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
    outlet: Outlet[bytes] | None = None
    server: str = ""
    is_old: bool = False
    extra_headers: Headers = ()
    """Of every answer, whatever it is."""
    status: int = 0
    """Of the answer, once its head has gone out."""
    has_length: bool = False
    """Whether that head said how long the answer is."""
    body_ended: bool = False
    """Whether the last piece of the request's body has been taken."""
    put_back: bytes = b""
    """What was taken and is to be taken once more, as one piece."""
    peer: str = ""
    """The address of the client's machine."""
    hold: Hold | None = None
    """What counts the bytes that are held for it."""
    unread_s: float = 60.0
    """How long a large answer may be left unread."""
    decoder: Decoder | None = None
    """Of a body that comes compressed."""
    ends_at_s: float | None = None
    """When the client wants it to be over, in the loop's time."""
    timer: asyncio.Timeout | None = None
    """What cancels it then, unless it is moved."""

    @classmethod
    def of(cls, scope: Event, receive: Receive, send: Send) -> Request:
        """Return the request of an ASGI scope; a websocket's has no method, and is a GET."""
        raw_path: bytes = scope["raw_path"]
        headers = tuple(scope["headers"])
        path = unquote_to_bytes(raw_path)
        query, scheme = scope["query_string"], scope.get("scheme", "http")
        method = scope.get("method", "GET")
        outlet = outlet_of(scope) if scope["type"] == "http" else None
        request = cls(method, raw_path, path, query, headers, scheme, receive, send, outlet)
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

    @property
    def started(self) -> bool:
        """Whether the head of the answer has gone out."""
        return self.status != 0

    def move_timer(self, by_s: float) -> None:
        """Have what ends the client's time come later, for whoever ends in time by himself."""
        if self.timer is not None and self.ends_at_s is not None:
            self.timer.reschedule(self.ends_at_s + by_s)

    async def reply(self, reply: Reply) -> None:
        """Send a whole answer with its length; a large one in pieces, as fast as it is read.

        Raises:
            Busy: there is no room for a large one; nothing is sent.
            ClientGone: the client did not read it, and is cut off.
        """
        self.has_length = True
        # RFC 9110 8.6: a 204 has no length, not even 0
        length = () if reply.status == 204 else ((b"content-length", b"%d" % len(reply.body)),)
        is_small = len(reply.body) <= _PIECE_BYTES
        if self.hold is not None and not is_small:
            await self.hold.keep(reply.body)
        await self.start(reply.status, (*reply.headers, *length))
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

    async def write(self, chunk: bytes) -> None:
        """Send a piece of a body, one chunk. Waits while the client does not read."""
        if self.outlet is not None:
            await self.outlet.writable()
            if self.outlet.offer(chunk):
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
        """Break the answer off where it is: the client knows that it is not whole.

        What is written already goes out before, unless it is to end `at_once`.
        """
        if self.outlet is None:
            raise ClientGone
        self.outlet.cut(at_once=at_once)
        try:
            async with asyncio.timeout(_CUT_S):
                await self._until_gone()
        except TimeoutError:
            self.outlet.cut(at_once=True)
            await self._until_gone()

    async def _until_gone(self) -> None:
        while (await self.receive())["type"] not in _GONE:
            pass

    async def chunk(self, silence_s: float) -> bytes | None:
        """Return the next piece of the request's body, decoded, None after the last.

        Raises:
            BodySilent: none came within `silence_s`.
            ClientGone: the client left before the end.
            BadRequest: it is not encoded as it says.
        """
        if self.put_back:
            piece, self.put_back = self.put_back, b""
            return piece
        if self.decoder is None:
            return await self._piece(silence_s)
        while not (piece := self.decoder.take()):
            data = await self._piece(silence_s)
            if data is None:
                self.decoder.end()
                return None
            self.decoder.feed(data)
        await asyncio.sleep(0)  # a little that came may become much
        return piece

    async def _piece(self, silence_s: float) -> bytes | None:
        if self.body_ended:
            return None
        try:
            async with asyncio.timeout(silence_s):
                event = await self.receive()
        except TimeoutError:
            raise BodySilent from None
        if event["type"] in _GONE:
            raise ClientGone
        self.body_ended = not event.get("more_body", False)
        body: bytes = event.get("body", b"")
        return None if self.body_ended and not body else body

    async def body(self, limit_bytes: int, silence_s: float) -> bytes:
        """Return the whole body.

        Raises:
            TooLarge: it is longer than `limit_bytes`, or says that it will be.
            Busy: there is no room for it.
            BodySilent, ClientGone, BadRequest: as `chunk`.
        """
        announced = self.header(b"content-length")
        if announced is not None and announced.isdecimal() and int(announced) > limit_bytes:
            await self._read_on(silence_s)
            raise TooLarge("the body", limit_bytes)
        parts: list[bytes] = []
        size_bytes = 0
        while (part := await self.chunk(silence_s)) is not None:
            size_bytes += len(part)
            if size_bytes > limit_bytes:
                await self._read_on(silence_s)
                raise TooLarge("the body", limit_bytes)
            if self.hold is not None:
                await self.hold.resize(size_bytes)
            parts.append(part)
        return b"".join(parts)

    async def _read_on(self, silence_s: float) -> None:
        """Read and drop a little more, since an answer that meets unread data may be lost.

        Not from a client that waits for "100 Continue": it sends nothing before that.
        """
        if self.header(b"expect") is not None:
            return
        left_bytes = _READ_ON_BYTES
        try:
            async with asyncio.timeout(_READ_ON_S):
                while left_bytes > 0 and (part := await self.chunk(silence_s)) is not None:
                    left_bytes -= len(part)
        except (TimeoutError, BodySilent, BadRequest):
            return


async def while_connected(request: Request, work: Coroutine[Any, Any, T]) -> T | None:
    """Return what the work returns; None when the client leaves, which cancels it at once."""
    outcome: T | None = None
    try:
        async with asyncio.TaskGroup() as tasks:
            watching = tasks.create_task(_until_gone(request.receive))
            outcome = await work
            watching.cancel()
    except* ClientGone:
        pass
    return outcome


async def _until_gone(receive: Receive) -> NoReturn:
    while (await receive())["type"] not in _GONE:
        pass  # what a client sends while it is answered means nothing to any door
    raise ClientGone


def text_reply(status: int, text: str, *headers: tuple[bytes, bytes]) -> Reply:
    """Return an answer of bare text, as Go's `http.Error` types it; no type where it is empty."""
    body = text.encode("utf-8", "surrogateescape")
    return Reply(status, (*((TEXT_TYPE,) if body else ()), *headers), body)
