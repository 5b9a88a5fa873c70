"""Who is calling, for answers that need nothing else of the service."""

from __future__ import annotations

import asyncio

import grpc

from tidings.gateway.http.request import Request
from tidings.gateway.transcode.metadata import Metadata
from tidings.gateway.upload.draft_stream import refusal_by
from tidings.gateway.upstream.client import Upstream
from tidings.gateway.upstream.failures import Failure
from tidings.v1.access_service_pb2 import CredentialProblem

# A path that leads nowhere says so, whether or not the service is there.
_WITHIN_S = 1.0
_SMALL_BYTES = 64 * 1024
"""Of a body: as much as a connection holds before anybody asks for it."""
_WHO = frozenset({grpc.StatusCode.UNAUTHENTICATED, grpc.StatusCode.PERMISSION_DENIED})


async def problem_with(upstream: Upstream, credential: Metadata) -> str:
    """Return what is wrong with a credential: missing, unknown, expired, revoked, invalid.

    "" = it is good, or there is no access control, or the service cannot say at this moment.
    """
    try:
        async with asyncio.timeout(_WITHIN_S):
            whose = await upstream.authenticate(credential)
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
    """Return why a caller's body need not be read, if it is or may be large; None = he may publish.

    Also where the body is small, or the service cannot say: the call that hands it in tells soon.
    """
    if _is_small(request):
        return None
    refusal = await refusal_by(lambda: upstream.publish_stream(metadata))
    return refusal if refusal is not None and refusal.code() in _WHO else None


async def is_nobody(upstream: Upstream, request: Request, credential: Metadata) -> Failure | None:
    """Return why a body need not be read, if it is or may be large: the credential is nobody's.

    For what callers may do without a credential, and without the right to publish.
    """
    if _is_small(request) or await problem_with(upstream, credential) in ("", "missing"):
        return None
    return await may_not_publish(upstream, request, credential)


def _is_small(request: Request) -> bool:
    if request.header(b"content-encoding") is not None:
        return False
    announced = request.header(b"content-length")
    if announced is None:
        return request.header(b"transfer-encoding") is None  # without both there is no body
    return announced.isdecimal() and len(announced) < 10 and int(announced) <= _SMALL_BYTES
