"""Prometheus metrics of the sources, read at each scrape."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from tidings.dialects.systems import system_name
from tidings.rpc.sources.registry import SourceRegistry
from tidings.v1 import source_pb2

_Of = Callable[[source_pb2.SourceStatus], float]

_COUNTERS: Mapping[str, tuple[str, _Of]] = {
    "tidings_source_events": ("Events recorded, without repeated ones.", lambda each: each.events),
    "tidings_source_bytes": ("Bytes read from the system.", lambda each: each.bytes),
    "tidings_source_gaps": ("Gaps that were reported.", lambda each: each.gaps),
    "tidings_source_errors": ("Read failures.", lambda each: each.errors),
}
_GAUGES: Mapping[str, tuple[str, _Of]] = {
    "tidings_source_connected": (
        "1 while the source is connected to its system.",
        lambda each: each.connected,
    ),
    "tidings_source_stale": (
        "1 while it has been without a connection for too long.",
        lambda each: each.HasField("stale_since"),
    ),
    "tidings_source_lag_seconds": (
        "How long after it happened the last event was recorded.",
        lambda each: each.lag.ToTimedelta().total_seconds(),
    ),
    "tidings_source_last_event_timestamp_seconds": (
        "When the last event was recorded; 0 = none was.",
        lambda each: each.last_event_at.ToMicroseconds() / 1e6,
    ),
}
_LABELS = ("source", "system")


class SourceMetrics(Collector):
    """The metrics of each source, labelled with its name, which is the operator's."""

    def __init__(self, registry: SourceRegistry) -> None:
        self._registry = registry

    def collect(self) -> Iterator[Metric]:
        """Yield them, to whatever thread asks."""
        known = [(each, (each.source, system_name(each.system))) for each in self._registry]
        for name, (about, value) in _COUNTERS.items():
            counter = CounterMetricFamily(name, about, labels=_LABELS)
            for each, labels in known:
                counter.add_metric(labels, value(each))
            yield counter
        for name, (about, value) in _GAUGES.items():
            gauge = GaugeMetricFamily(name, about, labels=_LABELS)
            for each, labels in known:
                gauge.add_metric(labels, value(each))
            yield gauge
