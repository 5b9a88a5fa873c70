"""Metrics of each process of Tidings, by the name of its part, and of what all of them are."""

from __future__ import annotations

import platform
from collections.abc import Iterable, Iterator
from importlib.metadata import version

from prometheus_client import CollectorRegistry, Gauge, ProcessCollector
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from tidings.app.tls.expiry import ends_at_s
from tidings.core.version import VERSION

PROCESS = "process"
"""The label that tells parts apart: "service" or "gateway", or "gateway-1" of several."""


class ProcessMetrics(Collector):
    """`process_*`, as every exporter has them, and `tidings_build_info`, with the part's name."""

    def __init__(self, part: str) -> None:
        self._part = part
        self._process = ProcessCollector(registry=None)

    def collect(self) -> Iterator[Metric]:
        """Yield them as they are now."""
        for family in self._process.collect():
            yield labelled(family, **{PROCESS: self._part})
        about = "The running versions of Tidings, Python and gRPC; always 1."
        labels = {
            PROCESS: self._part,
            "version": VERSION,
            "python": platform.python_version(),
            "grpc": version("grpcio"),
        }
        info = GaugeMetricFamily("tidings_build_info", about, labels=tuple(labels))
        info.add_metric(tuple(labels.values()), 1.0)
        yield info


def show_certificate(registry: CollectorRegistry, listener: str, file: str) -> None:
    """Show when the certificate of a listener ends, read at each scrape; nothing without a file."""
    if not file:
        return
    Gauge(
        "tidings_certificate_end_timestamp_seconds",
        "When the certificate in a listener's file expires; 0 = it cannot be read.",
        ["listener"],
        registry=registry,
    ).labels(listener=listener).set_function(lambda: _end_of(file))


def _end_of(file: str) -> float:
    try:
        return ends_at_s(file)
    except (OSError, ValueError):
        return 0.0


def labelled(family: Metric, **labels: str) -> Metric:
    """Return a family whose samples have these labels as well."""
    found = Metric(family.name, family.documentation, family.type, family.unit)
    for sample in family.samples:
        found.samples.append(sample._replace(labels={**labels, **sample.labels}))
    return found


def merged(families: Iterable[Metric]) -> Iterator[Metric]:
    """Yield each family once, with the samples of all of its name: a page may name it once."""
    found: dict[str, Metric] = {}
    for family in families:
        if family.name in found:
            found[family.name].samples.extend(family.samples)
        else:
            found[family.name] = family
    yield from found.values()


def own_registry(part: str) -> CollectorRegistry:
    """Return a registry that knows the process."""
    registry = CollectorRegistry()
    registry.register(ProcessMetrics(part))
    return registry
