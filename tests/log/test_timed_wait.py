"""Waiting for news or for a time: whichever comes first, with few timers."""

from __future__ import annotations

import asyncio

import pytest

from tests.kit.jumping import scenario, turns
from tidings.log.timed_wait import Observer, TimedWait


class Source:
    def __init__(self) -> None:
        self.observers: list[Observer] = []

    def wait(self, observer: Observer) -> None:
        self.observers.append(observer)

    def leave(self, observer: Observer) -> None:
        self.observers.remove(observer)


def timers_set(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Return a list that grows with every timer that the loop is asked for from now on."""
    loop = asyncio.get_running_loop()
    call_at, found = loop.call_at, list[float]()

    def counted(when: float, callback: object, *arguments: object) -> asyncio.TimerHandle:
        found.append(when)
        return call_at(when, callback, *arguments)  # type: ignore[arg-type]  # passed on as it came

    monkeypatch.setattr(loop, "call_at", counted)
    return found


@scenario
async def test_one_timer_serves_all_waits_for_a_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    source = Source()
    wait, timers = TimedWait(source), timers_set(monkeypatch)
    deadline_s = asyncio.get_running_loop().time() + 60
    for _ in range(3):
        patience_s = deadline_s - asyncio.get_running_loop().time()
        waiting = asyncio.ensure_future(wait.moves_within(patience_s))
        await turns(2)
        source.observers[0].tell()
        assert await waiting
    assert len(timers) == 1
    waiting = asyncio.ensure_future(wait.moves_within(90))
    await turns(2)
    assert len(timers) == 2
    waiting.cancel()
    wait.close()


@scenario
async def test_without_news_it_rings() -> None:
    source = Source()
    wait = TimedWait(source)
    for _ in range(2):
        assert not await wait.moves_within(0.001)
        assert source.observers == []


@scenario
async def test_ringing_while_nobody_waits_is_not_heard_later() -> None:
    source = Source()
    wait = TimedWait(source)
    waiting = asyncio.ensure_future(wait.moves_within(0.001))
    await turns(2)
    source.observers[0].tell()
    assert await waiting
    assert not await TimedWait(source).moves_within(0.01)  # the first one's time has come and gone
    waiting = asyncio.ensure_future(wait.moves_within(60))
    await turns(2)
    source.observers[0].tell()
    assert await waiting
    wait.close()


@scenario
async def test_who_is_cancelled_leaves_nothing_behind() -> None:
    source = Source()
    wait = TimedWait(source)
    waiting = asyncio.ensure_future(wait.moves_within(60))
    await turns(2)
    waiting.cancel()
    await asyncio.wait([waiting])
    assert waiting.cancelled()
    assert source.observers == []
    wait.close()
