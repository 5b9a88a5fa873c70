"""What the service counts, for Prometheus, in a registry of its own."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import accumulate
from typing import Protocol

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

from tidings.core.clock import Clock
from tidings.log.event_log import EventLog
from tidings.rpc.disk import Disk
from tidings.rpc.health import CHECKED
from tidings.rpc.index import Index

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Bounds of the buckets of unary calls; a commit with fsync takes 1 to 10 ms on common disks."""


class Tally(Collector):
    """A counter for one thread, without the lock that makes `Counter` too slow for deliveries."""

    def __init__(self, name: str, about: str) -> None:
        self._name = name
        self._about = about
        self._count = 0

    def add(self, count: int) -> None:
        """Add to the count."""
        self._count += count

    def collect(self) -> Iterator[CounterMetricFamily]:
        """Yield the count, to whatever thread asks."""
        yield CounterMetricFamily(self._name, self._about, self._count)


GROUP_SIZES = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000)
"""Bounds of the buckets of how many drafts share a commit."""


class TallyHistogram(Collector):
    """A histogram for one thread, without locks, for the same reason."""

    def __init__(self, name: str, about: str, bounds: Sequence[float]) -> None:
        self._name = name
        self._about = about
        self._bounds = bounds
        self._counts = [0] * (len(bounds) + 1)
        self._sum = 0.0

    def observe(self, value: float) -> None:
        """Count a value."""
        self._counts[bisect_left(self._bounds, value)] += 1
        self._sum += value

    def collect(self) -> Iterator[HistogramMetricFamily]:
        """Yield the counts, to whatever thread asks."""
        names = (*map(floatToGoString, self._bounds), "+Inf")
        buckets = list(zip(names, accumulate(self._counts), strict=True))
        yield HistogramMetricFamily(self._name, self._about, buckets, self._sum)


class SubscriberPosition(Protocol):
    """A subscriber, as metrics see it."""

    @property
    def lag(self) -> int:
        """How many positions it is behind the newest record; 0 = not behind."""
        ...


