"""AccessService on a server without access control: every method is refused, and says why."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, NoReturn

from tidings.rpc.status import NotOffered


class AccessServicer:
    """Refuses every method of AccessService, whatever their names."""

    def __getattr__(self, name: str) -> Callable[[Any, Any], Awaitable[NoReturn]]:
        async def refused(_request: object, _context: object) -> NoReturn:
            raise NotOffered(f"access control ({name})")

        return refused
