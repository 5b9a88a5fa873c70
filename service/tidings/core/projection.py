"""Small views that dialects keep of the log."""

from __future__ import annotations

from typing import Protocol

from tidings.core.record import Record


class Projection(Protocol):
    """A view of one system's newest records, kept in memory by its dialect and fed by the log."""

    @property
    def depth(self) -> int:
        """How many of the newest records make the view complete."""
        ...

    def apply(self, record: Record) -> object:
        """Take the next record, in order, before a reader is woken for it. Must not fail."""
        ...
