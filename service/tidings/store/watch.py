"""Watching small values, for stores whose every change passes through this process."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from weakref import WeakSet

from tidings.core.errors import LogClosed
from tidings.core.record import StateEntry


class StateWatchers:
    """Notifies watchers of every change below their prefix. Belongs to one event loop."""

    def __init__(self) -> None:
        self._watches: WeakSet[_Watch] = WeakSet()  # a watch that is dropped ends
        self._closed = False

    def changed(self, name: str, entry: StateEntry | None) -> None:
        """Notify the watchers concerned; None = it was deleted."""
        for watch in self._watches:
            watch.tell(name, entry)

    def close(self) -> None:
        """End every watch, once its pending changes are taken."""
        self._closed = True
        for watch in self._watches:
            watch.close()

    def watch(self, prefix: str) -> AsyncIterator[StateEntry | str]:
        """Return the changes from now on: from this call, not from the first `anext`."""
        watch = _Watch(prefix)
        if self._closed:
            watch.close()
        self._watches.add(watch)
        return watch


class _Watch:
    """A watcher's pending changes: at most one per name, so their number is bounded.

    Not a generator, since a cancelled `anext` would end one: cancelling loses no change.
    """

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self._changes: dict[str, StateEntry | None] = {}
        self._closed = False
        self._moved = asyncio.Event()

    def tell(self, name: str, entry: StateEntry | None) -> None:
        if name.startswith(self._prefix):
            self._changes.pop(name, None)  # the last change of a name replaces the earlier ones
            self._changes[name] = entry
            self._moved.set()

    def close(self) -> None:
        self._closed = True
        self._moved.set()

    def __aiter__(self) -> _Watch:
        return self

    async def __anext__(self) -> StateEntry | str:
        while not self._changes:
            if self._closed:
                raise LogClosed
            self._moved.clear()
            await self._moved.wait()
        name = next(iter(self._changes))
        entry = self._changes.pop(name)
        return name if entry is None else entry
