"""Where a stream starts on a node that has not yet heard all that the store has."""

from __future__ import annotations

import asyncio

import pytest

from tests.kit.jumping import scenario, turns
from tests.kit.log import Rig, running
from tidings.rpc.starts import find_start
from tidings.v1.event_service_pb2 import SubscribeRequest


class Closest:
    """Nomad's rule over a log that holds nothing but Nomad's records."""

    def __init__(self, rig: Rig) -> None:
        self._rig = rig

    def start_after(self, index: int) -> int:
        return min(index, self._rig.log.last_seq) - 1


@pytest.mark.parametrize(("index", "after_seq"), [(3, 2), (4, 3), (5, 3)])
@scenario
async def test_nomads_rule_is_applied_once_the_node_has_heard(index: int, after_seq: int) -> None:
    async with running() as rig:
        await rig.add("a")
        rig.store.may_feed.clear()
        await rig.add("b", "c")
        request = SubscribeRequest(nomad_index=index)
        starting = asyncio.create_task(find_start(request, ["nomad"], rig.log, Closest(rig)))
        await turns(10)
        rig.store.may_feed.set()
        assert (await starting).after_seq == after_seq


@scenario
async def test_a_node_that_hears_nothing_answers_with_what_it_has() -> None:
    async with running() as rig:
        await rig.add("a")
        rig.store.may_feed.clear()
        await rig.add("b")
        request = SubscribeRequest(nomad_index=3)
        found = await find_start(request, ["nomad"], rig.log, Closest(rig))
        assert found.after_seq == 1
        rig.store.may_feed.set()
