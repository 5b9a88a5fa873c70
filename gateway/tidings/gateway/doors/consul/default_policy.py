"""What becomes of a name without a rule, as all of Consul's answers say: allow, or deny."""

from __future__ import annotations

from tidings.gateway.door import House
from tidings.gateway.http.request import Headers
from tidings.gateway.upstream.access_mode import AccessMode

_NAME = b"x-consul-default-acl-policy"


class DefaultPolicy:
    """The header, as the service had it within the last second."""

    def __init__(self, house: House) -> None:
        self._mode = AccessMode(house.upstream, house.draining)

    async def headers(self) -> Headers:
        """Return the header: the last one while the service cannot say, none if it never could."""
        is_open = await self._mode.is_open()
        return () if is_open is None else ((_NAME, b"allow" if is_open else b"deny"),)
