"""Log lines that strangers can cause: a few of them, and how many more there were."""

from __future__ import annotations

import time
from collections.abc import Callable

import structlog

_log = structlog.get_logger("tidings.gateway")

EVERY_S = 10.0


class Seldom:
    """Logs one line of a kind at most every `EVERY_S`, with the number of times since the last."""

    def __init__(self, now_s: Callable[[], float] = time.monotonic) -> None:
        self._now_s = now_s
        self._next_s: dict[str, float] = {}
        self._unsaid: dict[str, int] = {}

    def tell(self, event: str, kind: str) -> None:
        """Log that this happened, now or together with the next of its kind."""
        count = self._unsaid.get(kind, 0) + 1
        now_s = self._now_s()
        if now_s < self._next_s.get(kind, now_s):
            self._unsaid[kind] = count
            return
        self._next_s[kind] = now_s + EVERY_S
        self._unsaid[kind] = 0
        _log.warning(event, kind=kind, count=count)
