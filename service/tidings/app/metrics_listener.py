"""The address for metrics: one page on every path, which needs no credential.

So its Host has to be one of ours, as for HTTP without access control, a page that asks has to be of
an origin that may ask the gateway, and its connections are bounded in number and in time.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import sys
import threading
import time
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from http import HTTPStatus
from http.server import ThreadingHTTPServer
from typing import Any

import structlog
from prometheus_client import MetricsHandler
from prometheus_client.registry import Collector

from tidings.app.settings import Settings
from tidings.core.setting_kinds import Address
from tidings.gateway.http.hosts import FOREIGN, OwnHosts, host_in
from tidings.gateway.http.origins import FOREIGN_ORIGIN, AllowedOrigins, is_own

_log = structlog.get_logger("tidings.metrics")

MAX_CONNECTIONS = 32
"""Each has a thread. A scraper has one; two of them, a probe and a person are still far from it."""

ENDS_AFTER_S = 15.0
"""After which a connection is cut, whatever it is about: parts have told their metrics within 8 s,
and Prometheus waits for 10."""

_LOOK_S = 0.5
"""How often it looks for those, and whether it is to end."""

_FULL = b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"


def hosts_of(settings: Settings) -> Collection[str]:
    """Return the names that the page is served for besides this machine's own."""
    if settings.access_policy:
        return {"*"}
    named = {settings.metrics.host} if settings.metrics else set()
    return {*settings.http_allow_host} | named


@asynccontextmanager
async def serve_metrics(
    registry: Collector, address: Address | None, settings: Settings
) -> AsyncIterator[int | None]:
    """Serve the registry at an address; yield the port, or None without an address.

    Settings say under which names, and to pages of which origins.

    In a thread of its own, so that it answers also while the process is too busy for anything else.

    Raises:
        OSError: the address cannot be bound.
    """
    if address is None:
        yield None
        return
    try:
        server = _Server(registry, address, settings)
    except OSError as error:
        raise OSError(f"cannot listen on {address}: {error.strerror}") from None
    with server:
        thread = threading.Thread(target=server.serve_forever, args=(_LOOK_S,), daemon=True)
        thread.start()
        _log.info("serving metrics", http=str(Address(address.host, server.server_port)))
        try:
            yield server.server_port
        finally:
            await asyncio.to_thread(server.shutdown)
            thread.join()


class _Server(ThreadingHTTPServer):
    """Has a thread for each connection, and closes those that are too many or too old."""

    request_queue_size = 128

    def __init__(self, registry: Collector, address: Address, settings: Settings) -> None:
        class Handler(_Handler):
            pass

        Handler.registry = registry
        Handler.hosts = OwnHosts(hosts_of(settings))
        Handler.origins = AllowedOrigins(settings.http_allow_origin)
        self._open: dict[socket.socket, float] = {}
        self.address_family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
        super().__init__((address.host, address.port), Handler)

    def verify_request(self, request: Any, client_address: Any) -> bool:  # noqa: ANN401
        """Return whether another connection is allowed."""
        if len(self._open) >= MAX_CONNECTIONS:
            with contextlib.suppress(OSError):
                request.send(_FULL)
            return False
        self._open[request] = time.monotonic()
        return True

    def shutdown_request(self, request: Any) -> None:  # noqa: ANN401
        """Forget a connection, and close it."""
        self._open.pop(request, None)
        super().shutdown_request(request)

    def service_actions(self) -> None:
        """Close connections that are too old; their threads then end."""
        before_s = time.monotonic() - ENDS_AFTER_S
        for request, began_s in list(self._open.items()):
            if began_s < before_s:
                with contextlib.suppress(OSError):
                    request.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401
        """Log what went wrong, unless it is that the client has left."""
        if not isinstance(sys.exception(), OSError):
            _log.exception("the page of metrics failed")


class _Handler(MetricsHandler):
    """Answers one request, and logs nothing."""

    hosts: OwnHosts
    origins: AllowedOrigins

    def parse_request(self) -> bool:
        """Read the head, and refuse a request that is not for us, or of a foreign page."""
        return super().parse_request() and self._is_admitted()

    def _is_admitted(self) -> bool:
        hosts, origins = (self.headers.get_all(name) or [] for name in ("host", "origin"))
        try:
            host = host_in(hosts, is_old=self.request_version != "HTTP/1.1")
        except ValueError as error:
            return self._refuse(HTTPStatus.BAD_REQUEST, f"host: {error}")
        if len(origins) > 1:
            return self._refuse(
                HTTPStatus.BAD_REQUEST, "origin: the header must not be given twice"
            )
        for origin in origins:
            if not (self.origins.include(origin) or is_own(origin, "".join(hosts))):
                return self._refuse(HTTPStatus.FORBIDDEN, FOREIGN_ORIGIN)
        if host is None or self.hosts.include(host, self.connection.getsockname()[0]):
            return True
        return self._refuse(HTTPStatus.MISDIRECTED_REQUEST, FOREIGN)

    def _refuse(self, status: HTTPStatus, reason: str) -> bool:
        self.send_response(status)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.end_headers()
        self.wfile.write(f"{reason}\n".encode())
        return False
