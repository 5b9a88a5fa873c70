"""What the gateway counts, for Prometheus, in a registry of its own."""

from __future__ import annotations

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest


class Metrics:
    """Every metric of the gateway. No label holds anything that a caller can choose freely."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "tidings_http_requests",
            "Requests that ended, by door and class of status.",
            ["door", "status"],
            registry=self.registry,
        )
        self.open_requests = Gauge(
            "tidings_http_open_requests", "Requests that are going on.", registry=self.registry
        )
        self.refused = Counter(
            "tidings_http_refused",
            "Connections and requests that the listener refused, by the limit they broke.",
            ["limit"],
            registry=self.registry,
        )
        self.feeds = Gauge(
            "tidings_http_feeds", "Upstream streams that readers share.", registry=self.registry
        )
        self.fallen_back = Counter(
            "tidings_http_readers_fallen_back",
            "Readers that were slower than their feed and read on from the log.",
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
            "Records that could not be printed, and were told of instead.",
            ["door"],
            registry=self.registry,
        )

    def watch_held(self, held_bytes: Callable[[], float]) -> None:
        """Tell how much is held for callers whenever the page is asked for."""
        Gauge(
            "tidings_http_held_bytes",
            "Bodies on their way in and large answers on their way out.",
            registry=self.registry,
        ).set_function(held_bytes)

    def page(self) -> bytes:
        """Return all metrics in Prometheus' text format."""
        page: bytes = generate_latest(self.registry)
        return page
