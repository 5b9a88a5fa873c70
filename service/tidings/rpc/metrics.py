"""What the service counts, for Prometheus, in a registry of its own."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.core import CounterMetricFamily
from prometheus_client.registry import Collector

from tidings.log.event_log import EventLog
from tidings.rpc.health import CHECKED

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Bounds of the buckets of unary calls; a commit with fsync takes 1 to 10 ms on common disks."""


class Tally(Collector):
    """A counter for one thread, without the lock that makes a `Counter` dear at every delivery."""

    def __init__(self, name: str, about: str) -> None:
        self._name = name
        self._about = about
        self._count = 0

    def add(self, count: int) -> None:
        """Count so many more."""
        self._count += count

    def collect(self) -> Iterator[CounterMetricFamily]:
        """Yield the count, to whatever thread asks."""
        yield CounterMetricFamily(self._name, self._about, self._count)


class Metrics:
    """Every metric of the rpc room. No label holds anything that a caller can choose freely."""

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        self.registry = registry or CollectorRegistry()
        self.calls = Counter(
            "tidings_rpc_calls", "Calls that ended.", ["method", "code"], registry=self.registry
        )
        self.open_calls = Gauge(
            "tidings_rpc_open_calls", "Calls that are going on.", ["method"], registry=self.registry
        )
        self.seconds = Histogram(
            "tidings_rpc_seconds",
            "How long unary calls took.",
            ["method"],
            buckets=SECONDS,
            registry=self.registry,
        )
        self.drafts = Counter(
            "tidings_drafts",
            "Drafts by what became of them: stored, duplicate, or the kind of failure.",
            ["outcome"],
            registry=self.registry,
        )
        self.remarks = Counter(
            "tidings_draft_remarks",
            "What of stored events is unlike their system's documentation, by what it is.",
            ["system", "remark"],
            registry=self.registry,
        )
        self.sent_bytes = Tally("tidings_sent_bytes", "Bytes of records sent to subscribers.")
        self.registry.register(self.sent_bytes)
        self.gaps = Counter(
            "tidings_gaps",
            "Gaps that subscribers were told of.",
            ["system"],
            registry=self.registry,
        )

    def show(self, log: EventLog) -> None:
        """Show what a log is doing, as it is whenever somebody looks, from whatever thread."""
        for name, about, read in (
            ("tidings_last_seq", "Newest position that readers can have.", lambda: log.last_seq),
            ("tidings_queued_drafts", "Drafts that wait to be stored.", lambda: log.queued_count),
            (
                "tidings_damaged_records",
                "Records that were found damaged, and told as gaps.",
                lambda: log.damaged_count,
            ),
            ("tidings_selections", "Different selections followed.", lambda: log.group_count),
        ):
            Gauge(name, about, registry=self.registry).set_function(read)
        failing = Gauge(
            "tidings_check_failing",
            "1 while a check of health fails: write = nothing can be stored, clock = it jumped.",
            ["check"],
            registry=self.registry,
        )
        for check in CHECKED:
            failing.labels(check=check).set_function(partial(_is_failing, log, check))


def _is_failing(log: EventLog, check: str) -> float:
    return 1.0 if log.checks.reason(check) else 0.0
