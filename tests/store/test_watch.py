"""Watching small values: bounded, and no change is lost."""

from __future__ import annotations

import asyncio

import pytest

from tests.kit.loop import scenario
from tests.store.places import turn
from tidings.core.errors import LogClosed
from tidings.core.record import StateEntry
from tidings.store.watch import StateWatchers


@scenario
async def test_cancelled_wait_loses_no_change() -> None:
    watchers = StateWatchers()
    watch = watchers.watch("t/")
    for revision in range(1, 4):
        async with asyncio.TaskGroup() as group:
            waiting = group.create_task(_next(watch))
            await turn()
            watchers.changed("t/a", StateEntry("t/a", b"", revision))
            waiting.cancel()
        assert await anext(watch) == StateEntry("t/a", b"", revision)


async def _next(watch: object) -> object:
    return await anext(watch)  # type: ignore[call-overload]  # any iterator


@scenario
async def test_only_the_last_change_of_a_name_waits() -> None:
    watchers = StateWatchers()
    watch = watchers.watch("")
    for revision in range(1, 100):
        watchers.changed("a", StateEntry("a", b"", revision))
        watchers.changed("b", StateEntry("b", b"", revision))
    watchers.changed("a", None)
    assert await anext(watch) == StateEntry("b", b"", 99)
    assert await anext(watch) == "a"
    watchers.close()
    with pytest.raises(LogClosed):
        await anext(watch)


@scenario
async def test_watch_of_a_closed_store_ends_at_once() -> None:
    watchers = StateWatchers()
    watchers.close()
    with pytest.raises(LogClosed):
        await anext(watchers.watch(""))
