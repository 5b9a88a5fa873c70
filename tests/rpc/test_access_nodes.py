"""Two services over one JetStream log: what one of them changes counts at the other."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from dataclasses import replace
from typing import Any

import pytest

from tests.kit.clock import DayClock
from tests.kit.loop import becomes, scenario
from tests.nats.places import JetStreamPlace
from tests.nats.servers import NatsServer
from tidings.access import stored
from tidings.access.principals import Policy, Role, Token
from tidings.access.rules import parse_rules
from tidings.access.secret import hash_of
from tidings.core.errors import Unauthenticated
from tidings.dialects import load
from tidings.log.event_log import EventLog
from tidings.rpc.access_control import AccessControl
from tidings.rpc.authorize import Caller
from tidings.rpc.server import Views
from tidings.store.base import EventStore

RULES = 'puppet.jobs = "read"'
TOKEN = Token("t", "t", hash_of("secret"), roles=("r",))


async def _access(store: EventStore) -> AccessControl:
    clock = DayClock()
    views = Views.of(load(), clock)
    made = AccessControl(EventLog(store, clock=clock, envelope_of=views.envelope_of), clock)
    await made.open()
    return made


def _may_read(access: AccessControl) -> bool:
    try:
        return access.directory.rights(access.directory.find("secret", 0)).may_read("puppet")
    except Unauthenticated:
        return False


async def _change_here_and_see_there(here: AccessControl, there: AccessControl) -> None:
    policy = Policy("p", "", RULES, parse_rules(RULES))
    await here.put(stored.POLICIES + "p", stored.render_policy(policy))
    await here.put(stored.ROLES + "r", stored.render_role(Role("r", "", ("p",))))
    await here.put(stored.TOKENS + "t", stored.render_token(TOKEN))
    await becomes(lambda: _may_read(there))
    await here.delete(stored.ROLES + "r")
    await becomes(lambda: not _may_read(there))
    await there.put(stored.ROLES + "r", stored.render_role(Role("r", "", ("p",))))
    await becomes(lambda: _may_read(here))

    caller = await there.caller_with("secret")
    changes: list[Caller] = []
    staying = there.staying(caller, changes.append, _for_ever())
    async with asyncio.TaskGroup() as tasks:
        stream = tasks.create_task(_reason_of_end(staying))
        revoked = replace(TOKEN, revoked_at_us=1)
        await here.put(stored.TOKENS + "t", stored.render_token(revoked))
        assert await stream == "revoked"
    assert changes == []


async def _for_ever() -> None:
    await asyncio.Event().wait()


async def _reason_of_end(staying: Coroutine[Any, Any, None]) -> str:
    with pytest.raises(Unauthenticated) as ended:
        await staying
    return ended.value.reason


@scenario
async def test_what_changes_at_one_node_counts_at_the_other(nats: NatsServer) -> None:
    place = JetStreamPlace(nats)
    stores = [await place.open() for _ in range(2)]
    here, there = [await _access(store) for store in stores]
    try:
        async with asyncio.TaskGroup() as tasks:
            running = [tasks.create_task(each.run()) for each in (here, there)]
            await _change_here_and_see_there(here, there)
            for each in running:
                each.cancel()
    finally:
        for store in stores:
            await store.close()
