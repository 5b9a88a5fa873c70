"""What the service can do at this moment, check by check, for health and readiness."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

WRITE = "write"
"""The check that records can be stored."""

CLOCK = "clock"
"""The check that the machine's clock is followed: it has not jumped."""

Listener = Callable[[str, str], Awaitable[None]]
"""Hears of a check that changed: its name and its reason to fail, "" = it passes again."""


class Checks:
    """Named checks; each passes, or fails for a reason of a few words. Belongs to one event loop.

    A reason is one of ours ("disk full"), never the text of an error. A check that nobody has told
    of passes.
    """

    def __init__(self) -> None:
        self._reasons: dict[str, str] = {}
        self._listeners: list[Listener] = []

    def reason(self, name: str) -> str:
        """Return why a check fails; "" = it passes."""
        return self._reasons.get(name, "")

    def follow(self, listener: Listener) -> None:
        """Tell the listener of every change from now on."""
        self._listeners.append(listener)

    async def tell(self, name: str, reason: str = "") -> bool:
        """Set what a check says and return whether that is new; listeners have heard of it then."""
        if self.reason(name) == reason:
            return False
        self._reasons[name] = reason
        for listener in self._listeners:
            await listener(name, reason)
        return True
