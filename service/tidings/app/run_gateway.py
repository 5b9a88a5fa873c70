"""Runs the gateway until it is told to stop."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable

import grpc
import structlog

from tidings.app.client import explain
from tidings.app.exposure import Exposed, refuse_open_service, warn_of_clear_text
from tidings.app.file_follower import on_hangup
from tidings.app.kinds import Address, parse_address, split_list
from tidings.app.lifeline import draining_s
from tidings.app.settings import Settings
from tidings.app.tls.certificates import RenewedContext, client_credentials, server_context
from tidings.app.tls.settings import follow, server_files, upstream_files
from tidings.gateway.server import serve
from tidings.gateway.settings import GatewaySettings
from tidings.gateway.upstream.client import Upstream

_log = structlog.get_logger("tidings.gateway")


async def gateway(
    settings: Settings,
    sock: socket.socket,
    stop: asyncio.Event,
    ready: Callable[[str], None],
    *,
    is_alone: bool,
) -> None:
    """Serve HTTP on a socket that listens until `stop`; say `ready` once it answers.

    Alone, without a supervisor that knows both halves, it asks the service whether it has access
    control before it serves others than this machine.

    Raises:
        Exposed: it has none, and nobody has said that it needs none.
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
    async with upstream:
        if is_alone and not (settings.insecure or http.is_loopback):
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
                _gateway_settings(settings),
                sock,
                upstream,
                shutdown=stop,
                on_ready=lambda: ready(f"http={http}"),
                tls=tls.context if tls else None,
            )
            for task in following:
                task.cancel()


async def _ask_before_exposure(settings: Settings, upstream: Upstream, stop: asyncio.Event) -> None:
    """Return once the service has said that it has access control, or when told to stop.

    Raises:
        Exposed: it has none.
    """
    async with asyncio.TaskGroup() as tasks:
        asking = tasks.create_task(_has_access_control(settings, upstream))
        stopping = tasks.create_task(stop.wait())
        await asyncio.wait({asking, stopping}, return_when=asyncio.FIRST_COMPLETED)
        asking.cancel()
        stopping.cancel()
    if not asking.cancelled() and not asking.result():
        raise Exposed(refuse_open_service(settings))


async def _has_access_control(settings: Settings, upstream: Upstream) -> bool:
    while True:
        try:
            return await upstream.authenticate(()) is not None
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


def _gateway_settings(settings: Settings) -> GatewaySettings:
    return GatewaySettings(
        nomad_heartbeat_s=settings.nomad_heartbeat,
        nomad_region=settings.nomad_region,
        consul_node_name=settings.consul_node_name,
        consul_datacenter=settings.consul_datacenter,
        allow_origins=split_list(settings.http_allow_origin),
        allow_hosts=split_list(settings.http_allow_host) | {settings.http.host},
        puppet_base_url=settings.puppet_base_url,
        puppet_validation_kind=settings.puppet_validation_kind,
        feldera_version=settings.feldera_version,
        head_bytes=settings.http_head_size,
        head_s=settings.http_head_time,
        body_bytes=settings.http_body_size,
        silence_s=settings.http_silence,
        max_connections=settings.http_connections,
        grace_s=draining_s(settings.grace),
    )
