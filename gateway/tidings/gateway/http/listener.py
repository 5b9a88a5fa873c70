"""Limits that uvicorn lacks, at the socket: size and time of heads, number of connections."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import httptools
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle
from uvicorn.server import ServerState

from tidings.gateway.http.body_writer import BodyDirectWriter, OpenFlow, for_version
from tidings.gateway.http.direct_write import EXTENSION
from tidings.gateway.http.heads import (
    BLANKS,
    RequestLine,
    authority_of,
    body_head,
    is_handshake,
    unknown_coding,
)
from tidings.gateway.http.limits import LINGER_S, Limits
from tidings.gateway.http.refusing import RefusingProtocol

# Connections above the cap that are still answered; beyond that they are dropped.
_TOLD_BEYOND_CAP = 256
# Pipelined requests of a client. Browsers and curl do not pipeline.
_MAX_PIPELINED = 16


class LimitedProtocol(RefusingProtocol):
    """One connection. Its owner is the server; only the event loop calls it."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
        *,
        limits: Limits,
        began: Callable[[], float] | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop, limits=limits)
        self._began = began or self.loop.time
        self._in_body = False
        self._head_bytes = 0  # of what has been parsed
        self._raw_head_bytes = 0  # of what arrived without completing a head
        self._has_passed_head = False  # in this read
        self._is_turned_away = False
        self._is_last = False  # the next request is the last one on this connection
        self._is_handshake = False  # the request at hand makes this connection a websocket
        self._is_resuming = False  # the parser reads a head of ours, after an Upgrade header
        self._line = RequestLine()
        self._answering: RequestResponseCycle | None = None  # `cycle` may be one that waits
        self._wrong_status = 400  # for what a callback below raised

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wait for the first head, or refuse a connection above the cap."""
        limits = self._limits
        left_s = limits.head_s - (self.loop.time() - self._began())
        is_one_too_many = limits.are_full(self.connections)
        super().connection_made(transport)
        self.flow = OpenFlow(transport)
        if is_one_too_many:
            self._is_turned_away = True
            limits.turned_away += 1
            if limits.turned_away > _TOLD_BEYOND_CAP:
                limits.count("connections")
                transport.abort()
            else:
                self._refuse(503, "connections")
        else:
            self._arm(max(0.0, left_s), self._too_late)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the timer and what is pending."""
        self.halt()
        self._disarm()
        self._limits.turned_away -= self._is_turned_away
        self.pipeline.clear()
        if self._answering is not None and not self._answering.response_complete:
            self._answering.disconnected = True
            self._answering.message_event.set()
        super().connection_lost(exc)

    def eof_received(self) -> None:
        """Close: a client that has shut down sending counts as gone."""
        self.halt()
        super().eof_received()

    def data_received(self, data: bytes) -> None:
        """Take bytes; a head that is too large is refused, however it is split."""
        if self._refused_with is not None or self.transport.is_closing():
            return
        was_in_body, self._has_passed_head = self._in_body, False
        self._unset_keepalive_if_required()
        data = self._line.escaped(data, begins=not (self._in_body or self._in_head))
        try:
            self._parse(data)
        except httptools.HttpParserError:
            self.send_400_response("")
        if was_in_body or self._has_passed_head:
            self._raw_head_bytes = 0  # how much of the data is the next head's is not known
            return
        self._raw_head_bytes += len(data)
        if self._raw_head_bytes > self._limits.head_bytes:
            self._refuse(431, "head_bytes")

    def send_400_response(self, msg: str) -> None:
        """Refuse what is not HTTP, or what a callback below found too large."""
        del msg
        if self._head_bytes > self._limits.head_bytes:
            self._refuse(431, "head_bytes")
        else:
            self._refuse(self._wrong_status, "syntax")

    def _parse(self, data: bytes) -> None:
        while data:
            try:
                self.parser.feed_data(data)
                data = b""
            except httptools.HttpParserUpgrade as offer:
                # The parser takes what follows for another protocol: it has skipped the body.
                data = b"" if self._is_handshake else data[offer.args[0] :]
                self._begin_other()

    def _begin_other(self) -> None:
        """After an Upgrade header switch to that protocol, or else read the body."""
        if self._is_handshake:
            self.handle_websocket_upgrade()
        else:
            self._is_resuming = True
            # A new parser, since this one accepts no more if the connection was to be closed.
            self.parser = httptools.HttpRequestParser(self)
            self.parser.set_dangerous_leniencies(lenient_data_after_close=True)
            self.parser.feed_data(body_head(self.headers, self.scope["http_version"]))

    def on_message_begin(self) -> None:
        """Start the deadline of a head."""
        if self._is_resuming:
            return
        super().on_message_begin()
        self._in_head = True
        self._head_bytes = 0
        if self._timer is None:
            self._arm(self._limits.head_s, self._too_late)

    def on_url(self, url: bytes) -> None:
        """Count and keep a piece of the target."""
        if self._is_resuming:
            return
        self._grow(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Count and keep one header without the blanks around its value: RFC 9110 section 5.5."""
        if self._is_resuming:
            return
        self._grow(len(name) + len(value) + 4)  # colon, space, line end
        super().on_header(name, value.strip(BLANKS))

    def on_headers_complete(self) -> None:
        """Hand the request on, unless it has an answer already and only its body is to come."""
        if self._is_resuming:
            self._is_resuming = False
            return
        self._disarm()
        self._has_passed_head = True
        self._in_head = False
        self._in_body = True
        if len(self.pipeline) >= _MAX_PIPELINED:
            raise _Wrong
        if wrong := unknown_coding(self.headers, self.parser.get_http_version()):
            self._wrong_status = wrong
            raise _Wrong
        self._take_authority()
        is_alone = not self._has_request or self.cycle.response_complete
        self._is_handshake = (
            self.parser.should_upgrade()
            and is_alone
            and self._is_on_socket_path()
            and super()._should_upgrade()
            and self.parser.get_http_version() == "1.1"
            and is_handshake(self.parser.get_method(), self.headers)
        )
        super().on_headers_complete()
        self._has_request = True
        if self._is_handshake:
            return
        writer = BodyDirectWriter(self, self.transport, self.cycle)
        extensions: dict[str, Any] = {EXTENSION: writer}
        self.scope["extensions"] = extensions
        if self._is_last:
            self.cycle.keep_alive = False

    def on_message_complete(self) -> None:
        """Wait for the next head, without a deadline until it begins."""
        if self.parser.should_upgrade() and not self._is_handshake:
            return  # the body is still to come, see `_parse`
        self._in_body = False
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """Keep the connection for the next request, unless this one was answered before its end."""
        if self._in_body and not self.pipeline and self.cycle.response_complete:
            self.server_state.total_requests += 1
            self._stop_taking(200)
            self._linger()
            return
        super().on_response_complete()

    def shutdown(self) -> None:
        """Shut down: answer a request that has begun to arrive, close an idle connection.

        The request of a new connection may be in flight, so it gets a moment to arrive.
        """
        is_new = not self._has_request or self._in_head
        if is_new and self._refused_with is None:
            self._is_last = True
            self._arm(LINGER_S, self._too_late)
            return
        super().shutdown()

    def _should_upgrade(self) -> bool:
        """Say whether the request is a whole handshake; any other is a request like all others."""
        return self._is_handshake

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:  # noqa: ANN401
        """Answer a request in its own version of HTTP, and know which one that is."""
        self._answering = cycle
        super()._start_asgi_task(cycle, for_version(app, cycle))

    def _take_authority(self) -> None:
        """Use the target's own host if it names one, which no browser does."""
        authority = authority_of(self.url)
        if authority is not None:
            others = [header for header in self.headers if header[0] != b"host"]
            self.headers[:] = [(b"host", authority), *others]

    def _grow(self, size_bytes: int) -> None:
        self._head_bytes += size_bytes
        if self._head_bytes > self._limits.head_bytes:
            raise _Wrong


class _Wrong(Exception):
    """Stops the parser; never leaves it."""
