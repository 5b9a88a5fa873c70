"""Runs the gateway until it is told to stop."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import grpc
import structlog

from tidings.app.client import explain
from tidings.app.file_follower import follow, on_hangup
from tidings.app.lifeline import draining_s
from tidings.app.logs import warn_of_clear_text
from tidings.app.metrics_listener import serve_metrics
from tidings.app.metrics_page import tell_metrics
from tidings.app.part_names import name_of_gateway
from tidings.app.parts import pages_of
from tidings.app.process_metrics import own_registry, show_certificate
from tidings.app.settings import Settings
from tidings.app.startup_checks import Exposed
from tidings.app.tls.certificates import RenewedContext, server_context
from tidings.app.tls.grpc_credentials import client_credentials
from tidings.app.tls.settings import server_files, upstream_files
from tidings.core.setting_kinds import Address, parse_address
from tidings.core.tracing import Tracer
from tidings.gateway.metrics import Metrics
from tidings.gateway.server import serve
from tidings.gateway.upstream.access_mode import has_access_control
from tidings.gateway.upstream.client import Upstream

_log = structlog.get_logger("tidings.gateway")


async def gateway(
    settings: Settings,
    sock: socket.socket,
    stop: asyncio.Event,
    ready: Callable[[str], None],
    *,
    number: int | None,
    tracer: Tracer | None = None,
) -> None:
    """Serve HTTP on a socket that listens until `stop`; say `ready` once it answers.

    `number` says which of a supervisor's gateways it is, from 1. None = it runs alone: then it asks
    the service whether it has access control before it serves other machines.

    Raises:
        Exposed: it has none, and `--insecure` is not set.
    """
    listener = follow("certificate of HTTP", server_files(settings, "http"), server_context)
    client = follow("certificates for the service", upstream_files(settings), client_credentials)
    tls = RenewedContext(listener.read()) if listener else None
    upstream = Upstream(
        settings.upstream,
        credentials=client.read() if client else None,
        tls_name=settings.upstream_tls_name,
    )
    http = Address(settings.http.host, sock.getsockname()[1])
    part = "gateway" if number is None else name_of_gateway(number, settings.gateways)
    metrics = Metrics(own_registry(part))
    show_certificate(metrics.registry, "http", settings.http_tls_cert)
    async with upstream, _shown(metrics, settings, number):
        if number is None and not (settings.insecure or http.is_loopback):
            await _ask_before_exposure(settings, upstream, stop)
        if stop.is_set():
            return
        _warn_of_clear_text(settings, http)
        async with asyncio.TaskGroup() as tasks:
            following = []
            if listener and tls:
                following.append(tasks.create_task(listener.follow(tls.use)))
            if client:
                following.append(tasks.create_task(client.follow(upstream.renew)))
            on_hangup(*(each.reload for each in (listener, client) if each))
            await serve(
                settings,
                sock,
                upstream,
                host=settings.http.host,
                grace_s=draining_s(settings.grace),
                shutdown=stop,
                on_ready=lambda: ready(f"http={http}"),
                tls=tls.context if tls else None,
                metrics=metrics,
                tracer=tracer,
            )
            for task in following:
                task.cancel()


@asynccontextmanager
async def _shown(metrics: Metrics, settings: Settings, number: int | None) -> AsyncIterator[None]:
    """Serve the gateway's metrics, together with those of other parts."""
    if number is None:
        async with serve_metrics(metrics.registry, settings.metrics, settings):
            yield
        return
    service_socket = settings.upstream.removeprefix("unix:")
    pages = pages_of(metrics.registry, number, settings.gateways, service_socket)
    if pages.gateways is not None:
        metrics.shown = pages.gateways.asked
    address = settings.metrics if number == 1 else None
    told_at = pages.told_at if settings.gateways > 1 else None
    page = serve_metrics(pages.whole, address, settings)
    async with tell_metrics(pages.own, told_at), page:
        yield


async def _ask_before_exposure(settings: Settings, upstream: Upstream, stop: asyncio.Event) -> None:
    """Return once the service has said that it has access control, or when told to stop.

    Raises:
        Exposed: it has none.
    """
    async with asyncio.TaskGroup() as tasks:
        asking = tasks.create_task(_answer_of_service(settings, upstream))
        stopping = tasks.create_task(stop.wait())
        await asyncio.wait({asking, stopping}, return_when=asyncio.FIRST_COMPLETED)
        asking.cancel()
        stopping.cancel()
    if not asking.cancelled() and not asking.result():
        raise Exposed(settings)


async def _answer_of_service(settings: Settings, upstream: Upstream) -> bool:
    while True:
        try:
            return await has_access_control(upstream)
        except grpc.aio.AioRpcError as error:
            _log.warning(
                "not serving before the service says whether it has access control",
                error=explain(error, settings.upstream),
            )


def _warn_of_clear_text(settings: Settings, http: Address) -> None:
    if settings.insecure:
        return
    if not settings.http_tls_cert:
        warn_of_clear_text(http, remedy="--http-tls-cert")
    if settings.upstream.startswith("unix:") or settings.upstream_tls_ca:
        return
    with contextlib.suppress(ValueError):  # a name that only gRPC understands
        warn_of_clear_text(parse_address(settings.upstream), remedy="--upstream-tls-ca")
