"""Serves HTTP on a socket that the caller has bound, until told to stop."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import math
import socket
import ssl
from collections.abc import Callable, Iterator
from typing import Any

import uvicorn
from uvicorn.server import ServerState

from tidings.gateway import memory
from tidings.gateway.app import App
from tidings.gateway.budget import Budget
from tidings.gateway.door import Context
from tidings.gateway.http.limits import Limits
from tidings.gateway.http.listener import LimitedProtocol
from tidings.gateway.http.tls_handshake import TlsHandshake
from tidings.gateway.http.websocket_listener import SocketProtocol
from tidings.gateway.live.hub import StreamHub
from tidings.gateway.metrics import Metrics
from tidings.gateway.settings import GatewaySettings
from tidings.gateway.tracing import Tracer
from tidings.gateway.upstream.access_mode import AccessMode
from tidings.gateway.upstream.client import Upstream

_DATE_EVERY_S = 1.0
# For a request that continues after its connection was cut, which should not happen.
_STUCK_S = 2
# Of a message from a websocket's client, which is read and dropped.
_MAX_MESSAGE_BYTES = 64 * 1024


async def serve(  # noqa: PLR0913 - what it is made of, each by its name
    settings: GatewaySettings,
    sock: socket.socket,
    upstream: Upstream,
    *,
    grace_s: float,
    shutdown: asyncio.Event,
    on_ready: Callable[[], None],
    host: str = "",
    tls: ssl.SSLContext | None = None,
    metrics: Metrics | None = None,
    tracer: Tracer | None = None,
) -> None:
    """Serve until `shutdown` is set, then shut down cleanly; returns when that is done.

    `sock` listens already and stays open: it is the caller's, and so is `upstream`. `host` is the
    name or address that operators serve it at. Without `tls` it is plain HTTP. `on_ready` is called
    once requests are taken. Draining: no more connections are accepted (they wait in the socket's
    backlog for the next process), blocking lists answer, endless bodies end with their final chunk,
    and what is left after `grace_s` seconds is cut off.

    Handles no signals. Cancelling closes everything at once.
    """
    memory.set_up()
    metrics = metrics or Metrics()
    upstream.retries.on_retry = metrics.retries.inc
    draining = asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        streams = StreamHub(upstream, tasks, tail_bytes=settings.live_tail_bytes, metrics=metrics)
        budget = Budget(settings.held_bytes)
        metrics.watch_held(lambda: budget.held_bytes)
        context = Context(
            settings=settings,
            upstream=upstream,
            mode=AccessMode(upstream, draining),
            streams=streams,
            metrics=metrics,
            draining=draining,
            budget=budget,
            tracer=tracer,
        )

        def drain() -> None:
            draining.set()
            upstream.retries.drain()
            streams.drain()

        config = _config(settings, App(context, host), metrics, tls, tasks, grace_s)
        server = _Server(config, shutdown, on_ready, drain, grace_s)
        # A copy of the caller's socket: uvicorn closes it to stop accepting connections.
        await server.serve([sock.dup()])


class _Server(uvicorn.Server):
    """uvicorn without signals of its own, which stops when an event says so."""

    def __init__(
        self,
        config: uvicorn.Config,
        shutdown: asyncio.Event,
        on_ready: Callable[[], None],
        drain: Callable[[], None],
        grace_s: float,
    ) -> None:
        super().__init__(config)
        self._grace_s = grace_s
        self._told_to_stop = shutdown
        self._on_ready = on_ready
        self._drain = drain

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals alone: they are the caller's."""
        yield

    async def main_loop(self) -> None:
        """Keep the Date header true until told to stop, then begin to drain."""
        await self.on_tick(0)
        self._on_ready()
        while not self._told_to_stop.is_set():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_DATE_EVERY_S):
                    await self._told_to_stop.wait()
            await self.on_tick(0)
        # uvicorn's shutdown follows without a pause and first of all stops taking connections
        self._drain()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Let requests finish, and abort those that have not by the end of the grace period."""
        async with asyncio.TaskGroup() as tasks:
            cutting = tasks.create_task(self._cut_off_late())
            await super().shutdown(sockets)
            cutting.cancel()

    async def _cut_off_late(self) -> None:
        # As if the clients had left, which every door handles: uvicorn would cancel the requests,
        # which no door expects.
        await asyncio.sleep(self._grace_s)
        for connection in list(self.server_state.connections):
            connection.transport.abort()


def _config(
    settings: GatewaySettings,
    app: App,
    metrics: Metrics,
    tls: ssl.SSLContext | None,
    tasks: asyncio.TaskGroup,
    grace_s: float,
) -> uvicorn.Config:
    limits = Limits(
        head_bytes=settings.http_head_size,
        head_s=settings.http_head_time,
        max_connections=settings.http_connections,
        metrics=metrics,
        takes_socket=app.takes_socket,
        socket_pause_s=settings.docker_cloud_pause_s,
    )
    protocol: Any = functools.partial(LimitedProtocol, limits=limits)
    if tls is not None:
        protocol = functools.partial(_behind_tls, protocol, tls, limits, tasks)
    socket_protocol: Any = functools.partial(SocketProtocol, limits=limits)
    asgi: Any = app
    return uvicorn.Config(
        asgi,
        http=protocol,
        ws=socket_protocol,
        ws_per_message_deflate=False,
        ws_max_size=_MAX_MESSAGE_BYTES,
        ws_ping_interval=settings.socket_ping_s,
        ws_ping_timeout=settings.socket_ping_s,
        lifespan="off",
        interface="asgi3",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=int(settings.keep_alive_s),
        timeout_graceful_shutdown=math.ceil(grace_s) + _STUCK_S,
    )


def _behind_tls(
    inner: Any,  # noqa: ANN401 - uvicorn's own
    tls: ssl.SSLContext,
    limits: Limits,
    tasks: asyncio.TaskGroup,
    /,
    *,
    server_state: ServerState,
    **named: Any,  # noqa: ANN401 - the same
) -> TlsHandshake:
    """Return the protocol that does the TLS handshake, then hands over to `inner`."""

    def make(began: Callable[[], float]) -> LimitedProtocol:
        made: LimitedProtocol = inner(server_state=server_state, began=began, **named)
        return made

    return TlsHandshake(make, tls, limits, server_state.connections, tasks)
