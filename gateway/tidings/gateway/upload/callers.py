"""Checks of a caller's credential before any other call to the service."""

from __future__ import annotations

import asyncio

import grpc

from tidings.gateway.http.request import Request
from tidings.gateway.transcode.metadata import Metadata
from tidings.gateway.upload.draft_stream import refusal_by
from tidings.gateway.upstream.access_mode import AccessMode
from tidings.gateway.upstream.client import Upstream
from tidings.gateway.upstream.failures import Failure
from tidings.v1.access_service_pb2 import CredentialProblem

# An unknown path is answered whether or not the service is available.
_WITHIN_S = 1.0
# Of a body: as much as a connection buffers before it is read.
_SMALL_BYTES = 64 * 1024
_WHO = frozenset({grpc.StatusCode.UNAUTHENTICATED, grpc.StatusCode.PERMISSION_DENIED})


async def problem_with(mode: AccessMode, credential: Metadata) -> str:
    """Return what is wrong with a credential: missing, unknown, expired, revoked, invalid.

    "" = it is good, or there is no access control, or the service cannot say at this moment.
    """
    try:
        async with asyncio.timeout(_WITHIN_S):
            whose = await mode.authenticate(credential)
    except (TimeoutError, Failure):
        return ""
    if whose is None:
        return ""
    if not credential:
        return "missing"
    if whose.WhichOneof("outcome") == "principal":
        return ""
    return CredentialProblem.Name(whose.problem).removeprefix("CREDENTIAL_PROBLEM_").lower()


async def may_not_publish(
    upstream: Upstream, request: Request, metadata: Metadata
) -> Failure | None:
    """Return why a caller may not publish, before a body that is or may be large is read.

    None = it may, or the body is small, or the service cannot say: then the call itself tells.
    """
    if _is_small(request):
        return None
    refusal = await refusal_by(lambda: upstream.publish_stream(metadata))
    return refusal if refusal is not None and refusal.code() in _WHO else None


async def is_nobody(
    upstream: Upstream, mode: AccessMode, request: Request, credential: Metadata
) -> Failure | None:
    """Return what is wrong with a credential, before a body that is or may be large is read.

    For calls that need neither a credential nor the right to publish.
    """
    if _is_small(request) or await problem_with(mode, credential) in ("", "missing"):
        return None
    return await may_not_publish(upstream, request, credential)


def _is_small(request: Request) -> bool:
    if request.header(b"content-encoding") is not None:
        return False
    announced = request.header(b"content-length")
    if announced is None:
        return request.header(b"transfer-encoding") is None  # without both there is no body
    return announced.isdecimal() and len(announced) < 10 and int(announced) <= _SMALL_BYTES
