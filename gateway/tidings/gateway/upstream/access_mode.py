"""Whether the service has access control, for rules of the gateway that depend on it."""

from __future__ import annotations

import asyncio
import math

from tidings.gateway.upstream.client import Upstream
from tidings.gateway.upstream.failures import Failure

_FRESH_S = 1.0
_WITHIN_S = 5.0


class AccessMode:
    """Whether the service has access control, as it said within the last second.

    Only a service that is started anew can change its mind; the next who wants to know asks.
    """

    def __init__(self, upstream: Upstream, draining: asyncio.Event) -> None:
        self._upstream = upstream
        self._draining = draining
        self._asking = asyncio.Lock()
        self._asked_s = -math.inf
        self._is_open: bool | None = None

    async def is_open(self) -> bool | None:
        """Say whether it has none: as it last said while it cannot, None if it never could."""
        async with self._asking:
            loop = asyncio.get_running_loop()
            if loop.time() - self._asked_s > _FRESH_S and not self._draining.is_set():
                await self._ask()
                self._asked_s = loop.time()
        return self._is_open

    async def _ask(self) -> None:
        try:
            async with asyncio.timeout(_WITHIN_S):
                anybody = await self._upstream.authenticate(())
        except (TimeoutError, Failure):
            return
        self._is_open = anybody is None
