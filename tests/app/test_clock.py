from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from prometheus_client import CollectorRegistry
from structlog.testing import capture_logs

from tests.kit.clock import ManualClock
from tests.kit.loop import scenario
from tests.store.places import draft
from tidings.app.clock import SystemClock
from tidings.app.watched_clock import WatchedClock
from tidings.log.checks import CLOCK, Checks
from tidings.store.base import EventStore
from tidings.store.memory import MemoryStore

YEAR_S = 365 * 86_400.0


class Machine:
    def __init__(self) -> None:
        self.wall_s = 1_000_000.0
        self.up_s = 0.0

    def now_us(self) -> int:
        return int(self.wall_s * 1e6)

    def monotonic_s(self) -> float:
        return self.up_s


class _Enough(Exception):
    pass


async def look(clock: WatchedClock, checks: Checks, store: EventStore | None = None) -> list[float]:
    """Let the task that watches look once, and return how long it then sleeps."""
    pauses: list[float] = []

    async def sleep(pause_s: float) -> None:
        pauses.append(pause_s)
        raise _Enough

    with pytest.raises(_Enough):
        await clock.watch(checks, store or MemoryStore(clock=ManualClock()), sleep)
    return pauses


@scenario
async def test_a_jump_is_logged_counted_and_shown_until_it_is_over() -> None:
    machine, checks, registry = Machine(), Checks(), CollectorRegistry()
    clock = WatchedClock(machine, settle_s=600.0)
    clock.show_in(registry)
    rows = (
        (0.0, 0.0, "", 0, 0, None),
        (YEAR_S, 1.0, "the machine's clock jumped forward", 1, YEAR_S, "jumped and is not"),
        (0.0, 36.0, "the machine's clock jumped forward", 1, YEAR_S, None),
        (-YEAR_S, 1.0, "", 1, 0, "right again"),
        (-YEAR_S, 1.0, "the machine's clock jumped backward", 2, -YEAR_S, "jumped and is not"),
        (0.0, 600.0, "", 2, 0, "followed again"),
    )
    for jump_s, passed_s, reason, jumps, ahead_s, line in rows:
        machine.wall_s += jump_s + passed_s
        machine.up_s += passed_s
        with capture_logs() as lines:
            assert await look(clock, checks) == [1.0]
        assert checks.reason(CLOCK) == reason
        assert registry.get_sample_value("tidings_clock_jumps_total") == jumps
        assert registry.get_sample_value("tidings_clock_ahead_seconds") == ahead_s
        assert len(lines) == (line is not None)
        assert line is None or line in lines[0]["event"]


@pytest.mark.parametrize(
    ("recorded_at_s", "starts_at_s"),
    [
        (1_000_000.0 + YEAR_S, 1_000_000.0 + YEAR_S),
        (1_000_000.0 + 59, 1_000_000.0),
        (1_000_000.0 - 9 * 86_400, 1_000_000.0),
        (None, 1_000_000.0),
    ],
)
@scenario
async def test_a_start_goes_on_from_the_newest_record(
    recorded_at_s: float | None, starts_at_s: float
) -> None:
    recorder = ManualClock()
    store = MemoryStore(clock=recorder)
    if recorded_at_s is not None:
        recorder.at_s = recorded_at_s
        await store.append([draft()])
    clock = WatchedClock(Machine(), settle_s=600.0)
    await clock.start_from(store)
    assert clock.now_us() == starts_at_s * 1e6


@scenario
async def test_a_time_that_was_believed_against_the_newest_record_is_believed_at_the_start() -> (
    None
):
    """After a clock that was ahead for long: no start may go back to what it left behind."""

    recorder = ManualClock(1_000_000.0 + YEAR_S)
    store = MemoryStore(clock=recorder)
    await store.append([draft()])
    machine = Machine()

    async def start() -> tuple[WatchedClock, list[str]]:
        clock = WatchedClock(machine, settle_s=600.0)
        with capture_logs() as lines:
            await clock.start_from(store)
        return clock, [line["event"] for line in lines]

    clock, lines = await start()
    assert len(lines) == 1
    for _ in range(2):
        await look(clock, Checks(), store)
        machine.wall_s += 600.0
        machine.up_s += 600.0
    await look(clock, Checks(), store)
    assert clock.now_us() == machine.now_us()
    machine.wall_s += 60.0
    clock, lines = await start()
    assert lines == []
    assert clock.now_us() == machine.now_us()
    machine.wall_s -= 7 * 86_400.0  # before what was believed
    clock, lines = await start()
    assert len(lines) == 1
    assert clock.now_us() == 1_000_600 * 1_000_000
    recorder.at_s += 1.0  # somebody else goes on in that year
    await store.append([draft()])
    clock, lines = await start()
    assert len(lines) == 1
    assert clock.now_us() == recorder.now_us()


@pytest.mark.parametrize("value", [b"", b"x y", b"1", b"1 2 3"])
@scenario
async def test_a_believed_time_that_makes_no_sense_is_passed_over(value: bytes) -> None:
    store = MemoryStore(clock=ManualClock())
    await store.append([draft()])
    await store.state.put("clock/believed", value)
    clock = WatchedClock(Machine(), settle_s=600.0)
    await clock.start_from(store)
    assert clock.now_us() == ManualClock().now_us()


def test_threads_see_one_time_and_each_jump_is_told_once() -> None:
    machine = Machine()
    clock = WatchedClock(machine, settle_s=600.0)
    registry = CollectorRegistry()
    clock.show_in(registry)
    machine.wall_s += YEAR_S
    with capture_logs() as lines, ThreadPoolExecutor(8) as threads:
        seen = set(threads.map(lambda _: clock.now_us(), range(1000)))
    assert seen == {1_000_000_000_000}
    assert len(lines) == 1
    assert registry.get_sample_value("tidings_clock_jumps_total") == 1
    assert clock.monotonic_s() == machine.up_s


def test_the_monotonic_clock_is_one_that_also_counts_sleep_where_there_is_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[int] = []

    def gettime(which: int) -> float:
        asked.append(which)
        if which in refused:
            raise OSError
        return 7.0

    refused: set[int] = set()
    monkeypatch.setattr(time, "CLOCK_BOOTTIME", 77, raising=False)
    monkeypatch.setattr(time, "clock_gettime", gettime)
    assert SystemClock().monotonic_s() == 7.0
    assert asked[-1] == 77
    refused.add(77)
    assert SystemClock().monotonic_s() == 7.0
    assert asked[-1] == time.CLOCK_MONOTONIC
    monkeypatch.delattr(time, "CLOCK_BOOTTIME")
    SystemClock().monotonic_s()
    assert asked[-1] == time.CLOCK_MONOTONIC
