"""Asks one service how it is: over HTTP, or by gRPC's health protocol."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import json
import ssl
from typing import Any
from urllib.parse import SplitResult, urlsplit

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from tidings.monitor.rules import Health

TIMEOUT_S = 5.0
"""Source: the HTTP health check of Feldera's monitor."""

_MAX_BODY_BYTES = 64 * 1024


class BadTarget(ValueError):
    """A URL that cannot be watched; says why."""


def check_target(url: str) -> None:
    """Refuse a URL that `probe` could not ask.

    Raises:
        BadTarget: neither http(s)://host[:port]/path nor grpc://host:port[/service].
    """
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https", "grpc"}:
        raise BadTarget(f"{url!r} begins with none of http://, https:// and grpc://")
    try:
        port = parts.port
    except ValueError:
        raise BadTarget(f"{url!r} has no port that is a number") from None
    if not parts.hostname or (parts.scheme == "grpc" and port is None):
        raise BadTarget(f"{url!r} names no host and port")


async def probe(url: str, timeout_s: float = TIMEOUT_S) -> Health:
    """Return how the service is; never raises but for cancelling.

    The first word of the text is Feldera's: Healthy, Unhealthy, Unreachable, Timeout or Error.
    """
    parts = urlsplit(url)
    try:
        async with asyncio.timeout(timeout_s):
            return await (_grpc(parts) if parts.scheme == "grpc" else _http(url, parts))
    except TimeoutError:
        return Health(fine=False, info=f"Timeout: {url} did not answer within {timeout_s:g} s")
    except ConnectionError as error:
        return Health(fine=False, info=f"Unreachable: {url}: {error}")
    except (OSError, http.client.HTTPException) as error:
        kind = "Unreachable" if isinstance(error, OSError) and error.errno else "Error"
        return Health(fine=False, info=f"{kind}: {url}: {error!r}")


async def _http(url: str, parts: SplitResult) -> Health:
    make = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    assert parts.hostname is not None
    connection = make(parts.hostname, parts.port, timeout=TIMEOUT_S)
    try:
        status, body = await asyncio.to_thread(_get, connection, parts)
    except ssl.SSLError as error:
        return Health(fine=False, info=f"Error: {url}: {error.reason}")
    finally:
        connection.close()  # ends the thread too, if its server trickles
    if 200 <= status < 300:
        return Health(fine=True, info=f"Healthy: {url} answered {status}")
    text = body.decode("utf-8", "replace")
    with contextlib.suppress(ValueError):
        json.loads(text)
        return Health(fine=False, info=f"Unhealthy: {url} answered {status}: {text}")
    return Health(fine=False, info=f"Unhealthy: {url} answered {status}, and its body is not JSON")


def _get(connection: http.client.HTTPConnection, parts: SplitResult) -> tuple[int, bytes]:
    path = parts.path or "/"
    connection.request("GET", f"{path}?{parts.query}" if parts.query else path)
    response = connection.getresponse()
    return response.status, response.read(_MAX_BODY_BYTES)


async def _grpc(parts: SplitResult) -> Health:
    url = parts.geturl()
    request = health_pb2.HealthCheckRequest(service=parts.path.removeprefix("/"))
    async with grpc.aio.insecure_channel(f"{parts.hostname}:{parts.port}") as channel:
        try:
            answer = await _check(channel, request)
        except grpc.aio.AioRpcError as error:
            word = "Unreachable" if error.code() is grpc.StatusCode.UNAVAILABLE else "Error"
            return Health(fine=False, info=f"{word}: {url}: {error.code().name}: {error.details()}")
    status = health_pb2.HealthCheckResponse.ServingStatus.Name(answer.status)
    if answer.status == health_pb2.HealthCheckResponse.SERVING:
        return Health(fine=True, info=f"Healthy: {url} says {status}")
    return Health(fine=False, info=f"Unhealthy: {url} says {status}")


async def _check(
    channel: grpc.aio.Channel, request: health_pb2.HealthCheckRequest
) -> health_pb2.HealthCheckResponse:
    stub: Any = health_pb2_grpc.HealthStub(channel)  # its type stubs leave the methods out
    answer: health_pb2.HealthCheckResponse = await stub.Check(request)
    return answer
