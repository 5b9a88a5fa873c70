"""A log of the simulated day, as `tidings demo --day` makes it, but always of the same day."""

from __future__ import annotations

import asyncio
from pathlib import Path

from tidings.app.demo.day import drafts
from tidings.app.demo.recorded import PlayedClock, record
from tidings.store.sqlite.opening import open_sqlite
from tidings.v1 import event_pb2

DAY = "2025-10-09"
START_US = 1_759_968_000_000_000


def told() -> list[tuple[int, event_pb2.Draft]]:
    """Return what happens on that day, and when."""
    return list(drafts(START_US))


def record_day(folder: Path) -> None:
    """Write the day into a new log."""

    async def main() -> None:
        clock = PlayedClock(START_US)
        store = await open_sqlite(folder, clock=clock, durability="relaxed")
        await record(drafts(START_US), store, clock)
        await store.close()

    asyncio.run(main())