class Metrics:
    """Every metric of the rpc room. No label holds anything that a caller can choose freely."""

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        self.registry = registry or CollectorRegistry()
        self.calls = Counter(
            "tidings_rpc_calls", "Calls that ended.", ["method", "code"], registry=self.registry
        )
        self.open_calls = Gauge(
            "tidings_rpc_open_calls", "Open calls.", ["method"], registry=self.registry
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
            "Drafts by outcome: stored, duplicate or refused.",
            ["outcome"],
            registry=self.registry,
        )
        self.draft_refusals = Counter(
            "tidings_draft_refusals",
            "Refused drafts, alone, in a stream or an upload, by reason.",
            ["reason"],
            registry=self.registry,
        )
        self.remarks = Counter(
            "tidings_draft_remarks",
            "Differences of stored events from their system's documentation, by kind.",
            ["system", "remark"],
            registry=self.registry,
        )
        self.sent_bytes = Tally("tidings_sent_bytes", "Bytes of records sent to subscribers.")
        self.registry.register(self.sent_bytes)
        self.delivery_seconds = TallyHistogram(
            "tidings_delivery_seconds",
            "From the time of a record to its first delivery to a live subscriber.",
            SECONDS,
        )
        self.registry.register(self.delivery_seconds)
        self.refusals = Counter(
            "tidings_rpc_refusals",
            "Calls that were refused, by the reason in their ErrorInfo.",
            ["reason"],
            registry=self.registry,
        )
        self.commit_seconds = Histogram(
            "tidings_commit_seconds",
            "How long commits took, from their begin to stable storage.",
            buckets=SECONDS,
            registry=self.registry,
        )
        self.commit_drafts = Histogram(
            "tidings_commit_drafts",
            "How many drafts shared a commit.",
            buckets=GROUP_SIZES,
            registry=self.registry,
        )
        self.publish_seconds = Histogram(
            "tidings_publish_seconds",
            "From the append of checked drafts to their answer: queue, commit, and the readers.",
            buckets=SECONDS,
            registry=self.registry,
        )
        self.disk: Callable[[], Disk | None] = lambda: None
        """Returns the space on the log's disk; None = it is on none of this machine. Blocks."""
        self._delivered_seq = 0
        self.subscribers: dict[SubscriberPosition, None] = {}
        """The current readers."""
        self.gaps = Counter(
            "tidings_gaps",
            "Gaps that were reported to subscribers.",
            ["system"],
            registry=self.registry,
        )

    def open_count(self, method: str) -> int:
        """Return how many calls of a method are open."""
        found = self.registry.get_sample_value("tidings_rpc_open_calls", {"method": method})
        return int(found or 0)

    def publishes(self) -> tuple[int, float]:
        """Return how often drafts were answered, and how many seconds that took altogether."""
        (family,) = self.publish_seconds.collect()
        found = {sample.name: sample.value for sample in family.samples}
        name = "tidings_publish_seconds"
        return int(found[f"{name}_count"]), found[f"{name}_sum"]

    def slowest_lag(self) -> int:
        """Return how many positions the slowest subscriber is behind."""
        return max((each.lag for each in list(self.subscribers)), default=0)

    def delivered(self, seq: int, recorded_at_us: int, clock: Clock) -> None:
        """Count that a batch up to a position was delivered, if it is the first delivery of it."""
        if seq > self._delivered_seq:
            self._delivered_seq = seq
            self.delivery_seconds.observe(max(0, clock.now_us() - recorded_at_us) / 1e6)

    def _committed(self, drafts: int, taken_s: float) -> None:
        self.commit_drafts.observe(drafts)
        self.commit_seconds.observe(taken_s)

    def show(self, log: EventLog) -> None:
        """Show the state of a log, read at each scrape, from any thread."""
        log.times.committed = self._committed
        log.times.answered = self.publish_seconds.observe
        self._show_gauge(
            "tidings_subscribers", "Subscribe calls that stream.", lambda: len(self.subscribers)
        )
        self._show_gauge(
            "tidings_slowest_subscriber_lag",
            "Positions between the newest record and the slowest subscriber; 0 = none is behind.",
            self.slowest_lag,
        )
        for name, about, read in (
            ("tidings_last_seq", "Newest position that can be read.", lambda: log.last_seq),
            ("tidings_queued_drafts", "Drafts that wait to be stored.", lambda: log.queued_count),
            (
                "tidings_damaged_records",
                "Records that were found damaged, and reported as gaps.",
                lambda: log.damaged_count,
            ),
            ("tidings_selections", "Different selections followed.", lambda: log.group_count),
        ):
            self._show_gauge(name, about, read)
        failing = Gauge(
            "tidings_check_failing",
            "1 while a check of health fails: write = nothing can be stored, clock = it jumped.",
            ["check"],
            registry=self.registry,
        )
        for check in CHECKED:
            failing.labels(check=check).set_function(partial(_is_failing, log, check))

    def show_index(self, log: EventLog, index: Index) -> None:
        """Show how far an index is behind its log."""
        self._show_gauge(
            "tidings_index_position",
            "Position up to which the index holds the log; 0 = there is none.",
            partial(_position, index),
        )
        self._show_gauge(
            "tidings_index_lag_records",
            "Positions of the log that are not in the index yet; queries read them one by one.",
            partial(_lag, log, index),
        )

    def _show_gauge(self, name: str, about: str, read: Callable[[], float]) -> None:
        Gauge(name, about, registry=self.registry).set_function(read)


def _position(index: Index) -> int:
    return index.known.through_seq if index.known else 0


def _lag(log: EventLog, index: Index) -> int:
    return max(0, log.last_seq - _position(index))


def _is_failing(log: EventLog, check: str) -> float:
    return 1.0 if log.checks.reason(check) else 0.0
