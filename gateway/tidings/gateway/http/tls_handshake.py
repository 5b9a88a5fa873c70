"""A connection until its TLS handshake is over: with the limits and deadlines of any connection.

asyncio's TLS server reports a connection only after its handshake, so a client that never finishes
one would escape all limits. So the server listens without TLS, and the handshake of each connection
is a task of its own.
"""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
from collections.abc import Callable
from typing import Any

from tidings.gateway.http.limits import LINGER_S, Limits
from tidings.gateway.http.listener import LimitedProtocol

# Makes the protocol after the handshake. Once the protocol owns the connection, it calls its
# argument, which returns when the connection began.
Make = Callable[[Callable[[], float]], LimitedProtocol]


class TlsHandshake(asyncio.Protocol):
    """One connection whose handshake is not over. It runs in one of `tasks`."""

    def __init__(
        self,
        make: Make,
        context: ssl.SSLContext,
        limits: Limits,
        connections: set[Any],
        tasks: asyncio.TaskGroup,
    ) -> None:
        self._make = make
        self._context = context
        self._limits = limits
        self._connections = connections
        self._tasks = tasks
        self._loop = asyncio.get_running_loop()
        self._began_s = self._loop.time()
        self._task: asyncio.Task[None] | None = None
        self._is_last = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin the handshake, or drop a connection beyond the cap: without TLS there is no answer.

        The handshake uses the socket without this transport, which must not have read from it:
        neither asyncio nor uvloop has by now.
        """
        if self._limits.are_full(self._connections):
            self._limits.count("connections")
        else:
            sock = socket.socket(fileno=os.dup(transport.get_extra_info("socket").fileno()))
            self._connections.add(self)
            self._task = self._tasks.create_task(self._shake_hands(sock))
        transport.abort()

    def shutdown(self) -> None:
        """Shut down: a new connection may still send one request, within a short time."""
        self._is_last = True
        self._loop.call_later(LINGER_S, self._give_up)

    def _give_up(self) -> None:
        if self._task is not None:
            self._task.cancel()

    def _leave(self) -> float:
        self._connections.discard(self)
        return self._began_s

    async def _shake_hands(self, sock: socket.socket) -> None:
        try:
            _, protocol = await self._loop.connect_accepted_socket(
                lambda: self._make(self._leave),
                sock,
                ssl=self._context,
                ssl_handshake_timeout=self._limits.head_s,
            )
        except Exception:  # noqa: BLE001 - an edge: event loops differ in what invalid bytes raise
            self._limits.count("tls_handshake")
            sock.close()
        else:
            if self._is_last:
                protocol.shutdown()
        finally:
            self._leave()
