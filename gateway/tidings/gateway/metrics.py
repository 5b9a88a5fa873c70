"""What the gateway counts, for Prometheus, in a registry of its own."""

from __future__ import annotations

import asyncio
from collections import Counter as Tally
from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import Protocol

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Bounds of the buckets of requests that are answered whole; a list may wait much longer."""


class OpenReader(Protocol):
    """A reader of a stream, as metrics see it."""

    @property
    def door(self) -> str:
        """The door that it reads by."""
        ...

    @property
    def lag(self) -> int:
        """How many positions it is behind its stream; 0 = it has everything."""
        ...


class Readers(Collector):
    """The current readers by door, and how far the slowest of each is behind."""

    def __init__(self) -> None:
        self._open: dict[OpenReader, None] = {}

    def add(self, reader: OpenReader) -> None:
        """Count a reader until `remove`."""
        self._open[reader] = None

    def remove(self, reader: OpenReader) -> None:
        """Remove one; nothing if it was not counted."""
        self._open.pop(reader, None)

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Yield the counts, in any thread."""
        counts: Tally[str] = Tally()
        lags: Tally[str] = Tally()
        for reader in list(self._open):
            counts[reader.door] += 1
            lags[reader.door] = max(lags[reader.door], reader.lag)
        yield _by_door("tidings_http_readers", "Readers of streams.", counts)
        about = "Positions between the newest line of its stream and a door's slowest reader."
        yield _by_door("tidings_http_slowest_reader_lag", about, lags)


def _by_door(name: str, about: str, values: Mapping[str, float]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, about, labels=("door",))
    for door, value in values.items():
        family.add_metric((door,), value)
    return family


class Metrics:
    """Every metric of the gateway. No label holds anything that a caller can choose freely."""

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        self.registry = registry or CollectorRegistry()
        self.shown: Callable[[], Awaitable[Collector]] = self._own
        """Returns what `page` shows; the owner of several gateways has it ask all of them."""
        self.readers = Readers()
        self.registry.register(self.readers)
        self.seconds = Histogram(
            "tidings_http_seconds",
            "How long requests took that were answered whole, by door.",
            ["door"],
            buckets=SECONDS,
            registry=self.registry,
        )
        self.sent_bytes = Counter(
            "tidings_http_sent_bytes",
            "Bytes of bodies of answers, counted when a request ends.",
            ["door"],
            registry=self.registry,
        )
        self.objects = Counter(
            "tidings_http_upload_objects",
            "Uploaded objects, by door and outcome.",
            ["door", "outcome"],
            registry=self.registry,
        )
        self.retries = Counter(
            "tidings_upstream_retries",
            "Calls to the service that were retried.",
            registry=self.registry,
        )
        self.requests = Counter(
            "tidings_http_requests",
            "Requests that ended, by door and status; 0 = the client left before an answer.",
            ["door", "status"],
            registry=self.registry,
        )
        self.open_requests = Gauge(
            "tidings_http_open_requests", "Open requests.", registry=self.registry
        )
        self.refused = Counter(
            "tidings_http_refused",
            "Connections and requests that the listener refused, by the limit they broke.",
            ["limit"],
            registry=self.registry,
        )
        self.live_streams = Gauge(
            "tidings_http_live_streams",
            "Upstream streams at the head of the log, each shared by its readers.",
            registry=self.registry,
        )
        self.fallen_back = Counter(
            "tidings_http_readers_fallen_back",
            "Readers that were slower than their stream and continued from the log.",
            ["door"],
            registry=self.registry,
        )
        self.gaps = Counter(
            "tidings_http_gaps",
            "Gaps in what readers were given.",
            ["door"],
            registry=self.registry,
        )
        self.unprintable = Counter(
            "tidings_http_unprintable",
            "Records that could not be printed, and were reported as gaps instead.",
            ["door"],
            registry=self.registry,
        )

    def watch_held(self, held_bytes: Callable[[], float]) -> None:
        """Report how much is held for callers, read at each scrape."""
        Gauge(
            "tidings_http_held_bytes",
            "Memory held for request bodies and large unread answers.",
            registry=self.registry,
        ).set_function(held_bytes)

    async def page(self) -> bytes:
        """Return all metrics in Prometheus' text format; may ask other processes, and wait."""
        page: bytes = await asyncio.to_thread(generate_latest, await self.shown())
        return page

    async def _own(self) -> Collector:
        return self.registry
