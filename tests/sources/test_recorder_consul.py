"""A recorder between a Consul with a short memory and a real service: nothing is lost silently."""

from __future__ import annotations

import asyncio
import json
import random
from collections import deque

import pytest

from tests.kit.loop import at_once, run_async
from tests.rpc.serving import Served, read_to_head
from tests.sources.test_consul import event
from tests.sources.test_recorder import gaps, record
from tests.sources.upstreams import Answer, Asked, upstream
from tidings.sources.consul import ConsulSource
from tidings.sources.target import Target

RING_SIZE = 10


class FakeConsul:
    """An agent with a short list and random indexes, which cuts answers where chance has it."""

    def __init__(self, chance: random.Random, size: int = RING_SIZE) -> None:
        self._chance = chance
        self._held: deque[str] = deque(maxlen=size)
        self._index = 1
        self._changed = asyncio.Event()

    def fire(self, event_id: str) -> None:
        self._held.append(event_id)
        self._index = self._chance.getrandbits(64)
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    def restart(self) -> None:
        self._held.clear()
        self._index = 1

    async def serve(self, asked: Asked, answer: Answer) -> None:
        while str(self._index) == asked.query.get("index", [""])[0]:
            await self._changed.wait()
        body = json.dumps([event(event_id) for event_id in self._held]).encode()
        if self._chance.random() < 0.2:
            await answer.begin()
            await answer.chunk(body[: self._chance.randrange(len(body)) + 1])
            answer.cut()
            return
        await answer.whole(200, body, x_consul_index=str(self._index))


def stored(served: Served) -> list[str]:
    """Return the IDs in the order of the log."""
    return [
        each.id
        for found in read_to_head(served.stub, after_seq=0)
        for each in found.events
        if each.HasField("consul")
    ]


@pytest.mark.parametrize("seed", range(3))
def test_every_event_is_stored_once_in_order_or_covered_by_a_gap(served: Served, seed: int) -> None:
    chance = random.Random(seed)
    happened: list[str] = []

    def fire(system: FakeConsul) -> None:
        happened.append(f"{len(happened):08x}-0000-0000-0000-{chance.getrandbits(48):012x}")
        system.fire(happened[-1])

    async def main() -> None:
        system = FakeConsul(chance)
        async with upstream(system.serve) as url:
            source = ConsulSource("prod", Target(url), sleep=at_once)
            for _ in range(5):
                # what is fired while nobody listens may be more than the list holds
                for _ in range(chance.randrange(0, 2 * RING_SIZE)):
                    fire(system)
                if chance.random() < 0.3:
                    system.restart()
                fire(system)
                await record(served, source, lambda: happened[-1] in stored(served))

    run_async(main())
    found = stored(served)
    assert found == sorted(set(found))  # their IDs rise as they are fired
    told = gaps(served)
    for event_id in happened:
        is_covered = any(after < event_id < before for after, before in told)
        assert event_id in found or is_covered or event_id < found[0]
