"""The processes of the sources: one each, so that none can affect the log, or another one.

They are started, restarted with back-off, and ended when the configuration file is read again
and does not name them any more. The death of one affects nothing else.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from tidings.app.beside import Warn, keep_beside
from tidings.app.child_process import Child
from tidings.app.settings import BadSetting, Settings
from tidings.app.source_settings import SourceSettings, sources_of


@dataclass(slots=True)
class _Running:
    source: SourceSettings
    child: Child
    task: asyncio.Task[None]


class SourceChildren:
    """Keeps a process alive for each source of a configuration file. One `run` per object."""

    def __init__(
        self, settings: Settings, config_file: Path | None, upstream: str, warn: Warn
    ) -> None:
        self._warn = warn
        self._settings = replace(settings, upstream=upstream)
        self._config_file = config_file
        self._running: dict[str, _Running] = {}
        self._changed = asyncio.Event()

    def reload(self) -> None:
        """Read the file again: start new sources, end those that are gone, leave the others."""
        self._changed.set()

    async def run(self, stopping: asyncio.Event) -> None:
        """Keep the processes alive until told to stop, and end them."""
        async with asyncio.TaskGroup() as group:
            follow = group.create_task(self._follow_file(group.create_task))
            await stopping.wait()
            follow.cancel()
            for each in self._running.values():
                self._end(each)

    async def _follow_file(self, start: Callable[..., asyncio.Task[None]]) -> None:
        while True:
            self._changed.clear()
            wanted = self._wanted()
            if wanted is not None:
                self._apply({each.name: each for each in wanted}, start)
            await self._changed.wait()

    def _wanted(self) -> Sequence[SourceSettings] | None:
        """Return the sources of the file; None = it cannot be read, and all stays as it is."""
        try:
            return sources_of(self._config_file)
        except BadSetting as error:
            self._warn("sources stay as they are: the file cannot be used", problem=str(error))
            return None

    def _apply(
        self, wanted: dict[str, SourceSettings], start: Callable[..., asyncio.Task[None]]
    ) -> None:
        for name, each in list(self._running.items()):
            if wanted.get(name) != each.source:
                self._end(self._running.pop(name))
        for name in wanted.keys() - self._running.keys():
            child = Child("record", self._settings, wanted[name].to_flags())
            tell = partial(self._tell, name)
            task = start(keep_beside(child, self._settings.grace, tell))
            self._running[name] = _Running(wanted[name], child, task)

    def _tell(self, name: str, status: int) -> None:
        self._warn("a source's process ended", source=name, status=status)

    def _end(self, running: _Running) -> None:
        running.task.cancel()
        running.child.signal(signal.SIGTERM)
