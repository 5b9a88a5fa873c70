"""Watching small values, for stores whose every change passes through this process."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from tidings.core.errors import LogClosed
from tidings.core.record import StateEntry


class StateWatchers:
    """Tells watchers of every change below their prefix. Belongs to one event loop."""

    def __init__(self) -> None:
        self._changed: dict[str, dict[str, StateEntry | None]] = {}
        self._wakes: dict[str, asyncio.Event] = {}
        self._prefixes: dict[str, str] = {}
        self._next = 0
        self._closed = False

    def changed(self, name: str, entry: StateEntry | None) -> None:
        """Tell everybody concerned; None = deleted. The last change of a name counts."""
        for watcher, prefix in self._prefixes.items():
            if name.startswith(prefix):
                self._changed[watcher].pop(name, None)
                self._changed[watcher][name] = entry
                self._wakes[watcher].set()

    def close(self) -> None:
        """End every watcher."""
        self._closed = True
        for wake in self._wakes.values():
            wake.set()

    def watch(self, prefix: str) -> AsyncIterator[StateEntry | str]:
        """Return the changes from now on: from this call, not from the first that is taken."""
        watcher = f"{self._next}"
        self._next += 1
        self._prefixes[watcher] = prefix
        self._changed[watcher] = {}
        self._wakes[watcher] = asyncio.Event()
        return self._follow(watcher)

    async def _follow(self, watcher: str) -> AsyncIterator[StateEntry | str]:
        wake = self._wakes[watcher]
        try:
            while True:
                while changed := self._changed[watcher]:
                    name = next(iter(changed))
                    entry = changed.pop(name)
                    yield name if entry is None else entry
                if self._closed:
                    raise LogClosed
                wake.clear()
                await wake.wait()
        finally:
            del self._prefixes[watcher], self._changed[watcher], self._wakes[watcher]
