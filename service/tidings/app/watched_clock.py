"""The clock of a service: steady when the machine's clock jumps, and reports of the jumps."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from contextlib import suppress

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge

from tidings.core.clock import Clock
from tidings.core.errors import LogClosed, StoreUnavailable
from tidings.core.steady_clock import ClockChange, SteadyClock
from tidings.log.checks import CLOCK, Checks
from tidings.store.base import EventStore

_log = structlog.get_logger("tidings.clock")
_LOOK_EVERY_S = 1.0
_BELIEVED = "clock/believed"
"""The small value that says which time was accepted although the newest record had a later one."""


class WatchedClock:
    """A steady clock for several threads, whose jumps are logged, counted and shown by health."""

    def __init__(self, machine: Clock, *, settle_s: float) -> None:
        self._machine = machine
        self._steady = SteadyClock(machine, settle_s=settle_s)
        self._lock = threading.Lock()
        self._went_back = False  # a time before the newest record was accepted: to be stored
        self._jumps = Counter(
            "tidings_clock_jumps",
            "Jumps of the machine's clock, forward or backward.",
            registry=None,
        )
        self._ahead = Gauge(
            "tidings_clock_ahead_seconds",
            "By how much the machine's clock is ahead of the time in use; 0 = it is not.",
            registry=None,
        )
        self._ahead.set_function(lambda: self._steady.ahead_s)

    @property
    def steady_s(self) -> float:
        """For how long no jump was seen or followed: since the start, at most."""
        return self._steady.steady_s

    def monotonic_s(self) -> float:
        """Return monotonic seconds."""
        return self._machine.monotonic_s()

    def now_us(self) -> int:
        """Return the time of day in microseconds since 1970, UTC."""
        with self._lock:
            now_us, change = self._steady.look()
        self._tell(change)
        return now_us

    def show_in(self, registry: CollectorRegistry) -> None:
        """Show the metrics of the clock beside others."""
        registry.register(self._jumps)
        registry.register(self._ahead)

    async def start_from(self, store: EventStore) -> None:
        """Continue from the newest record of a store, if the machine's clock is behind it.

        Or from the time that was believed against that record, at an earlier start.
        """
        newest_us = await _newest_us(store)
        believed = await store.state.get(_BELIEVED)
        if believed is not None:
            with suppress(ValueError):  # not ours
                against_us, wall_us = map(int, believed.value.split())
                if newest_us <= against_us:
                    newest_us = wall_us
        with self._lock:
            change = self._steady.start_at(newest_us)
        self._tell(change)

    async def watch(
        self,
        checks: Checks,
        store: EventStore,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """Check every second, and update health, until cancelled."""
        while True:
            now_us = self.now_us()
            if self._went_back:
                with suppress(StoreUnavailable, LogClosed):  # it is retried
                    value = b"%d %d" % (await _newest_us(store), now_us)
                    await store.state.put(_BELIEVED, value)
                    self._went_back = False
            await checks.tell(CLOCK, _reason(self._steady.ahead_s))
            await sleep(_LOOK_EVERY_S)

    def _tell(self, change: ClockChange | None) -> None:
        if change is None:
            return
        if change.step == "jumped":
            self._jumps.inc()
            _log.warning(
                "the machine's clock jumped and is not followed yet",
                ahead_s=round(change.ahead_s, 3),
            )
        elif change.step == "followed":
            self._went_back = change.ahead_s < 0
            _log.warning(
                "the machine's clock is followed again: the jump lasted",
                ahead_s=round(change.ahead_s, 3),
            )
        else:
            _log.info("the machine's clock is right again: the jump was taken back")


async def _newest_us(store: EventStore) -> int:
    newest_seq = (await store.bounds()).last_seq
    newest = await store.read(newest_seq - 1, 1) if newest_seq else []
    return newest[0].recorded_at_us if newest else 0


def _reason(ahead_s: float) -> str:
    if not ahead_s:
        return ""
    return f"the machine's clock jumped {'forward' if ahead_s > 0 else 'backward'}"
