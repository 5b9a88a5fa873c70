"""Limits that uvicorn lacks, at the socket: heads in size and time, connections in number.

A refused client gets its answer and then silence: what it still sends is read and dropped for a
moment, since closing a socket with unread data would take the answer back.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from tidings.gateway.handshake import is_handshake
from tidings.gateway.metrics import Metrics
from tidings.gateway.outlet import EXTENSION, Framer, HaltingProtocol, Outlet, Sink

# How long a refused client is read from, and a new connection may still bring its one request when
# the gateway goes down.
_LINGER_S = 1.0
# Above the cap, who is still told so; beyond that connections are dropped without a word.
_TOLD_BEYOND_CAP = 256
# Requests that a client may send ahead of their answers. Browsers and curl send none.
_MAX_PIPELINED = 16

_REASONS = {
    400: "Bad Request",
    408: "Request Timeout",
    431: "Request Header Fields Too Large",
    503: "Service Unavailable",
}


@dataclass(slots=True)
class Limits:
    """The limits of one listener, who counts what they refuse, and what all connections share.

    `turned_away` are connections beyond the cap that are still open for a moment: they do not
    count, or whoever comes again at once would keep the house full.
    """

    head_bytes: int
    head_s: float
    max_connections: int
    metrics: Metrics
    turned_away: int = 0


class LimitedProtocol(HaltingProtocol, HttpToolsProtocol):
    """One connection. Its owner is the server; only the event loop calls it."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
        *,
        limits: Limits,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._limits = limits
        self._in_head = False  # of which at least a byte has come
        self._in_body = False
        self._head_bytes = 0  # of what has been parsed
        self._raw_head_bytes = 0  # of what came without completing a head
        self._has_passed_head = False  # with the data of this moment
        self._refused_with: int | None = None
        self._is_turned_away = False
        self._has_request = False  # at least one head was complete
        self._is_last = False  # the next request is the last one on this connection
        self._is_handshake = False  # the request at hand makes this connection a websocket
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for the first head, or refuse a connection too many."""
        super().connection_made(transport)
        limits = self._limits
        if len(self.connections) - limits.turned_away > limits.max_connections:
            self._is_turned_away = True
            limits.turned_away += 1
            if limits.turned_away > _TOLD_BEYOND_CAP:
                self._count("connections")
                transport.abort()
            else:
                self._refuse(503, "connections")
        else:
            self._arm(self._limits.head_s)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the timer and what is pending."""
        self.halt()
        self._disarm()
        self._limits.turned_away -= self._is_turned_away
        self.pipeline.clear()
        super().connection_lost(exc)

    def eof_received(self) -> None:
        """Close: who sends no more does not read any more either."""
        self.halt()
        super().eof_received()

    def data_received(self, data: bytes) -> None:
        """Take bytes; a head that grows too large is refused wherever it is cut."""
        if self._refused_with is not None or self.transport.is_closing():
            return
        was_in_body, self._has_passed_head = self._in_body, False
        super().data_received(data)
        if was_in_body or self._has_passed_head:
            self._raw_head_bytes = 0  # how much of the data is the next head's, nobody knows
            return
        self._raw_head_bytes += len(data)
        if self._raw_head_bytes > self._limits.head_bytes:
            self._refuse(431, "head_bytes")

    def send_400_response(self, msg: str) -> None:
        """Refuse what is not HTTP, or what one of the callbacks below has called too large."""
        del msg
        if self._head_bytes > self._limits.head_bytes:
            self._refuse(431, "head_bytes")
        else:
            self._refuse(400, "syntax")

    def on_message_begin(self) -> None:
        """Start the clock of a head."""
        super().on_message_begin()
        self._in_head = True
        self._head_bytes = 0
        if self._timer is None:
            self._arm(self._limits.head_s)

    def on_url(self, url: bytes) -> None:
        """Count and keep a piece of the target."""
        self._grow(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Count and keep one header."""
        self._grow(len(name) + len(value) + 4)  # colon, space, line end
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Hand the request on."""
        self._disarm()
        self._has_passed_head = True
        self._in_head = False
        self._in_body = True
        if len(self.pipeline) >= _MAX_PIPELINED:
            raise _TooMuch
        is_alone = not self._has_request or self.cycle.response_complete
        self._is_handshake = (
            self.parser.should_upgrade()
            and is_alone
            and is_handshake(self.parser.get_method(), self.headers)
        )
        super().on_headers_complete()
        if not self._is_handshake:
            extensions: dict[str, Any] = {EXTENSION: BodyOutlet(self, self.cycle)}
            self.scope["extensions"] = extensions
        self._has_request = True
        # the parser takes what follows an offer to upgrade for another protocol
        if not self._should_upgrade() and (self._is_last or self.parser.should_upgrade()):
            self.cycle.keep_alive = False

    def on_message_complete(self) -> None:
        """Wait for the next head, without a clock until it begins."""
        self._in_body = False
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """Keep the connection for the next request, unless this one was answered before its end."""
        if self._in_body and not self.pipeline and self.cycle.response_complete:
            self.server_state.total_requests += 1
            self._linger(200)
            return
        super().on_response_complete()

    def shutdown(self) -> None:
        """Go down: answer what has begun to arrive, close what is idle.

        A connection that is new may have its request on the way, so it gets a moment for it.
        """
        is_new = not self._has_request or self._in_head
        if is_new and self._refused_with is None:
            self._is_last = True
            self._arm(_LINGER_S)
            return
        super().shutdown()

    def _should_upgrade(self) -> bool:
        """Say whether the request is a whole handshake; any other is a request like all others."""
        return self._is_handshake and super()._should_upgrade()

    def _unsupported_upgrade_warning(self) -> None:
        """Say nothing: who offers what we do not speak gets an answer in HTTP."""

    def _grow(self, size_bytes: int) -> None:
        self._head_bytes += size_bytes
        if self._head_bytes > self._limits.head_bytes:
            raise _TooMuch

    def _arm(self, after_s: float) -> None:
        self._disarm()
        self._timer = self.loop.call_later(after_s, self._too_late)

    def _disarm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _too_late(self) -> None:
        self._timer = None
        if self._refused_with is not None or not self._in_head:
            self.transport.close()
        else:
            self._refuse(408, "head_s")

    def _count(self, limit: str) -> None:
        self._limits.metrics.refused.labels(limit=limit).inc()

    def _refuse(self, status: int, limit: str) -> None:
        """Answer with an error of the listener's own, then read no more."""
        if self._refused_with is not None:
            return
        self._count(limit)
        if self._has_request and not self.cycle.response_complete:
            self.halt()
            self.transport.close()  # in the middle of another answer there is nothing to say
            return
        reason = _REASONS[status]
        body = f"{status} {reason}"
        self.transport.write(
            f"HTTP/1.1 {status} {reason}\r\ncontent-type: text/plain; charset=utf-8\r\n"
            f"content-length: {len(body)}\r\nconnection: close\r\n\r\n{body}".encode("ascii")
        )
        self._linger(status)

    def _linger(self, status: int) -> None:
        """Say that nothing more comes, and drop what the client still sends for a moment."""
        self._refused_with = status
        self._unset_keepalive_if_required()
        if self.transport.can_write_eof() and not self.transport.is_closing():
            self.transport.write_eof()
        self.flow.resume_reading()
        self._arm(_LINGER_S)


def _chunk(piece: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(piece), piece)


class BodyOutlet(Outlet[bytes]):
    """Where a chunked body leaves. Holds what it is of for as long as the request lives."""

    __slots__ = ("_cycle", "_transport")

    framed = Framer(_chunk)

    def __init__(self, protocol: LimitedProtocol, cycle: RequestResponseCycle) -> None:
        super().__init__(protocol)
        self._transport = protocol.transport
        self._cycle = cycle

    def sink(self) -> Sink | None:
        """Return the transport, None for a body that is not chunked as well."""
        cycle = self._cycle
        if (
            not cycle.chunked_encoding
            or cycle.response_complete
            or cycle.disconnected
            or cycle.flow.write_paused
            or self._transport.is_closing()
        ):
            return None
        return self._transport

    async def writable(self) -> None:
        """Wait while the client does not read what it has got already."""
        if self._cycle.flow.write_paused and not self._cycle.disconnected:
            await self._cycle.flow.drain()


class _TooMuch(Exception):
    """Stops the parser; never leaves it."""
