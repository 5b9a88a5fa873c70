"""Records whose content cannot be trusted: how they are marked, and who is notified."""

from __future__ import annotations

from collections.abc import Callable

MAX_KNOWN = 10_000
"""Damaged records that are told apart; more than that many are one damage."""


class Damaged(bytes):
    """Stands in for the body of a record that does not have the content that was stored. Empty."""

    __slots__ = ()


DAMAGED = Damaged()


class Unproven(bytes):
    """A body as it was read, of a record that has no checksum: it may not even be decodable."""

    __slots__ = ()


class DamageReport:
    """Which positions were found damaged, each told once. May be used from several threads."""

    def __init__(self) -> None:
        self._known: dict[int, str] = {}
        self._listeners: list[Callable[[int, str], None]] = []

    def __len__(self) -> int:
        return len(self._known)

    def follow(self, listener: Callable[[int, str], None]) -> None:
        """Tell the listener of each position and its system, in whatever thread finds it."""
        for seq, system in list(self._known.items()):
            listener(seq, system)
        self._listeners.append(listener)

    def found(self, seq: int, system: str) -> None:
        """Note that the record at a position is damaged."""
        if seq in self._known or len(self._known) >= MAX_KNOWN:
            return
        self._known[seq] = system
        for listener in self._listeners:
            listener(seq, system)
