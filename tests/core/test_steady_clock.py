from __future__ import annotations

import pytest

from tidings.core.steady_clock import START_S, STEP_S, ClockChange, SteadyClock

YEAR_S = 365 * 86_400.0


class Machine:
    """A machine with two clocks: one that can be set, and one that only goes on."""

    def __init__(self) -> None:
        self.wall_s = 1_000_000.0
        self.up_s = 50.0
        self.stops_s: list[float] = []

    def now_us(self) -> int:
        now_us = int(self.wall_s * 1e6)
        if self.stops_s:  # the process stands still between two looks at clocks
            self.go(self.stops_s.pop(0))
        return now_us

    def monotonic_s(self) -> float:
        return self.up_s

    def go(self, seconds: float) -> None:
        self.wall_s += seconds
        self.up_s += seconds


class Watched:
    """A steady clock over a machine, and what it told."""

    def __init__(self, settle_s: float = 600.0) -> None:
        self.machine = Machine()
        self.told: list[ClockChange] = []
        self.clock = SteadyClock(self.machine, settle_s=settle_s)

    def now_us(self) -> int:
        now_us, change = self.clock.look()
        self.told += [change] if change else []
        return now_us

    def at_s(self) -> float:
        return self.now_us() / 1e6

    def start_at(self, newest_us: int) -> None:
        change = self.clock.start_at(newest_us)
        self.told += [change] if change else []

    def steps(self) -> list[str]:
        return [change.step for change in self.told]


@pytest.mark.parametrize("jump_s", [YEAR_S, 3600.0, STEP_S + 1, -(STEP_S + 1), -3600.0, -YEAR_S])
def test_a_jump_is_not_followed_until_it_has_lasted(jump_s: float) -> None:
    watched = Watched()
    began_s = watched.at_s()
    watched.machine.wall_s += jump_s
    assert watched.at_s() == began_s
    for _ in range(599):
        watched.machine.go(1.0)
        watched.now_us()
    assert watched.at_s() == pytest.approx(began_s + 599)
    assert watched.told == [ClockChange("jumped", jump_s)]
    assert watched.clock.ahead_s == pytest.approx(jump_s)
    assert watched.clock.steady_s == 0.0
    watched.machine.go(1.0)
    assert watched.at_s() == pytest.approx(began_s + 600 + jump_s)
    assert watched.steps() == ["jumped", "followed"]
    assert watched.clock.ahead_s == 0.0
    watched.machine.go(7.0)
    assert watched.clock.steady_s == pytest.approx(7.0)


@pytest.mark.parametrize("jump_s", [YEAR_S, -YEAR_S])
def test_a_jump_that_is_taken_back_leaves_no_trace(jump_s: float) -> None:
    watched = Watched()
    began_s = watched.at_s()
    watched.machine.wall_s += jump_s
    watched.machine.go(36.0)
    assert watched.at_s() == pytest.approx(began_s + 36)
    watched.machine.wall_s -= jump_s
    watched.machine.go(1.0)
    assert watched.at_s() == pytest.approx(began_s + 37)
    assert watched.steps() == ["jumped", "returned"]
    watched.machine.go(3600.0)
    assert watched.at_s() == pytest.approx(began_s + 3637)


def test_a_second_jump_has_to_last_by_itself() -> None:
    watched = Watched()
    began_s = watched.at_s()
    watched.machine.wall_s += 3600
    watched.now_us()
    watched.machine.go(599.0)
    watched.machine.wall_s += 3600
    assert watched.at_s() == pytest.approx(began_s + 599)
    watched.machine.go(599.0)
    assert watched.at_s() == pytest.approx(began_s + 1198)
    watched.machine.go(1.0)
    assert watched.at_s() == pytest.approx(began_s + 1199 + 7200)
    assert watched.steps() == ["jumped", "jumped", "followed"]


@pytest.mark.parametrize("step_s", [STEP_S, -STEP_S, 0.001])
def test_what_a_time_service_does_is_followed_at_once(step_s: float) -> None:
    watched = Watched()
    began_s = watched.at_s()
    watched.machine.wall_s += step_s
    assert watched.at_s() == pytest.approx(began_s + step_s)
    assert watched.told == []


def test_clocks_that_drift_apart_slowly_are_no_jump_however_long() -> None:
    watched = Watched()
    for _ in range(10_000):
        watched.machine.go(60.0)
        watched.machine.wall_s += 0.03  # 500 ppm, the most that a time service does
        assert watched.at_s() == pytest.approx(watched.machine.wall_s)
    assert watched.told == []


def test_a_jump_that_drifts_while_it_lasts_is_still_one() -> None:
    watched = Watched(settle_s=86_400.0)
    watched.machine.wall_s += YEAR_S
    for _ in range(1440):
        watched.now_us()
        watched.machine.go(60.0)
        watched.machine.wall_s += 0.03
    watched.now_us()
    assert watched.steps() == ["jumped", "followed"]


def test_without_patience_jumps_are_followed_at_the_next_look_and_told() -> None:
    watched = Watched(settle_s=0.0)
    watched.machine.wall_s += YEAR_S
    watched.now_us()
    assert watched.at_s() == watched.machine.wall_s
    assert watched.steps() == ["jumped", "followed"]


def test_a_process_that_is_stopped_between_two_looks_sees_no_jump() -> None:
    watched = Watched()
    watched.machine.stops_s = [3600.0]
    assert watched.at_s() == pytest.approx(watched.machine.wall_s)
    watched.machine.stops_s = [3600.0] * 3
    assert watched.at_s() == pytest.approx(watched.machine.wall_s)
    watched.machine.go(1.0)
    assert watched.at_s() == pytest.approx(watched.machine.wall_s)
    assert watched.told == []


def test_a_start_behind_the_newest_record_goes_on_from_there() -> None:
    watched = Watched()
    newest_us = int((watched.machine.wall_s + YEAR_S) * 1e6)
    watched.start_at(newest_us)
    assert watched.now_us() == newest_us
    watched.machine.go(60.0)
    assert watched.now_us() == pytest.approx(newest_us + 60_000_000)
    assert watched.told == [ClockChange("jumped", -YEAR_S)]
    watched.machine.go(600.0)
    assert watched.at_s() == watched.machine.wall_s
    assert watched.steps() == ["jumped", "followed"]


def test_a_start_behind_the_newest_record_ends_when_the_clock_is_set_past_it() -> None:
    watched = Watched()
    newest_us = watched.machine.now_us() + 3_600_000_000
    watched.start_at(newest_us)
    watched.machine.go(20.0)
    watched.machine.wall_s += 60.0  # still behind
    assert watched.now_us() == newest_us + 20_000_000
    watched.machine.wall_s += YEAR_S
    assert watched.at_s() == watched.machine.wall_s
    assert watched.steps() == ["jumped", "jumped", "returned"]
    watched.machine.wall_s += YEAR_S  # and from here on as ever
    watched.now_us()
    assert watched.steps()[3:] == ["jumped"]


@pytest.mark.parametrize("ahead_s", [YEAR_S, 3 * 86_400.0, 0.0, -START_S])
def test_a_start_ahead_of_the_newest_record_is_believed(ahead_s: float) -> None:
    watched = Watched()
    watched.start_at(int((watched.machine.wall_s - ahead_s) * 1e6))
    assert watched.at_s() == watched.machine.wall_s
    assert watched.told == []
