"""Files that are read again when they change, or when SIGHUP says so."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Generic, TypeVar

import structlog

LOOK_S = 1.0
"""How often a file is looked at."""

T = TypeVar("T")

_log = structlog.get_logger("tidings.files")


def mark_of(path: Path) -> object:
    """Return what differs once a file has changed; None = it cannot be looked at."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino


class FileFollower(Generic[T]):
    """Reads some files together, again and again; what cannot be used is logged, no more.

    `read` is called in threads and raises `OSError` for what cannot be used.
    """

    def __init__(
        self, what: str, paths: Sequence[Path], read: Callable[[], T], *, look_s: float = LOOK_S
    ) -> None:
        self._what = what
        self._paths = paths
        self._read = read
        self._look_s = look_s
        self._asked = asyncio.Event()
        self._seen: list[object] = []

    def read(self) -> T:
        """Read them and return what they hold; blocks.

        Raises:
            OSError: it cannot be used.
        """
        self._seen = self._marks()  # before, or a change in between would be missed
        return self._read()

    def reload(self) -> None:
        """Read them again soon, changed or not."""
        self._asked.set()

    async def follow(self, use: Callable[[T], None]) -> None:
        """Hand on what they hold whenever one changes or `reload` says so, until cancelled."""
        while True:
            try:
                async with asyncio.timeout(self._look_s):
                    await self._asked.wait()
            except TimeoutError:
                if await asyncio.to_thread(self._marks) == self._seen:
                    continue
            self._asked.clear()
            try:
                use(await asyncio.to_thread(self.read))
            except OSError as error:
                _log.error("not used, the last good one stays", what=self._what, error=str(error))
            else:
                _log.info("loaded again", what=self._what)

    def _marks(self) -> list[object]:
        return [mark_of(path) for path in self._paths]


def on_hangup(*reloads: Callable[[], None]) -> None:
    """Call these whenever SIGHUP comes; without any it ends the process, as ever."""
    if reloads:
        asyncio.get_running_loop().add_signal_handler(
            signal.SIGHUP, lambda: [reload() for reload in reloads]
        )
