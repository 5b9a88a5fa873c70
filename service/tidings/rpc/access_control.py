"""Access control: the one place of the edge that sees credentials.

How this works: a directory of tokens, policies and roles is filled from the policy file and from
the store's small values, whose every change is heard. A call that lasts registers itself
(`staying`); it is asked again when anything changes or its credential's time is over, and ends by
itself then. Nobody else's call is touched.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Coroutine, Mapping
from contextlib import suppress
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Generic, TypeVar

import structlog

from tidings.access import stored
from tidings.access.assertion import Assertion, UnknownKey
from tidings.access.directory import Directory, Layered, Proof
from tidings.access.jwks import KeySet
from tidings.access.policy_file import PolicyFile
from tidings.core.backoff import Backoff
from tidings.core.clock import Clock
from tidings.core.errors import LogClosed, StoreUnavailable, TidingsError, Unauthenticated
from tidings.core.record import StateEntry
from tidings.log.event_log import EventLog
from tidings.rpc.authorize import Caller, Context, Recheck
from tidings.rpc.outcomes import outcome_of

CREDENTIAL_KEY = "authorization"
SCHEME = "bearer"

TICK_S = 1.0
"""How often expiry is looked at beside the timers of what lasts, for a clock that was set."""

_LEAST_WAIT_S, _LONGEST_WAIT_S = 0.001, 86_400.0

FORGET_S = 3600.0
"""How often tokens that can be forgotten are looked for."""

FindKeys = Callable[[str], Awaitable[None]]

T = TypeVar("T")

_log = structlog.get_logger("tidings.access")


class AccessControl:
    """Access control over the log's store. `open` it, then `run` it beside the service."""

    def __init__(self, log: EventLog, clock: Clock, *, tick_s: float = TICK_S) -> None:
        self._state = log.state
        self._clock = clock
        self._tick_s = tick_s
        self._stays: set[_Stay] = set()
        self.directory = Directory()
        self.find_newer_keys: FindKeys = _no_newer_keys
        """Is awaited when a JWT has an unknown key; hands newer ones, if any, to `set_keys`."""
        self._kinds = (
            _Kind(stored.TOKENS, stored.parse_token, self.directory.tokens),
            _Kind(stored.POLICIES, stored.parse_policy, self.directory.policies),
            _Kind(stored.ROLES, stored.parse_role, self.directory.roles),
        )

    async def open(self) -> None:
        """Read what the store has. Before the first call.

        Raises:
            StoreUnavailable: the store cannot be read.
        """
        # the watch before the list, or a change slips between
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
        """Replace what the policy file says, with all keys; every open call is asked again."""
        self.directory.set_file(file, keys)
        self._ask_all()

    def set_keys(self, jwks: str, keys: KeySet) -> None:
        """Replace the keys that come from one place; every open call is asked again."""
        self.directory.set_keys(jwks, keys)
        self._ask_all()

    async def put(self, name: str, value: bytes, *, expect_new: bool = False) -> None:
        """Store a token, policy or role durably; it counts when this returns."""
        entry = await self._state.put(name, value, expect_revision=0 if expect_new else None)
        self._apply(entry)
        self._ask_all()

    async def delete(self, name: str) -> None:
        """Delete one durably; it counts no more when this returns."""
        await self._state.delete(name)
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
        structlog.contextvars.bind_contextvars(caller=_shown(caller))
        return caller

    async def caller_with(self, credential: str) -> Caller:
        """Return whose a credential is, "" = there is none. Waits for keys that may be too new.

        Raises:
            Unauthenticated: it is nobody's.
        """
        try:
            proof = self.directory.prove(credential)
        except UnknownKey as unknown:
            await self.find_newer_keys(unknown.jwks)
            proof = self.directory.prove(credential)
        return self._caller_of(proof)

    def again(self, caller: Caller) -> Caller:
        """Return the same caller as he is now."""
        return self._caller_of(caller.proof)

    async def staying(
        self, caller: Caller, recheck: Recheck, work: Coroutine[Any, Any, None]
    ) -> None:
        """Do the work of a call that lasts, as long as the caller may stay."""
        stay = _Stay(caller, recheck)
        self._stays.add(stay)
        self._ask_in_time(stay)  # something may have changed since he was let in
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
                        await self.open()  # what changed while nobody listened is in its list
                        is_heard = True
                        pauses.reset()
                    async for change in self._changes:
                        self._apply(change)
                        self._ask_all()
                except StoreUnavailable:
                    if is_heard:
                        _log.warning("changes of tokens and policies are not heard now")
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
        """Ask now, and once more at the very moment when the credential's time is over."""
        self._ask(stay)
        expires_at_us = stay.caller.principal.expires_at_us
        if expires_at_us is not None and stay.failure is None:
            left_s = (expires_at_us - self._clock.now_us()) / 1_000_000
            # later again if the timer was early, or the time is too far for one
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


@dataclass(frozen=True, slots=True)
class _Kind(Generic[T]):
    """One kind of thing that is kept in the store, below a prefix of names."""

    prefix: str
    parse: Callable[[bytes], T | None]
    things: Layered[T]

    def apply(self, change: StateEntry | str) -> None:
        """Take over a change, if it is of this kind; what cannot be read counts as nothing."""
        name = change if isinstance(change, str) else change.name
        if not name.startswith(self.prefix):
            return
        found = None if isinstance(change, str) else self.parse(change.value)
        if found is None:
            self.things.drop(name.removeprefix(self.prefix))
        else:
            self.things.put(name.removeprefix(self.prefix), found)

    def keep_only(self, names: Collection[str]) -> None:
        """Drop whatever is not among these names of the store."""
        for name in list(self.things.of_store()):
            if self.prefix + name not in names:
                self.things.drop(name)


class _Stay:
    """One call that lasts."""

    def __init__(self, caller: Caller, recheck: Recheck) -> None:
        self.caller = caller
        self.recheck = recheck
        self.ended = asyncio.Event()
        self.failure: TidingsError | None = None
        self.timer: asyncio.TimerHandle | None = None


def _shown(caller: Caller) -> str:
    """Return who calls, for the lines of his call: a token's id, or by which issuer he came."""
    if isinstance(caller.proof, Assertion):
        return f"jwt:{caller.proof.issuer}"  # what it claims is nobody else's business
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
