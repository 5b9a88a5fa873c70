"""Who is calling, and whether he may stay: the one place of the edge that sees credentials.

How this works: `AccessControl` holds a directory of tokens and policies, filled from the policy
file and from the store's small values, whose every change it hears. A call that lasts registers
itself (`staying`); it is asked again when anything changes or its token's time is over, and ends by
itself then. Nobody else's call is touched.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import dataclass
from typing import Any, NoReturn, Protocol

import grpc
import structlog

from tidings.access import stored
from tidings.access.principals import ANONYMOUS, Directory, Policy, Principal, Token
from tidings.access.rights import MANAGEMENT, Rights
from tidings.access.secret import hash_of
from tidings.core.clock import Clock
from tidings.core.errors import (
    Denied,
    LogClosed,
    StoreUnavailable,
    TidingsError,
    Unauthenticated,
)
from tidings.core.record import StateEntry
from tidings.log.event_log import EventLog

Context = grpc.aio.ServicerContext[Any, Any]

CREDENTIAL_KEY = "authorization"
SCHEME = "bearer"

TICK_S = 1.0
"""How often expiry is looked at; a token's streams end within 5 s of its end."""

_log = structlog.get_logger("tidings.access")


@dataclass(frozen=True, slots=True)
class Caller:
    """Who is calling and what he may do; `credential_hash` is "" when he said nothing."""

    principal: Principal
    rights: Rights
    credential_hash: str = ""

    def refuse(self, action: str, target: str) -> NoReturn:
        """Raise what says that he may not do it.

        Raises:
            Denied: he has a credential.
            Unauthenticated: he has none, and might with one.
        """
        if self.principal.id == ANONYMOUS:
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

    def caller(self, context: Context) -> Caller:
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

    def caller(self, context: Context) -> Caller:
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


class AccessControl:
    """Access control over the log's store. `open` it, then `run` it beside the service."""

    def __init__(self, log: EventLog, clock: Clock, *, tick_s: float = TICK_S) -> None:
        self._state = log.state
        self._clock = clock
        self._tick_s = tick_s
        self._stays: set[_Stay] = set()
        self.directory = Directory()

    async def open(self) -> None:
        """Read what the store has. Before the first call.

        Raises:
            StoreUnavailable: the store cannot be read.
        """
        # the watch before the list, or a change slips between
        self._changes = self._state.watch(stored.PREFIX)
        for entry in await self._state.list(stored.PREFIX):
            self._apply(entry)

    async def run(self) -> None:
        """Follow changes and the clock, until the store closes or it is cancelled."""
        async with asyncio.TaskGroup() as tasks:
            ticking = tasks.create_task(self._tick())
            await self._follow()
            ticking.cancel()

    def set_file(self, tokens: Iterable[Token], policies: Iterable[Policy]) -> None:
        """Replace what the policy file says, and ask every open call again."""
        self.directory.set_file(tokens, policies)
        self._ask_all()

    async def put(self, name: str, value: bytes, *, expect_new: bool = False) -> None:
        """Store a token or policy durably; it counts when this returns."""
        entry = await self._state.put(name, value, expect_revision=0 if expect_new else None)
        self._apply(entry)
        self._ask_all()

    async def delete(self, name: str) -> None:
        """Delete a policy durably; it counts no more when this returns."""
        await self._state.delete(name)
        self._apply(name)
        self._ask_all()

    def now_us(self) -> int:
        """Return the time by which tokens end, in microseconds since 1970."""
        return self._clock.now_us()

    def caller(self, context: Context) -> Caller:
        """Return who is calling, by the metadata "authorization: Bearer SECRET"."""
        return self._caller_of(_credential_hash(context))

    def again(self, caller: Caller) -> Caller:
        """Return the same caller as he is now."""
        return self._caller_of(caller.credential_hash)

    async def staying(
        self, caller: Caller, recheck: Recheck, work: Coroutine[Any, Any, None]
    ) -> None:
        """Do the work of a call that lasts, as long as the caller may stay."""
        stay = _Stay(caller, recheck)
        self._stays.add(stay)
        self._ask(stay)  # something may have changed since he was let in
        try:
            async with asyncio.TaskGroup() as tasks:
                working = tasks.create_task(_outcome(work))
                ended = tasks.create_task(stay.ended.wait())
                await asyncio.wait({working, ended}, return_when=asyncio.FIRST_COMPLETED)
                working.cancel()
                ended.cancel()
        finally:
            self._stays.discard(stay)
        failure = stay.failure if working.cancelled() else stay.failure or working.result()
        if failure is not None:
            raise failure

    def _caller_of(self, credential_hash: str) -> Caller:
        principal = self.directory.find_hash(credential_hash, self._clock.now_us())
        return Caller(principal, self.directory.rights(principal), credential_hash)

    async def _follow(self) -> None:
        while True:
            try:
                async for change in self._changes:
                    self._apply(change)
                    self._ask_all()
            except LogClosed:
                return
            except StoreUnavailable:
                _log.warning("changes of tokens and policies are not heard now")
            await asyncio.sleep(self._tick_s)
            self._changes = self._state.watch(stored.PREFIX)

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(self._tick_s)
            for stay in list(self._stays):
                if stay.caller.principal.expires_at_us is not None:
                    self._ask(stay)

    def _apply(self, change: StateEntry | str) -> None:
        if isinstance(change, str):
            if change.startswith(stored.TOKENS):
                self.directory.drop_token(change.removeprefix(stored.TOKENS))
            else:
                self.directory.drop_policy(change.removeprefix(stored.POLICIES))
        elif change.name.startswith(stored.TOKENS):
            token = stored.parse_token(change.value)
            if token is not None:
                self.directory.put_token(token)
        elif policy := stored.parse_policy(change.value):
            self.directory.put_policy(policy)

    def _ask_all(self) -> None:
        for stay in list(self._stays):
            self._ask(stay)

    def _ask(self, stay: _Stay) -> None:
        try:
            caller = self._caller_of(stay.caller.credential_hash)
            if caller != stay.caller:
                stay.caller = caller
                stay.recheck(caller)
        except TidingsError as failure:
            stay.failure = failure
            stay.ended.set()


class _Stay:
    """One call that lasts."""

    def __init__(self, caller: Caller, recheck: Recheck) -> None:
        self.caller = caller
        self.recheck = recheck
        self.ended = asyncio.Event()
        self.failure: TidingsError | None = None


async def _outcome(work: Coroutine[Any, Any, None]) -> TidingsError | None:
    try:
        await work
    except TidingsError as failure:
        return failure
    return None


def _credential_hash(context: Context) -> str:
    for key, value in context.invocation_metadata() or ():
        if key == CREDENTIAL_KEY:
            text = value if isinstance(value, str) else value.decode("utf-8", "replace")
            scheme, _, credential = text.strip().partition(" ")
            if scheme.lower() != SCHEME or not credential.strip():
                raise Unauthenticated("invalid")
            return hash_of(credential.strip())
    return ""
