"""Who is calling, for answers that need nothing else of the service."""

from __future__ import annotations

import asyncio

from tidings.gateway.failures import Failure
from tidings.gateway.transcode.metadata import Metadata
from tidings.gateway.upstream import Upstream
from tidings.v1.access_service_pb2 import CredentialProblem

# A path that leads nowhere says so, whether or not the service is there.
_WITHIN_S = 1.0


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
