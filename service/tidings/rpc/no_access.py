"""AccessService on a server without access control."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, NoReturn

from tidings.rpc.access_messages import authenticated
from tidings.rpc.authorize import EVERYBODY, Context
from tidings.rpc.status import NoAccessControl
from tidings.v1 import access_service_pb2 as pb


class NoAccessServicer:
    """Refuses all but Authenticate."""

    async def Authenticate(
        self, request: pb.AuthenticateRequest, context: Context
    ) -> pb.AuthenticateResponse:
        """Say that everybody may do everything."""
        return authenticated(EVERYBODY.principal)

    def __getattr__(self, name: str) -> Callable[[Any, Any], Awaitable[NoReturn]]:
        async def refused(_request: object, _context: object) -> NoReturn:
            raise NoAccessControl

        return refused
