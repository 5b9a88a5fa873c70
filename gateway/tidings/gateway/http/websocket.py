"""A websocket as doors see it: a request that is refused, or accepted and written to."""

from __future__ import annotations

from dataclasses import dataclass

from tidings.gateway.http.direct_write import DirectWriter, direct_writer_of
from tidings.gateway.http.request import ClientGone, Event, Receive, Request, Send

NORMAL = 1000
GOING_AWAY = 1001
REVOKED = 1008
BROKEN = 1011
COME_AGAIN = 1013
"""Close codes. Source: RFC 6455 section 7.4.1 and its registry; 1013 is "try again later"."""

_ACCEPTED = 101


@dataclass(slots=True)
class Socket:
    """One websocket. Before `accept` its `request` may be replied to, which refuses it.

    Every method raises ClientGone when the client has left.
    """

    request: Request
    _send: Send
    writer: DirectWriter[tuple[str, ...]] | None

    @classmethod
    def of(cls, scope: Event, receive: Receive, send: Send) -> Socket:
        """Return the websocket of an ASGI scope of type "websocket"."""

        async def guarded(event: Event) -> None:
            try:
                await send(event)
            except OSError:  # by ASGI's specification, when the client is gone
                raise ClientGone from None

        async def refuse(event: Event) -> None:
            # http.response.start and .body have the same members under both names. Source: ASGI,
            # extension "Websocket Denial Response".
            await guarded({**event, "type": f"websocket.{event['type']}"})

        return cls(Request.of(scope, receive, refuse), guarded, direct_writer_of(scope))

    async def accept(self) -> None:
        """Answer the handshake; no subprotocol is chosen."""
        self.request.status = _ACCEPTED
        await self._send({"type": "websocket.accept", "headers": [*self.request.extra_headers]})
        if self.request.on_stream is not None:
            self.request.on_stream()

    async def write(self, texts: tuple[str, ...]) -> None:
        """Send text messages, several in one write. Waits while the client does not read."""
        if self.writer is not None:
            await self.writer.writable()
        self.request.own_bytes += sum(map(len, texts))
        if self.writer is not None and self.writer.offer(texts):
            return
        for text in texts:
            await self._send({"type": "websocket.send", "text": text})

    async def close(self, code: int) -> None:
        """Send a close frame with a code; does nothing to a socket that was not accepted."""
        if self.request.status == _ACCEPTED:
            await self._send({"type": "websocket.close", "code": code})
