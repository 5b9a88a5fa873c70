"""Writes the pieces of an HTTP body, by the version of HTTP that the client speaks."""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from tidings.gateway.http.direct_write import Connection, DirectWriter, Framer, Sink
from tidings.gateway.http.request import Event, Receive, Send

_OLD = "1.0"


def _chunk(piece: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(piece), piece)


class BodyDirectWriter(DirectWriter[bytes]):
    """Writes a chunked body. Lives as long as its request."""

    __slots__ = ("_cycle", "_transport")

    framed = Framer(_chunk)

    def __init__(
        self, connection: Connection, transport: asyncio.Transport, cycle: RequestResponseCycle
    ) -> None:
        super().__init__(connection)
        self._transport = transport
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
        """Wait while the client has not read what it was sent."""
        if self._cycle.flow.write_paused and not self._cycle.disconnected:
            await self._cycle.flow.drain()


def for_version(app: Any, cycle: RequestResponseCycle) -> Any:  # noqa: ANN401 - uvicorn's type
    """Return an ASGI application that answers a request in the version that it came in.

    HTTP/1.0 has no chunks: a body without a length ends with the connection, which uvicorn closes
    after each of its answers. Source: RFC 9112 sections 6.1 and 6.3.
    """
    if cycle.scope["http_version"] != _OLD:
        return app

    async def answer(scope: Event, receive: Receive, send: Send) -> None:
        async def send_bare(event: Event) -> None:
            if event["type"] == "http.response.start":
                headers = event["headers"] = tuple(event["headers"])
                if all(name != b"content-length" for name, _ in headers):
                    cycle.chunked_encoding = False
            elif cycle.chunked_encoding is False and not cycle.response_complete:
                # uvicorn counts down to 0 what is still to come
                cycle.expected_content_length = max(
                    cycle.expected_content_length, len(event.get("body", b""))
                )
            await send(event)

        await app(scope, receive, send_bare)

    return answer


class OpenFlow(FlowControl):
    """uvicorn's flow control, which leaves a transport alone that is closing.

    uvloop's transports raise "the handler is closed" then.
    """

    def pause_reading(self) -> None:
        """Pause reading."""
        if not self._transport.is_closing():
            super().pause_reading()

    def resume_reading(self) -> None:
        """Resume reading."""
        if not self._transport.is_closing():
            super().resume_reading()
