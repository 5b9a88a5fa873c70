"""What becomes of a name without a rule, as all of Consul's answers say: allow, or deny."""

from __future__ import annotations

import asyncio
import math

from tidings.gateway.asgi import Headers
from tidings.gateway.door import House
from tidings.gateway.failures import Failure

_NAME = b"x-consul-default-acl-policy"
# Only a service that is started anew can change its mind.
_FRESH_S = 1.0
_WITHIN_S = 5.0


class DefaultPolicy:
    """The header, as the service had it within the last second; the next who wants it asks."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._asking = asyncio.Lock()
        self._asked_s = -math.inf
        self._headers: Headers = ()

    async def headers(self) -> Headers:
        """Return the header: the last one while the service cannot say, none if it never could."""
        async with self._asking:
            loop = asyncio.get_running_loop()
            if loop.time() - self._asked_s > _FRESH_S and not self._house.draining.is_set():
                await self._ask()
                self._asked_s = loop.time()
        return self._headers

    async def _ask(self) -> None:
        try:
            async with asyncio.timeout(_WITHIN_S):
                anybody = await self._house.upstream.authenticate(())
        except (TimeoutError, Failure):
            return
        self._headers = ((_NAME, b"allow" if anybody is None else b"deny"),)
