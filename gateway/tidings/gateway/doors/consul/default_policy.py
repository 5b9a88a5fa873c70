"""The default ACL policy, a header of all of Consul's answers: allow, or deny."""

from __future__ import annotations

from tidings.gateway.door import Context
from tidings.gateway.http.request import Headers

_NAME = b"x-consul-default-acl-policy"


class DefaultPolicy:
    """The header, at most a second old."""

    def __init__(self, context: Context) -> None:
        self._mode = context.mode

    async def headers(self) -> Headers:
        """Return the header, the last one while the service is away; none if it is not known."""
        is_open = await self._mode.is_open()
        return () if is_open is None else ((_NAME, b"allow" if is_open else b"deny"),)
