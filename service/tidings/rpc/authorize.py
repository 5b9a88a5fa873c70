"""Who is calling and what he may do: what servicers ask, with access control and without."""

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
    """Who is calling and what he may do; `proof` is what is kept of his credential."""

    principal: Principal
    rights: Rights
    proof: Proof = field(default="", repr=False)

    def refuse(self, action: str, target: str) -> NoReturn:
        """Raise what says that he may not do it.

        Raises:
            Denied: he has a credential.
            Unauthenticated: he has none, and might with one.
        """
        if self.principal is NOBODY:
            raise Unauthenticated("missing")
        raise Denied(action, target)

    def need_management(self, action: str) -> None:
        """Raise as `refuse` unless he may do everything."""
        if not self.rights.management:
            self.refuse(action, "")


EVERYBODY = Caller(Principal("", "", management=True), MANAGEMENT)
"""Who calls when there is no access control."""

Recheck = Callable[[Caller], None]


class Access(Protocol):
    """What servicers ask."""

    async def caller(self, context: Context) -> Caller:
        """Return who is calling.

        Raises:
            Unauthenticated: the credential is nobody's.
        """
        ...

    def again(self, caller: Caller) -> Caller:
        """Return the same caller as he is now.

        Raises:
            Unauthenticated: the credential is nobody's any more.
        """
        ...

    async def staying(
        self, caller: Caller, recheck: Recheck, work: Coroutine[Any, Any, None]
    ) -> None:
        """Do the work of a call that lasts, as long as the caller may stay.

        `recheck` is called with what the caller has become after a change, and raises to end it.
        """
        ...


class OpenAccess:
    """No access control: everybody may do everything, and credentials are not looked at."""

    async def caller(self, context: Context) -> Caller:
        """Return somebody who may do everything."""
        return EVERYBODY

    def again(self, caller: Caller) -> Caller:
        """Return the same."""
        return caller

    async def staying(
        self, caller: Caller, recheck: Recheck, work: Coroutine[Any, Any, None]
    ) -> None:
        """Do the work."""
        await work
