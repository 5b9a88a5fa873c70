"""Keeps the index of a log: as one more client of its service, and as a reader of it there."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable

from tidings.app.client import client_channel
from tidings.app.clock import SystemClock
from tidings.app.own_secret import take_own_secret
from tidings.app.settings import Settings
from tidings.core.tracing import Tracer
from tidings.dialects import load
from tidings.index.reader import IndexReader
from tidings.index.updater import Updater

_YOUNG_OBJECTS = 150_000
"""More than wait for one transaction, none of which is in a cycle: not to look at them saves some
percent of the time of each record."""


async def follow_log(
    settings: Settings,
    stop: asyncio.Event,
    ready: Callable[[str], None],
    tracer: Tracer | None = None,
) -> None:
    """Follow the log of the service that the settings name until `stop`."""
    settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)
    async with (
        client_channel(settings, take_own_secret()) as channel,
        asyncio.TaskGroup() as tasks,
    ):
        updater = Updater(channel, settings.data, load(), SystemClock(), tracer)
        following = tasks.create_task(updater.run())
        ready(f"index={settings.data}")
        gc.set_threshold(_YOUNG_OBJECTS)  # after what every process sets when it is ready
        await stop.wait()
        following.cancel()


def index_reader(settings: Settings, log_id: str) -> IndexReader | None:
    """Return the reader of the index in the data directory; None = it is turned off."""
    return IndexReader(settings.data, log_id) if settings.index else None


async def watch_index(index: IndexReader | None) -> None:
    """Follow the index until cancelled, and close it then; return at once without one."""
    if index is None:
        return
    try:
        await index.watch()
    finally:
        await index.close()
