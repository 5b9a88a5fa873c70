"""A program that appends until it is killed, and says what it was told is stored.

Prints a line a group, after its commit: the positions, separated by blanks.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from tests.store.places import SQLitePlace, draft
from tidings.core.record import Stored


async def main(directory: Path, first: int) -> None:
    store = await SQLitePlace(directory).open()

    async def publish(name: int) -> None:
        for n in range(1_000_000):
            texts = [f"{first}.{name}.{n}.{place}" for place in range(1 + (name + n) % 4)]
            results = await store.append([draft(text.ljust(900), key=text) for text in texts])
            told = " ".join(str(r.seq) for r in results if isinstance(r, Stored))
            print(told, *texts, flush=True)  # noqa: T201 - this is how it tells

    async with asyncio.TaskGroup() as group:
        for name in range(3):
            group.create_task(publish(name))


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2])))
