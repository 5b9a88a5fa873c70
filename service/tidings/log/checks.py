"""The state of the service, check by check, for health and readiness."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

WRITE = "write"
"""The check that records can be stored."""

CLOCK = "clock"
"""The check that the machine's clock is in use: it has not jumped."""

SOURCES = "sources"
"""The check that the required sources are connected."""

Listener = Callable[[str, str], Awaitable[None]]
"""Called when a check changes: its name and its reason to fail, "" = it passes again."""


class Checks:
    """Named checks; each passes, or fails for a reason of a few words. Belongs to one event loop.

    A reason is one of ours ("disk full"), never the text of an error. A check that was
    never set passes.
    """

    def __init__(self) -> None:
        self._reasons: dict[str, str] = {}
        self._listeners: list[Listener] = []

    def reason(self, name: str) -> str:
        """Return why a check fails; "" = it passes."""
        return self._reasons.get(name, "")

    def follow(self, listener: Listener) -> None:
        """Call the listener at every change from now on."""
        self._listeners.append(listener)

    async def tell(self, name: str, reason: str = "") -> bool:
        """Set a check's reason and return whether it changed; then listeners have been called."""
        if self.reason(name) == reason:
            return False
        self._reasons[name] = reason
        for listener in self._listeners:
            await listener(name, reason)
        return True
