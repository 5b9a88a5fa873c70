"""Callbacks with the durations of the log's work: the metrics, or none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


def _to_nobody(*_: float) -> None:
    pass


@dataclass(slots=True)
class Times:
    """Called from the log's own loop when something is done. Must be quick."""

    committed: Callable[[int, float], None] = _to_nobody
    """After a commit: its number of drafts, and its seconds."""

    answered: Callable[[float], None] = _to_nobody
    """Before publishers are answered: the seconds since their call."""
