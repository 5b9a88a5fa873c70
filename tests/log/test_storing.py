"""While nothing can be stored: one line, health, pauses that grow, and nothing tried in vain."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest
from structlog.testing import capture_logs

from tests.kit.clock import ManualClock
from tests.kit.jumping import scenario, turns, until
from tests.kit.log import HeldStore, draft, running
from tidings.core.errors import (
    DATA_GONE,
    DISK_FULL,
    IO_ERROR,
    LogClosed,
    StoreUnavailable,
)
from tidings.core.limits import MAX_RECORD_BYTES
from tidings.core.record import Draft, Stored
from tidings.log.checks import Checks
from tidings.log.storing import NO_ANSWER, Storing
from tidings.store.base import Result
from tidings.store.memory import MemoryStore


class FailingStore(HeldStore):
    """A store for which nothing works while it has a failure."""

    def __init__(self) -> None:
        super().__init__(MemoryStore(clock=ManualClock()))
        self.failure: StoreUnavailable | None = None
        self.probes: list[int] = []
        self.closed = False

    async def append(self, drafts: Sequence[Draft]) -> list[Result]:
        self.groups.append(len(drafts))
        if self.failure is not None:
            raise self.failure
        return await self.inner.append(drafts)

    async def probe(self, size_bytes: int) -> None:
        self.probes.append(size_bytes)
        if self.closed:
            raise LogClosed
        if self.failure is not None:
            raise self.failure


class Rig:
    def __init__(self) -> None:
        self.store = FailingStore()
        self.checks = Checks()
        self.clock = ManualClock()
        self.pauses: list[float] = []
        self.is_pausing = False
        self.may_go_on = asyncio.Event()
        self.storing = Storing(self.store, self.checks, self.clock, self._sleep)

    async def _sleep(self, pause_s: float) -> None:
        self.pauses.append(pause_s)
        self.clock.at_s += pause_s
        self.is_pausing = True
        self.may_go_on.clear()
        await self.may_go_on.wait()
        self.is_pausing = False

    async def probed(self) -> None:
        """Let the pause that goes on end, and the probe after it too."""
        await until(lambda: self.is_pausing)
        count = len(self.store.probes)
        self.may_go_on.set()
        await until(lambda: len(self.store.probes) > count)
        await turns(3)

    async def refused(self, *drafts: Draft) -> StoreUnavailable:
        with pytest.raises(StoreUnavailable) as refused:
            await self.storing.append(drafts or [draft("a")])
        return refused.value


@asynccontextmanager
async def storing() -> AsyncIterator[Rig]:
    made = Rig()
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(made.storing.run())
        await until(lambda: made.store.probes == [0])
        made.store.probes.clear()
        yield made
        task.cancel()


@pytest.mark.parametrize("cause", [DISK_FULL, IO_ERROR, DATA_GONE])
@scenario
async def test_one_line_says_why_and_one_that_it_is_over(cause: str) -> None:
    with capture_logs() as lines:
        async with storing() as rig:
            rig.store.failure = StoreUnavailable("writing", cause)
            for _ in range(50):
                assert (await rig.refused()).cause == cause
            assert rig.checks.reason("write") == cause
            for _ in range(3):
                await rig.probed()
            rig.store.failure = None
            await rig.probed()
            assert rig.checks.reason("write") == ""
            assert await rig.storing.append([draft("a")]) == [Stored(2)]
    assert [(line["event"], line.get("cause")) for line in lines] == [
        ("nothing can be stored", cause),
        ("records are stored again", None),
    ]


@scenario
async def test_a_disk_that_is_full_at_the_start_is_told_before_anybody_publishes() -> None:
    rig = Rig()
    rig.store.failure = StoreUnavailable("probing", DISK_FULL)
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(rig.storing.run())
        await until(lambda: rig.checks.reason("write") == DISK_FULL)
        rig.store.failure = None
        await rig.probed()
        assert rig.checks.reason("write") == ""
        task.cancel()
    assert rig.store.groups == []


@scenario
async def test_a_cause_that_lasts_is_not_met_again_by_each_publisher() -> None:
    async with storing() as rig:
        rig.store.failure = StoreUnavailable("writing", DISK_FULL)
        for size in (10, 3000, 20):
            await rig.refused(draft("x" * size))
        assert rig.store.groups == [1]
        await rig.probed()
        assert rig.store.probes == [3000]  # less room than that is none
        await rig.refused(*[draft("x" * 1_000_000)] * 9)
        await rig.probed()
        assert rig.store.probes[1:] == [MAX_RECORD_BYTES], "room for a record is room"


@scenario
async def test_a_failure_of_no_known_cause_is_tried_by_each_publisher() -> None:
    async with storing() as rig:
        rig.store.failure = StoreUnavailable("no leader")
        await rig.refused()
        await rig.refused()
        assert rig.store.groups == [1, 1]
        assert rig.checks.reason("write") == NO_ANSWER
        rig.store.failure = None
        assert await rig.storing.append([draft("a")]) == [Stored(2)]
        assert rig.checks.reason("write") == ""
        rig.may_go_on.set()
        await turns(5)
        assert rig.store.probes == []  # the append has told already


@scenario
async def test_pauses_grow_stay_long_when_it_fails_again_and_begin_anew_after_a_calm() -> None:
    async with storing() as rig:

        async def fail(probes: int) -> None:
            rig.store.failure = StoreUnavailable("writing", DISK_FULL)
            await rig.refused()
            for _ in range(probes - 1):
                await rig.probed()
            rig.store.failure = None
            await rig.probed()

        await fail(8)
        await fail(1)
        longest = [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0, 5.0]
        shares = [pause / whole for pause, whole in zip(rig.pauses, longest, strict=True)]
        assert all(0.5 <= share <= 1 for share in shares), rig.pauses
        assert len(set(shares)) > 1
        rig.clock.at_s += 61
        await fail(1)
        assert rig.pauses[-1] <= 0.1


@scenario
async def test_the_cause_that_is_found_later_is_the_one_that_is_told() -> None:
    async with storing() as rig:
        rig.store.failure = StoreUnavailable("busy")
        await rig.refused()
        rig.store.failure = StoreUnavailable("writing", IO_ERROR)
        await rig.probed()
        assert rig.checks.reason("write") == IO_ERROR
        assert (await rig.refused()).cause == IO_ERROR


@scenario
async def test_probing_ends_with_the_store() -> None:
    rig = Rig()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(rig.storing.run())
        await until(lambda: rig.store.probes == [0])
        rig.store.failure = StoreUnavailable("writing", DISK_FULL)
        await rig.refused()

        await until(lambda: rig.is_pausing)
        rig.store.closed = True
        rig.may_go_on.set()


@scenario
async def test_a_log_goes_on_by_itself_once_there_is_room_again() -> None:
    store: Any = FailingStore()
    async with running(store=store) as rig:
        store.failure = StoreUnavailable("writing", DISK_FULL)
        with pytest.raises(StoreUnavailable):
            await rig.log.append(draft("a"))
        assert rig.log.checks.reason("write") == DISK_FULL
        over = asyncio.Event()

        async def hear(_: str, reason: str) -> None:
            assert reason == ""
            over.set()

        rig.log.checks.follow(hear)
        store.failure = None
        await over.wait()
        assert await rig.add("b") == [2]
