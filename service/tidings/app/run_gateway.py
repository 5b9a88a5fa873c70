"""Runs the gateway until it is told to stop."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable

from tidings.app.kinds import Address
from tidings.app.settings import Settings
from tidings.gateway.server import serve
from tidings.gateway.settings import GatewaySettings


async def gateway(
    settings: Settings, sock: socket.socket, stop: asyncio.Event, ready: Callable[[str], None]
) -> None:
    """Serve HTTP on a socket that listens until `stop`; say `ready` once it answers."""
    http = Address(settings.http.host, sock.getsockname()[1])
    await serve(
        GatewaySettings(
            upstream=settings.upstream,
            nomad_heartbeat_s=settings.nomad_heartbeat,
            nomad_region=settings.nomad_region,
            consul_node_name=settings.consul_node_name,
            consul_datacenter=settings.consul_datacenter,
            docker_cloud_allow_origin=frozenset(
                filter(None, settings.docker_cloud_allow_origin.replace(" ", "").split(","))
            ),
            tls_cert=settings.http_tls_cert,
            tls_key=settings.http_tls_key,
            puppet_base_url=settings.puppet_base_url,
            puppet_validation_kind=settings.puppet_validation_kind,
            feldera_version=settings.feldera_version,
            head_bytes=settings.http_head_size,
            head_s=settings.http_head_time,
            body_bytes=settings.http_body_size,
            silence_s=settings.http_silence,
            max_connections=settings.http_connections,
            grace_s=settings.grace,
        ),
        sock,
        shutdown=stop,
        on_ready=lambda: ready(f"http={http}"),
    )
