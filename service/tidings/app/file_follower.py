"""Files that are read again when they change, or when SIGHUP says so."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Generic, TypeVar

import structlog

from tidings.app.tls.certificates import TlsFiles

LOOK_S = 1.0
"""How often a file is checked."""

T = TypeVar("T")

_log = structlog.get_logger("tidings.files")


def mark_of(path: Path) -> object:
    """Return a value that changes with the file; None = it cannot be read."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino


class FileFollower(Generic[T]):
    """Reads some files together, again after each change; errors are only logged.

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
        """Pass on their content whenever one changes or `reload` is called, until cancelled."""
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
    """Call these at SIGHUP; without any it ends the process, as by default."""
    if reloads:
        asyncio.get_running_loop().add_signal_handler(
            signal.SIGHUP, lambda: [reload() for reload in reloads]
        )


def follow(
    what: str, files: TlsFiles | None, read: Callable[[TlsFiles], T]
) -> FileFollower[T] | None:
    """Return the follower of these files; None = there are none."""
    return None if files is None else FileFollower(what, files.paths, partial(read, files))
