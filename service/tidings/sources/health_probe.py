"""Asks one service how it is: over HTTP, or by gRPC's health protocol."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import json
import ssl
from collections.abc import Mapping
from typing import Any
from urllib.parse import SplitResult, urlsplit

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from tidings.sources.health_rules import Health

TIMEOUT_S = 5.0
"""Source: the HTTP health check of Feldera's monitor."""

_MAX_BODY_BYTES = 64 * 1024


async def probe(
    url: str, headers: Mapping[str, str], tls: ssl.SSLContext, timeout_s: float = TIMEOUT_S
) -> Health:
    """Return how the service is; never raises but for cancelling.

    The first word of the text is Feldera's: Healthy, Unhealthy, Unreachable, Timeout or Error.
    """
    parts = urlsplit(url)
    try:
        async with asyncio.timeout(timeout_s):
            if parts.scheme == "grpc":
                return await _grpc(parts)
            return await _http(parts, headers, tls, timeout_s)
    except TimeoutError:
        return Health(fine=False, info=f"Timeout: {url} did not answer within {timeout_s:g} s")
    except ConnectionError as error:
        return Health(fine=False, info=f"Unreachable: {url}: {error}")
    except (OSError, http.client.HTTPException) as error:
        kind = "Unreachable" if isinstance(error, OSError) and error.errno else "Error"
        return Health(fine=False, info=f"{kind}: {url}: {error!r}")


async def _http(
    parts: SplitResult, headers: Mapping[str, str], tls: ssl.SSLContext, timeout_s: float
) -> Health:
    assert parts.hostname is not None
    url = parts.geturl()
    connection = (
        http.client.HTTPSConnection(parts.hostname, parts.port, timeout=timeout_s, context=tls)
        if parts.scheme == "https"
        else http.client.HTTPConnection(parts.hostname, parts.port, timeout=timeout_s)
    )
    try:
        status, body = await asyncio.to_thread(_get, connection, parts, headers)
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


def _get(
    connection: http.client.HTTPConnection, parts: SplitResult, headers: Mapping[str, str]
) -> tuple[int, bytes]:
    path = parts.path or "/"
    target = f"{path}?{parts.query}" if parts.query else path
    try:
        connection.request("GET", target, headers=dict(headers))
        response = connection.getresponse()
        return response.status, response.read(_MAX_BODY_BYTES)
    finally:
        connection.close()  # also where it was made when nobody waited for it any more


async def _grpc(parts: SplitResult) -> Health:
    url = parts.geturl()
    request = health_pb2.HealthCheckRequest(service=parts.path.removeprefix("/"))
    options = [("grpc.enable_http_proxy", 0)]  # only the address that is set is asked
    async with grpc.aio.insecure_channel(f"{parts.hostname}:{parts.port}", options) as channel:
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
