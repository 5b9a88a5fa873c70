"""What uvicorn's websockets lack: our close code at shutdown, and limits.

Only complete handshakes come here (`heads.is_handshake`); what a client sends later is read and
dropped, except pings and its close.
"""

from __future__ import annotations

import asyncio
import http
import logging
from secrets import token_hex
from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame, Opcode

from tidings.gateway.http.direct_write import EXTENSION, DirectWriter, Framer, HaltingProtocol, Sink
from tidings.gateway.http.limits import Limits

# The limit of unread answers to pings.
_MAX_UNREAD_BYTES = 16 * 1024**2
# How long a closed websocket waits for the client's own close frame at shutdown.
_CLOSE_S = 1.0

# The library would log whole queries, and in debug mode frames and heads with credentials.
_silent = logging.getLogger("tidings.gateway.http.websocket.library")
_silent.disabled = True


class SocketProtocol(HaltingProtocol, WebSocketsSansIOProtocol):
    """One websocket's connection. Its owner is the server; only the event loop calls it."""

    def __init__(self, *args: Any, limits: Limits, **named: Any) -> None:  # noqa: ANN401 - uvicorn's
        super().__init__(*args, **named)
        self._limits = limits
        self._pause: asyncio.TimerHandle | None = None
        self.logger = _silent
        self.conn.logger = _silent
        self.conn.debug = False

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop writing."""
        self.halt()
        if self._pause is not None:
            self._pause.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take bytes; refuse a handshake beyond the library's own limits."""
        super().data_received(data)
        if self.close_sent:
            self.halt()  # nothing may follow a close frame
        if not self.handshake_initiated and self.conn.handshake_exc is not None:
            self._reject(http.HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)

    def handle_connect(self, event: Any) -> None:  # noqa: ANN401 - the library's own
        """Begin."""
        super().handle_connect(event)
        if not self.close_sent:
            extensions: dict[str, Any] = self.scope["extensions"]
            extensions[EXTENSION] = SocketDirectWriter(self)

    def handle_ping(self) -> None:
        """Answer a ping at once, to a slow client as well; drop a client that never reads."""
        super().handle_ping()
        if self.transport.get_write_buffer_size() > _MAX_UNREAD_BYTES:
            self.transport.abort()

    def keepalive_timeout(self) -> None:
        """Drop a silent client, without waiting for it to read."""
        super().keepalive_timeout()
        self.halt()
        if self.transport.get_write_buffer_size():
            self.transport.abort()

    def shutdown(self) -> None:
        """Shut down: the door ends the stream, after what is left to send, with a code."""
        self.close_timeout = _CLOSE_S
        if self.close_sent:
            super().shutdown()

    def _reject(self, status: http.HTTPStatus) -> None:
        self.handshake_complete = True
        self.close_sent = True
        request_id = token_hex(8)
        self._limits.count("handshake", request_id=request_id)
        response = self.conn.reject(status, f"{status.value} {status.phrase}")
        response.headers["x-request-id"] = request_id
        data = response.serialize()  # the library may have ended it already

        def say() -> None:
            self.transport.write(data)
            self.transport.close()

        # Its clients reconnect at once, for ever.
        self._pause = self.loop.call_later(self._limits.socket_pause_s, say)


def _frames(texts: tuple[str, ...]) -> bytes:
    return b"".join(Frame(Opcode.TEXT, text.encode()).serialize(mask=False) for text in texts)


class SocketDirectWriter(DirectWriter[tuple[str, ...]]):
    """Writes text messages. They are whole frames, so pings and a close go between them."""

    __slots__ = ("_protocol",)

    framed = Framer(_frames)  # what a server sends is not masked

    def __init__(self, protocol: SocketProtocol) -> None:
        super().__init__(protocol)
        self._protocol = protocol

    def sink(self) -> Sink | None:
        """Return the transport."""
        protocol = self._protocol
        if (
            not protocol.handshake_complete
            or protocol.close_sent
            or not protocol.writable.is_set()
            or protocol.transport.is_closing()
        ):
            return None
        return protocol.transport

    async def writable(self) -> None:
        """Wait while the client has not read what it was sent."""
        await self._protocol.writable.wait()
