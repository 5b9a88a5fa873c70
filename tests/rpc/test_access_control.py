"""Access control beside a store that is away for a while."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import cast

import structlog

from tests.kit.clock import DayClock
from tests.kit.loop import becomes, scenario
from tidings.access import stored
from tidings.access.policy_file import PolicyFile
from tidings.access.principals import Role, Token
from tidings.access.secret import hash_of
from tidings.core.errors import StoreUnavailable, Unauthenticated
from tidings.core.record import StateEntry
from tidings.dialects import load
from tidings.log.event_log import EventLog
from tidings.rpc.access_control import AccessControl
from tidings.rpc.server import Views
from tidings.store.memory import MemoryStore
from tidings.store.memory_state import MemoryState


class InterruptedState:
    """Small values whose first watch fails when it is told to, and hears nothing before."""

    def __init__(self, state: MemoryState) -> None:
        self._state = state
        self.failing = asyncio.Event()
        self.get, self.put, self.delete = state.get, state.put, state.delete
        self.close = state.close
        self.list_failures: list[Exception] = []

    async def list(self, prefix: str) -> list[StateEntry]:
        if self.list_failures:
            raise self.list_failures.pop()
        return await self._state.list(prefix)

    def watch(self, prefix: str) -> AsyncIterator[StateEntry | str]:
        if self.failing.is_set():
            return self._state.watch(prefix)
        return _Failing(self.failing)


class _Failing:
    """A watch that hears nothing, and then fails."""

    def __init__(self, when: asyncio.Event) -> None:
        self._when = when

    def __aiter__(self) -> _Failing:
        return self

    async def __anext__(self) -> StateEntry | str:
        await self._when.wait()
        raise StoreUnavailable("watch")


class InterruptedStore(MemoryStore):
    def __init__(self, clock: DayClock) -> None:
        super().__init__(clock=clock)
        self.interrupted = InterruptedState(self.state)
        self.state = cast("MemoryState", self.interrupted)


def _token(name: str) -> Token:
    return Token(name, name, hash_of(name), roles=("r",))


def _outcome(access: AccessControl, credential: str) -> str:
    try:
        access.directory.find(credential, 0)
    except Unauthenticated as error:
        return error.reason
    return "good"


@scenario
async def test_a_token_that_cannot_be_forgotten_now_is_forgotten_later() -> None:
    clock = DayClock()
    store = MemoryStore(clock=clock)
    views = Views.of(load(), clock)
    log = EventLog(store, clock=clock, envelope_of=views.envelope_of)
    access = AccessControl(log, clock)
    ended = replace(_token("ended"), revoked_at_us=1)
    await store.state.put(stored.TOKENS + "ended", stored.render_token(ended))
    await access.open()
    delete = store.state.delete

    async def fail(name: str, *, expect_revision: int | None = None) -> None:
        raise StoreUnavailable(f"deleting {name}")

    store.state.delete = fail  # type: ignore[method-assign]
    with structlog.testing.capture_logs() as lines:
        await access.forget()
    assert [line["event"] for line in lines] == ["a token is not forgotten yet"]
    assert _outcome(access, "ended") == "revoked"
    store.state.delete = delete  # type: ignore[method-assign]
    await access.forget()
    assert _outcome(access, "ended") == "unknown"


@scenario
async def test_what_changed_while_the_store_was_away_counts_afterwards() -> None:
    clock = DayClock()
    store = InterruptedStore(clock)
    views = Views.of(load(), clock)
    log = EventLog(store, clock=clock, envelope_of=views.envelope_of)
    access = AccessControl(log, clock, tick_s=0.001)
    for name in ("stays", "gone", "revoked"):
        await store.state.put(stored.TOKENS + name, stored.render_token(_token(name)))
    await store.state.put(stored.ROLES + "r", stored.render_role(Role("r", "")))
    await access.open()
    access.set_file(PolicyFile(tokens={"filed": _token("filed")}))
    await store.state.delete(stored.TOKENS + "gone")
    await store.state.delete(stored.ROLES + "r")
    revoked = replace(_token("revoked"), revoked_at_us=1)
    await store.state.put(stored.TOKENS + "revoked", stored.render_token(revoked))
    names = ("stays", "gone", "revoked", "filed")
    assert {_outcome(access, name) for name in names} == {"good"}
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(access.run())
        store.interrupted.list_failures = [StoreUnavailable("list")] * 2
        store.interrupted.failing.set()
        await becomes(lambda: _outcome(access, "revoked") != "good")
        assert [_outcome(access, name) for name in names] == [
            *("good", "unknown", "revoked", "good")
        ]
        assert access.directory.roles.get("r") is None
        await store.state.delete(stored.TOKENS + "stays")  # and it is heard again
        await becomes(lambda: _outcome(access, "stays") != "good")
        await store.close()
        await running
