"""The addresses to listen on, and the service that a gateway calls."""

from __future__ import annotations

import asyncio
import http.client
import json
import socket
from collections.abc import Iterator
from typing import Any

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from tidings.app.client import client_channel, explain
from tidings.app.doctor.finding import Finding, problem, warning
from tidings.app.own_http import NotAdmitted, ask_own_http
from tidings.app.settings import Settings
from tidings.core.setting_kinds import Address

_WITHIN_S = 3.0
_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(3) + b"\x04" + bytes(5)
"""RFC 9113 section 3.4: the preface and an empty frame of SETTINGS, which is answered by one."""


def look_at_port(name: str, address: Address, *, is_running: bool) -> Iterator[Finding]:
    """Yield whether an address is free, or Tidings has it."""
    check = f"{name} port"
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_STREAM) as sock:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            sock.bind((address.host, address.port))
            sock.listen(1)
    except OSError as error:
        if is_running:
            yield Finding(check, f"{address} is in use by a Tidings that runs")
            return
        yield problem(
            check,
            f"cannot listen on {address}: {error.strerror}",
            f"ss -ltnp 'sport = :{address.port}'  # says who has it; or --{name} HOST:PORT",
        )
        return
    yield Finding(check, f"{address} is free")


def answers_as_tidings(settings: Settings) -> bool:
    """Return whether a gateway of ours answers where HTTP is to be served."""
    try:
        return "version" in json.loads(ask_own_http(settings, "/version")[1])
    except NotAdmitted:
        return True  # a client without a certificate hears no more
    except (OSError, http.client.HTTPException, ValueError):
        return False


def speaks_grpc(settings: Settings) -> bool:
    """Return whether something with TLS or HTTP/2 answers where gRPC is to be served."""
    address = settings.grpc
    try:
        with socket.create_connection((address.host, address.port), _WITHIN_S) as sock:
            if settings.grpc_tls_cert:
                return True  # as above
            sock.sendall(_PREFACE)
            return sock.recv(9)[3:4] == b"\x04"
    except OSError:
        return False


def look_at_upstream(settings: Settings) -> Iterator[Finding]:
    """Yield whether the service of a gateway answers."""
    yield from asyncio.run(_ask(settings))


async def _ask(settings: Settings) -> list[Finding]:
    check, place = "upstream", settings.upstream
    async with client_channel(settings) as channel:
        stub: Any = health_pb2_grpc.HealthStub(channel)  # its stubs are for threads
        try:
            answer = await stub.Check(health_pb2.HealthCheckRequest(), timeout=_WITHIN_S)
        except grpc.aio.AioRpcError as error:
            return [
                problem(
                    check,
                    explain(error, place),
                    f"tidings service --grpc {place}  # there; or another: --upstream HOST:PORT",
                )
            ]
    if answer.status != health_pb2.HealthCheckResponse.SERVING:
        return [warning(check, f"{place} answers but does not serve", "tidings doctor  # there")]
    return [Finding(check, f"{place} serves")]
