"""Leases of a shared log: who is silent for too long loses the source, and hears so."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from tests.kit import jumping
from tests.kit.clock import ManualClock
from tests.kit.loop import becomes, scenario
from tidings.core.clock import Clock
from tidings.core.errors import StateConflict, StoreUnavailable
from tidings.core.record import StateEntry
from tidings.rpc.sources.lease import DEAD_AFTER_S, LOOK_S, RENEW_S, SOURCES, Lease, Leases
from tidings.store.base import StateStore
from tidings.store.memory import MemoryStore
from tidings.v1 import source_pb2


class Nodes:
    """Two nodes over one log."""

    def __init__(
        self,
        *,
        is_shared: bool = True,
        clock: Clock | None = None,
        look_s: float = 0.001,
        seen_as: Callable[[Any], Any] = lambda state: state,
    ) -> None:
        self.clock = ManualClock(0.0)
        self.state: StateStore = MemoryStore(clock=self.clock).state
        self.waiting = 0
        self.looks = 0
        state = seen_as(self.state)
        self.a, self.b = (
            Leases(state, clock or self.clock, node=node, is_shared=is_shared, look_s=look_s)
            for node in ("a", "b")
        )

    async def acquire(self, leases: Leases) -> Lease:
        def taken(known: source_pb2.SourceStatus | None) -> source_pb2.SourceStatus:
            self.looks += 1
            position = known.position if known else ""
            return source_pb2.SourceStatus(source="prod", node=leases.node, position=position)

        async def stands_by() -> None:
            self.waiting += 1

        return await leases.acquire("prod", taken, stands_by)


@scenario
async def test_a_silent_holder_is_taken_for_dead_and_what_it_says_then_counts_no_more() -> None:
    nodes = Nodes()
    first = await nodes.acquire(nodes.a)
    await first.write(source_pb2.SourceStatus(source="prod", node="a", position="7"))
    other = asyncio.create_task(nodes.acquire(nodes.b))
    await becomes(lambda: nodes.waiting == 1)
    nodes.clock.at_s += DEAD_AFTER_S
    second = await other
    assert (second.status.node, second.status.position) == ("b", "7")
    with pytest.raises(StateConflict):
        await first.write(source_pb2.SourceStatus(source="prod", node="a", position="8"))
    entry = await nodes.state.get(SOURCES + "prod")
    assert entry is not None
    assert source_pb2.SourceStatus.FromString(entry.value).position == "7"


class LoopClock:
    """The time of the loop, which jumps."""

    def now_us(self) -> int:
        return round(self.monotonic_s() * 1_000_000)

    def monotonic_s(self) -> float:
        return asyncio.get_running_loop().time()


@pytest.mark.parametrize("after_s", [0, 0.4, 0.9, 1.3, RENEW_S])
def test_a_dead_holder_is_followed_within_ten_seconds(after_s: float) -> None:
    """However long before its death it has written last, and whenever the others look."""
    jumping.run(_death(after_s))


async def _death(after_s: float) -> None:
    nodes = Nodes(clock=LoopClock(), look_s=LOOK_S)
    first = await nodes.acquire(nodes.a)
    await jumping.passes(0.3)
    other = asyncio.create_task(nodes.acquire(nodes.b))
    for _ in range(10):
        await jumping.passes(3 * RENEW_S - 0.13)  # two writes late
        await first.write(first.status)
    assert not other.done()
    await jumping.passes(after_s)
    died_s = asyncio.get_running_loop().time()
    await other
    assert 0 < asyncio.get_running_loop().time() - died_s < 10


@scenario
async def test_a_holder_that_writes_keeps_the_source_however_long_it_takes() -> None:
    nodes = Nodes()
    first = await nodes.acquire(nodes.a)
    other = asyncio.create_task(nodes.acquire(nodes.b))
    await becomes(lambda: nodes.waiting == 1)
    for _ in range(5):
        nodes.clock.at_s += DEAD_AFTER_S / 2
        await first.write(first.status)
        looked = nodes.looks
        await becomes(lambda: nodes.looks > looked + 1)  # noqa: B023 - awaited here
    assert not other.done()
    other.cancel()
    await asyncio.gather(other, return_exceptions=True)


@scenario
async def test_a_holder_that_left_is_followed_without_a_wait() -> None:
    nodes = Nodes()
    first = await nodes.acquire(nodes.a)
    other = asyncio.create_task(nodes.acquire(nodes.b))
    await becomes(lambda: nodes.waiting == 1)
    await first.write(source_pb2.SourceStatus(source="prod", node=""))
    assert (await other).status.node == "b"


class SlowState:
    """Answers the first two questions once both are asked."""

    def __init__(self, inner: StateStore) -> None:
        self._inner = inner
        self._both = asyncio.Barrier(2)

    async def get(self, name: str) -> StateEntry | None:
        entry = await self._inner.get(name)
        if entry is None:
            await self._both.wait()
        return entry

    async def put(
        self, name: str, value: bytes, *, expect_revision: int | None = None
    ) -> StateEntry:
        return await self._inner.put(name, value, expect_revision=expect_revision)


@scenario
async def test_of_two_who_find_it_free_one_is_granted() -> None:
    nodes = Nodes(seen_as=SlowState)
    both = [asyncio.create_task(nodes.acquire(each)) for each in (nodes.a, nodes.b)]
    done, left = await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
    await becomes(lambda: nodes.waiting == 1)
    assert len(done) == len(left) == 1
    for task in left:
        task.cancel()
    await asyncio.gather(*left, return_exceptions=True)


@scenario
async def test_a_log_of_one_process_owes_nothing_to_the_one_before() -> None:
    nodes = Nodes(is_shared=False)
    await nodes.acquire(nodes.a)
    assert (await nodes.acquire(nodes.b)).status.node == "b"
    assert nodes.waiting == 0


class LossyState:
    """Loses the answer to the next write, which is done."""

    def __init__(self, inner: StateStore) -> None:
        self._inner = inner
        self.loses = False

    async def get(self, name: str) -> StateEntry | None:
        return await self._inner.get(name)

    async def put(
        self, name: str, value: bytes, *, expect_revision: int | None = None
    ) -> StateEntry:
        entry = await self._inner.put(name, value, expect_revision=expect_revision)
        if self.loses:
            self.loses = False
            raise StoreUnavailable("writing")
        return entry


@scenario
async def test_a_write_whose_answer_was_lost_can_be_written_again() -> None:
    nodes = Nodes()
    held = await nodes.acquire(nodes.a)
    entry = await nodes.state.get(SOURCES + "prod")
    assert entry is not None
    state = LossyState(nodes.state)
    lease = Lease(state, entry)  # type: ignore[arg-type]  # as much of a store as it uses
    state.loses = True
    with pytest.raises(StoreUnavailable):
        await lease.write(held.status)
    await lease.write(held.status)
