"""Access control: the only place of the edge that sees credentials.

How this works: a directory of tokens, policies and roles is filled from the policy file and from
the store's small values, which are watched for changes. A long-running call registers itself
(`staying`); it is checked again when anything changes or its credential expires, and ends itself
if it may not continue. No other call is affected.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from contextlib import suppress
from types import MappingProxyType
from typing import Any, TypeVar

import structlog

from tidings.access import stored
from tidings.access.assertion import Assertion, UnknownKey
from tidings.access.directory import Directory, Proof
from tidings.access.jwks import KeySet
from tidings.access.policy_file import PolicyFile
from tidings.core.backoff import Backoff
from tidings.core.clock import Clock
from tidings.core.errors import LogClosed, StoreUnavailable, TidingsError, Unauthenticated
from tidings.core.record import StateEntry
from tidings.log.event_log import EventLog
from tidings.rpc.access_kinds import Kind
from tidings.rpc.authorize import Caller, Context, Recheck
from tidings.rpc.outcomes import outcome_of
from tidings.rpc.request_ids import caller_entries

CREDENTIAL_KEY = "authorization"
SCHEME = "bearer"

TICK_S = 1.0
"""How often expiry is checked besides the timers of long calls, in case the clock was set."""

_LEAST_WAIT_S, _LONGEST_WAIT_S = 0.001, 86_400.0

FORGET_S = 3600.0
"""How often the store is searched for tokens that can be deleted."""

FindKeys = Callable[[str], Awaitable[None]]

T = TypeVar("T")

_log = structlog.get_logger("tidings.access")


class AccessControl:
    """Access control over the log's store. `open` it, then `run` it while the service runs."""

    def __init__(self, log: EventLog, clock: Clock, *, tick_s: float = TICK_S) -> None:
        self._state = log.state
        self._clock = clock
        self._tick_s = tick_s
        self._stays: set[_Stay] = set()
        self.directory = Directory()
        self.find_newer_keys: FindKeys = _no_newer_keys
        """Awaited when a JWT has an unknown key; passes newer keys, if any, to `set_keys`."""
        self._kinds = (
            Kind(stored.TOKENS, stored.parse_token, self.directory.tokens),
            Kind(stored.POLICIES, stored.parse_policy, self.directory.policies),
            Kind(stored.ROLES, stored.parse_role, self.directory.roles),
        )

    async def open(self) -> None:
        """Read what the store has. Before the first call.

        Raises:
            StoreUnavailable: the store cannot be read.
        """
        # the watch before the list, or a change between the two is missed
        self._changes = self._state.watch(stored.PREFIX)
        entries = await self._state.list(stored.PREFIX)
        for kind in self._kinds:
            kind.keep_only({entry.name for entry in entries})
        for entry in entries:
            self._apply(entry)
        self._ask_all()

    async def run(self) -> None:
        """Follow changes and the clock, until the store closes or it is cancelled."""
        async with asyncio.TaskGroup() as tasks:
            ticking = tasks.create_task(self._tick())
            forgetting = tasks.create_task(self._forget_again_and_again())
            await self._follow()
            ticking.cancel()
            forgetting.cancel()

    def set_file(self, file: PolicyFile, keys: Mapping[str, KeySet] = MappingProxyType({})) -> None:
        """Replace what the policy file says, with all keys; every open call is checked again."""
        self.directory.set_file(file, keys)
        self._ask_all()

    def set_keys(self, jwks: str, keys: KeySet) -> None:
        """Replace the keys of one location; every open call is checked again."""
        self.directory.set_keys(jwks, keys)
        self._ask_all()

    async def get(self, name: str) -> StateEntry | None:
        """Return a token, policy or role as the store has it now, whoever changed it."""
        return await self._state.get(name)

    async def put(self, name: str, value: bytes, *, expect_revision: int | None = None) -> None:
        """Store a token, policy or role durably; it is in effect when this returns.

        Raises:
            StateConflict: it has another revision, 0 = there is none; nothing was changed.
        """
        entry = await self._state.put(name, value, expect_revision=expect_revision)
        self._apply(entry)
        self._ask_all()

    async def delete(self, name: str, *, expect_revision: int | None = None) -> None:
        """Delete one durably; it has no effect any more when this returns.

        Raises:
            StateConflict: it has another revision; nothing was changed.
        """
        await self._state.delete(name, expect_revision=expect_revision)
        self._apply(name)
        self._ask_all()

    async def forget(self) -> None:
        """Delete the tokens of the store that ended long ago (`Token.can_be_forgotten`)."""
        now_us = self._clock.now_us()
        for token in list(self.directory.tokens.of_store().values()):
            if token.can_be_forgotten(now_us):
                await self._try_to_delete(stored.TOKENS + token.id)

    def now_us(self) -> int:
        """Return the time by which tokens end, in microseconds since 1970."""
        return self._clock.now_us()

    async def caller(self, context: Context) -> Caller:
        """Return who is calling, by the metadata "authorization: Bearer CREDENTIAL"."""
        caller = await self.caller_with(_credential(context))
        shown = _shown(caller)
        structlog.contextvars.bind_contextvars(caller=shown)
        before = tuple(context.trailing_metadata() or ())
        context.set_trailing_metadata((*before, *caller_entries(shown)))
        return caller

    async def caller_with(self, credential: str) -> Caller:
        """Return the principal of a credential, "" = none. Waits for keys that may be too new.

        Raises:
            Unauthenticated: it is not valid.
        """
        try:
            proof = self.directory.prove(credential)
        except UnknownKey as unknown:
            await self.find_newer_keys(unknown.jwks)
            proof = self.directory.prove(credential)
        return self._caller_of(proof)

    def again(self, caller: Caller) -> Caller:
        """Return the same caller with its rights as they are now."""
        return self._caller_of(caller.proof)

    async def staying(
        self, caller: Caller, recheck: Recheck, work: Coroutine[Any, Any, None]
    ) -> None:
        """Do the work of a long-running call while the caller's rights allow it."""
        stay = _Stay(caller, recheck)
        self._stays.add(stay)
        self._ask_in_time(stay)  # something may have changed since it was admitted
        try:
            async with asyncio.TaskGroup() as tasks:
                working = tasks.create_task(outcome_of(work))
                ended = tasks.create_task(stay.ended.wait())
                await asyncio.wait({working, ended}, return_when=asyncio.FIRST_COMPLETED)
                working.cancel()
                ended.cancel()
        finally:
            self._stays.discard(stay)
            if stay.timer is not None:
                stay.timer.cancel()
        failure = stay.failure if working.cancelled() else stay.failure or working.result()
        if failure is not None:
            raise failure

    def _caller_of(self, proof: Proof) -> Caller:
        principal = self.directory.principal(proof, self._clock.now_us())
        return Caller(principal, self.directory.rights(principal), proof)

    async def _follow(self) -> None:
        is_heard = True
        pauses = Backoff(self._tick_s, 4 * self._tick_s)
        with suppress(LogClosed):
            while True:
                try:
                    if not is_heard:
                        await self.open()  # changes while there was no watch are in its list
                        is_heard = True
                        pauses.reset()
                    async for change in self._changes:
                        self._apply(change)
                        self._ask_all()
                except StoreUnavailable:
                    if is_heard:
                        _log.warning("changes of tokens and policies cannot be watched now")
                    is_heard = False
                await asyncio.sleep(pauses.next_s())

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(self._tick_s)
            now_us = self._clock.now_us()
            for stay in list(self._stays):
                expires_at_us = stay.caller.principal.expires_at_us
                if expires_at_us is not None and expires_at_us <= now_us:
                    self._ask(stay)

    async def _forget_again_and_again(self) -> None:
        while True:
            await self.forget()
            await asyncio.sleep(FORGET_S)

    async def _try_to_delete(self, name: str) -> None:
        try:
            await self.delete(name)
        except TidingsError as error:
            _log.warning("a token is not forgotten yet", error=str(error))

    def _apply(self, change: StateEntry | str) -> None:
        for kind in self._kinds:
            kind.apply(change)

    def _ask_all(self) -> None:
        for stay in list(self._stays):
            self._ask(stay)

    def _ask_in_time(self, stay: _Stay) -> None:
        """Check now, and again when the credential expires."""
        self._ask(stay)
        expires_at_us = stay.caller.principal.expires_at_us
        if expires_at_us is not None and stay.failure is None:
            left_s = (expires_at_us - self._clock.now_us()) / 1_000_000
            # again later if the timer was early, or the time is too far away for one timer
            wait_s = min(max(left_s, _LEAST_WAIT_S), _LONGEST_WAIT_S)
            loop = asyncio.get_running_loop()
            stay.timer = loop.call_later(wait_s, self._ask_in_time, stay)

    def _ask(self, stay: _Stay) -> None:
        try:
            caller = self._caller_of(stay.caller.proof)
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
        self.timer: asyncio.TimerHandle | None = None


def _shown(caller: Caller) -> str:
    """Return who calls, for the log lines of the call: a token's id, or the issuer of its JWT."""
    if isinstance(caller.proof, Assertion):
        return f"jwt:{caller.proof.issuer}"  # its claims are private
    return caller.principal.id


async def _no_newer_keys(_jwks: str) -> None:
    """Find none."""


def _credential(context: Context) -> str:
    for key, value in context.invocation_metadata() or ():
        if key == CREDENTIAL_KEY:
            text = value if isinstance(value, str) else value.decode("utf-8", "replace")
            scheme, _, credential = text.strip().partition(" ")
            if scheme.lower() != SCHEME or not credential.strip():
                raise Unauthenticated("invalid")
            return credential.strip()
    return ""
