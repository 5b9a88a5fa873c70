"""Who is calling, and with which rights: with access control and without."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any, NoReturn, Protocol

import grpc

from tidings.access.directory import Proof
from tidings.access.principals import NOBODY, Principal
from tidings.access.rights import MANAGEMENT, Rights
from tidings.core.errors import Denied, Unauthenticated

Context = grpc.aio.ServicerContext[Any, Any]


@dataclass(frozen=True, slots=True)
class Caller:
    """Who is calling and what the caller may do; `proof` is what is stored of the credential."""

    principal: Principal
    rights: Rights
    proof: Proof = field(default="", repr=False)

    def refuse(self, action: str, target: str) -> NoReturn:
        """Raise the error for an action that the caller may not do.

        Raises:
            Denied: the caller has a credential.
            Unauthenticated: the caller has none, and might with one.
        """
        if self.principal is NOBODY:
            raise Unauthenticated("missing")
        raise Denied(action, target)

    def need_management(self, action: str) -> None:
        """Raise as `refuse` unless the caller may do everything."""
        if not self.rights.management:
            self.refuse(action, "")


EVERYBODY = Caller(Principal("", "", management=True), MANAGEMENT)
"""The caller when there is no access control."""

Recheck = Callable[[Caller], None]


class Access(Protocol):
    """The interface for servicers."""

    async def caller(self, context: Context) -> Caller:
        """Return who is calling.

        Raises:
            Unauthenticated: the credential is not valid.
        """
        ...

    def again(self, caller: Caller) -> Caller:
        """Return the same caller with its rights as they are now.

        Raises:
            Unauthenticated: the credential is not valid any more.
        """
        ...

    async def staying(
        self, caller: Caller, recheck: Recheck, work: Coroutine[Any, Any, None]
    ) -> None:
        """Do the work of a long-running call while the caller's rights allow it.

        `recheck` is called with the caller after a change, and raises to end the call.
        """
        ...


class OpenAccess:
    """No access control: everybody may do everything, and credentials are ignored."""

    async def caller(self, context: Context) -> Caller:
        """Return a caller with all rights."""
        return EVERYBODY

    def again(self, caller: Caller) -> Caller:
        """Return the same."""
        return caller

    async def staying(
        self, caller: Caller, recheck: Recheck, work: Coroutine[Any, Any, None]
    ) -> None:
        """Do the work."""
        await work
