"""Log lines that any client can cause, at a limited rate."""

from __future__ import annotations

import time
from collections.abc import Callable

import structlog

_log = structlog.get_logger("tidings.gateway")

EVERY_S = 10.0


class RateLimitedLog:
    """Logs one line of a kind at most every `EVERY_S`, with the count since the last line."""

    def __init__(self, now_s: Callable[[], float] = time.monotonic) -> None:
        self._now_s = now_s
        self._next_s: dict[str, float] = {}
        self._unlogged: dict[str, int] = {}

    def tell(self, event: str, kind: str, **named: str) -> None:
        """Log that this happened, now or in the count of the next line of its kind.

        `named` is of the one that is logged.
        """
        count = self._unlogged.get(kind, 0) + 1
        now_s = self._now_s()
        if now_s < self._next_s.get(kind, now_s):
            self._unlogged[kind] = count
            return
        self._next_s[kind] = now_s + EVERY_S
        self._unlogged[kind] = 0
        _log.warning(event, kind=kind, count=count, **named)
