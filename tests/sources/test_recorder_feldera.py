"""A recorder between a Feldera that cleans up and a real service: nothing is lost silently."""

from __future__ import annotations

import json
import random
from collections import deque

import pytest

from tests.kit.loop import at_once, run_async
from tests.rpc.serving import Served, read_to_head
from tests.sources.test_feldera import PATH, event
from tests.sources.test_recorder import gaps, record
from tests.sources.upstreams import Answer, Asked, upstream
from tidings.sources.feldera import FelderaSource
from tidings.sources.target import Target

KEPT = 10


class FakeFeldera:
    """A server that keeps few events, and cuts answers where chance has it."""

    def __init__(self, chance: random.Random, size: int = KEPT) -> None:
        self._chance = chance
        self._kept: deque[str] = deque(maxlen=size)
        self._count = 0

    def happen(self) -> str:
        event_id = f"00000000-0000-7000-8000-{self._count:012}"
        self._count += 1
        self._kept.append(event_id)
        return event_id

    def clean_up(self) -> None:
        self._kept.clear()

    def _text(self, event_id: str, *, is_whole: bool = True) -> str:
        number = int(event_id[-12:])
        time = f"2020-11-29T10:{number // 60:02}:{number % 60:02}Z"
        return json.dumps(event(event_id, is_whole=is_whole, recorded_at=time))

    async def serve(self, asked: Asked, answer: Answer) -> None:
        name = asked.path.removeprefix(PATH).removeprefix("/")
        if name == "latest" and self._kept:
            name = self._kept[-1]
        if not name:
            listed = [self._text(each, is_whole=False) for each in reversed(self._kept)]
            body = f"[{','.join(listed)}]".encode()
        elif name in self._kept:
            body = self._text(name).encode()
        else:
            await answer.whole(404, b"{}")
            return
        if self._chance.random() < 0.1:
            await answer.begin()
            await answer.chunk(body[: self._chance.randrange(len(body)) + 1])
            answer.cut()
            return
        await answer.whole(200, body)


def stored(served: Served) -> list[str]:
    """Return the ids in the order of the log."""
    return [
        each.id
        for found in read_to_head(served.stub, after_seq=0)
        for each in found.events
        if each.HasField("feldera")
    ]


@pytest.mark.parametrize("seed", range(2))
def test_every_event_is_stored_once_in_order_or_covered_by_a_gap(served: Served, seed: int) -> None:
    chance = random.Random(seed)
    happened: list[str] = []

    async def main() -> None:
        system = FakeFeldera(chance)
        async with upstream(system.serve) as url:
            source = FelderaSource("prod", Target(url), sleep=at_once)
            for _ in range(4):
                # what happens while nobody listens may be more than is kept
                happened.extend(system.happen() for _ in range(chance.randrange(1, 2 * KEPT)))
                await record(served, source, lambda: happened[-1] in stored(served))

    run_async(main())
    found = stored(served)
    assert found == sorted(set(found))  # their ids rise as they happen
    told = gaps(served)
    for event_id in happened:
        is_covered = any(after < event_id < before for after, before in told)
        assert event_id in found or is_covered or event_id < found[0]
