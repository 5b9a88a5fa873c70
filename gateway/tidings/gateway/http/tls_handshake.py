"""A connection until its TLS handshake is over: it counts, and has its time, like all others.

A server of asyncio's tells of a connection only once it has shaken hands, so that those who never
do would be nobody's. So ours is one without TLS, and each connection that it takes shakes hands as
a task of ours.
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

# The protocol behind the handshake. It calls what it is given once the connection is its own, and
# is told when that began.
Make = Callable[[Callable[[], float]], LimitedProtocol]


class Doorstep(asyncio.Protocol):
    """One connection that has still to shake hands. Its work is one of `tasks`."""

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
        """Begin to shake hands, or drop a connection too many: without TLS it can be told nothing.

        The socket goes on without this transport, which must not read any of it: neither loop has
        begun to.
        """
        if self._limits.are_full(self._connections):
            self._limits.count("connections")
        else:
            sock = socket.socket(fileno=os.dup(transport.get_extra_info("socket").fileno()))
            self._connections.add(self)
            self._task = self._tasks.create_task(self._shake_hands(sock))
        transport.abort()

    def shutdown(self) -> None:
        """Go down: a connection that is new may bring its one request, but not for long."""
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
        except Exception:  # noqa: BLE001 - an edge: loops differ in what a stranger's bytes raise
            self._limits.count("tls_handshake")
            sock.close()
        else:
            if self._is_last:
                protocol.shutdown()
        finally:
            self._leave()
