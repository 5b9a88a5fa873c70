"""The process of the index: how it collects garbage."""

from __future__ import annotations

import asyncio
import gc
from pathlib import Path

from tidings.app.run_index import follow_log
from tidings.app.settings import Settings


async def run_once(directory: Path) -> None:
    stop = asyncio.Event()
    stop.set()
    settings = Settings(data=directory, upstream=f"unix:{directory}/nobody")
    await follow_log(settings, stop, lambda _: gc.set_threshold(20_000))


def test_it_collects_less_often_than_every_process_does_that_is_ready(tmp_path: Path) -> None:
    before = gc.get_threshold()
    try:
        asyncio.run(run_once(tmp_path))
        assert gc.get_threshold()[0] > 100_000
    finally:
        gc.set_threshold(*before)
