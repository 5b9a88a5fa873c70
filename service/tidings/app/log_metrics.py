"""What the log holds, for Prometheus: read from the store at a scrape, but not too often."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from tidings.core.errors import LogClosed, StoreUnavailable
from tidings.core.record import SYSTEMS
from tidings.log.event_log import EventLog
from tidings.rpc.disk import disk_of

FRESH_S = 15.0
"""How old an answer may be: counting the records of a long log takes a while."""

_WITHIN_S = 5.0

_OF_SYSTEMS = {
    "tidings_system_records": "Records that are retained.",
    "tidings_system_bytes": "Approximate bytes of the stored records, without keys.",
    "tidings_system_first_seq": "Oldest position that is retained; 0 = none.",
    "tidings_system_last_seq": "Newest position that is retained; 0 = none.",
    "tidings_system_trimmed_through_seq": "Newest position that retention has deleted; 0 = none.",
    "tidings_system_last_record_timestamp_seconds": "When the newest one was stored; 0 = none.",
}
_LOG_BYTES = "tidings_log_disk_bytes", "What the log takes on the disk, with its indexes."
_DISK = {
    "tidings_disk_free_bytes": "Bytes that are free for Tidings where the log lives.",
    "tidings_disk_size_bytes": "Bytes of the file system where the log lives.",
}

Values = Mapping[tuple[str, str], float]
"""A value for each name and system; the system of what is of all is ""."""


class LogMetrics(Collector):
    """The metrics of one log, for whatever thread asks. `data` is where it lives on a disk.

    While the store does not answer, the last values are shown.
    """

    def __init__(
        self,
        log: EventLog,
        data: Path | None,
        loop: asyncio.AbstractEventLoop,
        monotonic_s: Callable[[], float],
    ) -> None:
        self._log = log
        self._data = data
        self._loop = loop
        self._monotonic_s = monotonic_s
        self._asked_s = -math.inf
        self._values: Values = {}

    def describe(self) -> Iterator[Metric]:
        """Yield the families without asking the store."""
        yield from self._families({}, with_disk=self._data is not None)

    def collect(self) -> Iterator[Metric]:
        """Yield what the log holds."""
        now_s = self._monotonic_s()
        if now_s - self._asked_s > FRESH_S:
            asking = asyncio.run_coroutine_threadsafe(self._ask(), self._loop)
            try:
                self._values = asking.result(_WITHIN_S)
                self._asked_s = now_s
            except (TimeoutError, StoreUnavailable, LogClosed):
                asking.cancel()
        yield from self._families(self._values, with_disk=self._data is not None)

    def _families(self, values: Values, *, with_disk: bool) -> Iterator[Metric]:
        for name, about in _OF_SYSTEMS.items():
            family = GaugeMetricFamily(name, about, labels=("system",))
            for system in SYSTEMS:
                if (name, system) in values:
                    family.add_metric((system,), values[name, system])
            yield family
        name, about = _LOG_BYTES
        family = GaugeMetricFamily(name, about)
        if (name, "") in values:
            family.add_metric((), values[name, ""])
        yield family
        if self._data is None or not with_disk:
            return
        disk = _disk_of(self._data)
        for name, about in _DISK.items():
            family = GaugeMetricFamily(name, about)
            if name in disk:
                family.add_metric((), disk[name])
            yield family

    async def _ask(self) -> Values:
        found: dict[tuple[str, str], float] = {}
        for system in SYSTEMS:
            bounds = await self._log.bounds(system)
            newest = await self._log.read_last(system, 1)
            count = await self._log.count(system, bounds.last_seq) if bounds.last_seq else 0
            of_system = (
                count,
                await self._log.estimate_bytes(system, bounds.last_seq, count) if count else 0,
                bounds.first_seq if bounds.last_seq else 0,
                bounds.last_seq,
                bounds.trimmed_through,
                newest[-1].recorded_at_us / 1e6 if newest else 0.0,
            )
            found.update(zip(((name, system) for name in _OF_SYSTEMS), of_system, strict=True))
        size_bytes = await self._log.size_bytes()
        if size_bytes is not None:
            found[_LOG_BYTES[0], ""] = size_bytes
        return found


def _disk_of(data: Path) -> Mapping[str, float]:
    disk = disk_of(data)
    return dict(zip(_DISK, disk, strict=True)) if disk else {}
