"""Whether the service has access control, for rules of the gateway that depend on it."""

from __future__ import annotations

import asyncio
import math

from tidings.gateway.transcode.metadata import Metadata
from tidings.gateway.upstream.client import Upstream
from tidings.gateway.upstream.failures import Failure, away, reads_again
from tidings.v1.access_service_pb2 import AuthenticateResponse

_FRESH_S = 1.0
_WITHIN_S = 5.0
_ACCESS = "tidings.v1.AccessService"
# Why that does not serve, as health says it.
_NO_ACCESS_CONTROL = "no access control"


class AccessMode:
    """Whether the service has access control, as of at most a second ago.

    Only a restart of the service changes it. The answer is cached; the next caller refreshes it.
    """

    def __init__(self, upstream: Upstream, draining: asyncio.Event) -> None:
        self._upstream = upstream
        self._draining = draining
        self._asking = asyncio.Lock()
        self._asked_s = -math.inf
        self._is_open: bool | None = None

    async def is_open(self) -> bool | None:
        """Return whether it has none; the last answer while it is unavailable, None without one."""
        async with self._asking:
            loop = asyncio.get_running_loop()
            if loop.time() - self._asked_s > _FRESH_S and not self._draining.is_set():
                await self._ask()
                self._asked_s = loop.time()
        return self._is_open

    async def authenticate(self, credential: Metadata) -> AuthenticateResponse | None:
        """Ask for the principal of a credential, or why it is invalid; None = no access control.

        Raises:
            grpc.aio.AioRpcError: the service stayed away.
        """
        return None if await self.is_open() else await self._upstream.authenticate(credential)

    async def _ask(self) -> None:
        try:
            async with asyncio.timeout(_WITHIN_S):
                self._is_open = not await has_access_control(self._upstream)
        except (TimeoutError, Failure):
            return


async def has_access_control(upstream: Upstream) -> bool:
    """Ask whether the service has access control.

    Raises:
        grpc.aio.AioRpcError: the service stayed away.
    """

    async def attempt() -> bool:
        reason = await upstream.retries.health(_ACCESS, upstream.retries.limit_s)
        if reason in (None, _NO_ACCESS_CONTROL):
            return reason is None
        raise away()

    return await upstream.retries.call(attempt, reads_again)
