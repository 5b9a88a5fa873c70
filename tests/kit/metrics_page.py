"""docs/metrics.md, made of what both halves register; run as a program, this writes it."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from prometheus_client import CollectorRegistry

from tests.kit.clock import DayClock
from tidings.app.backups import Backups
from tidings.app.log_metrics import LogMetrics
from tidings.app.metrics_page import WholePage
from tidings.app.process_metrics import ProcessMetrics, own_registry, show_certificate
from tidings.app.retention_report import RetentionReport
from tidings.app.watched_clock import WatchedClock
from tidings.dialects import load
from tidings.gateway.metrics import Metrics as GatewayMetrics
from tidings.index.reader import IndexReader
from tidings.log.event_log import EventLog
from tidings.rpc.server import Service, Views
from tidings.store.memory import MemoryStore

PAGE = Path("docs/metrics.md")

_HEAD = """\
# Metrics

What Tidings tells Prometheus. `tidings serve --metrics 127.0.0.1:4652` shows all parts on one
page, on any path of that address; a half that runs alone shows its own there, and the gateway its
own at `/metrics` of its HTTP port too. With several gateways each of their series has the label
`process` (`gateway-1`, `gateway-2`), and `/metrics` shows those of all. No label holds anything
that a caller can choose freely.

`deploy/prometheus/` has alert rules (`tidings.rules.yml`), a dashboard for Grafana
(`tidings.dashboard.json`) and an example of what to scrape (`prometheus.yml`). "Positions" are
`seq` numbers: their differences count records of all systems.

This page is made by `make metrics-page`; a test compares it with what the program shows.
"""

Row = tuple[str, str, str, str]


async def rows_of_service() -> list[Row]:
    """Return what a service shows, as it is built by the app."""
    clock = DayClock()
    dialects = load({})
    views = Views.of(dialects, clock)
    store = MemoryStore(clock=clock)
    log = EventLog(store, clock=clock, envelope_of=views.envelope_of, projections=views.projections)
    index = IndexReader(Path("/nowhere"), log.log_id)
    service = Service(log, views, clock=clock, token=secrets.token_bytes, index=index)
    registry = service.metrics.registry
    RetentionReport(registry)
    WatchedClock(clock, settle_s=1.0).show_in(registry)
    registry.register(ProcessMetrics("service"))
    loop = asyncio.get_running_loop()
    registry.register(LogMetrics(log, Path("/"), loop, clock.monotonic_s))
    show_certificate(registry, "grpc", "-")
    Backups(Path(), 0.0, 1, clock=clock, registry=registry)
    found = rows_of(registry)
    await service.drain(0.0)
    await index.close()
    await store.close()
    return found


def rows_of_gateway() -> list[Row]:
    """Return what a gateway shows, and what only the page of both halves has."""
    metrics = GatewayMetrics(own_registry("gateway"))
    metrics.watch_held(lambda: 0.0)
    show_certificate(metrics.registry, "http", "-")
    whole = WholePage("gateway", CollectorRegistry(), {"service": Path("/nowhere")})
    return [*rows_of(metrics.registry), *_rows_of_custom(whole)]


def rows_of(registry: CollectorRegistry) -> list[Row]:
    """Return name, kind, labels and meaning of each family of a registry."""
    found: list[Row] = []
    for collector in list(registry._collector_to_names):  # noqa: SLF001 - there is no public list
        labels = getattr(collector, "_labelnames", None)
        if labels is None:
            found += _rows_of_custom(collector)
            continue
        (family,) = collector.collect()
        found.append(_row(family, labels))
    return found


def _rows_of_custom(collector: Any) -> Iterator[Row]:
    described = getattr(collector, "describe", collector.collect)
    for family in described():
        labels = getattr(family, "_labelnames", None)
        if labels is None:
            labels = tuple(family.samples[0].labels) if family.samples else ()
        yield _row(family, labels)


def _row(family: Any, labels: Any) -> Row:
    suffix = "_total" if family.type == "counter" else ""
    shown = ", ".join(f"`{label}`" for label in labels)
    return f"{family.name}{suffix}", family.type, shown, family.documentation


def page() -> str:
    """Return the whole page."""
    service = set(asyncio.run(rows_of_service()))
    gateway = set(rows_of_gateway())
    lines = [_HEAD]
    for title, rows in (
        ("Both halves", service & gateway),
        ("The service", service - gateway),
        ("The gateway", gateway - service),
    ):
        lines += [
            f"## {title}",
            "",
            "| metric | kind | labels | meaning |",
            "| --- | --- | --- | --- |",
        ]
        lines += [
            f"| `{name}` | {kind} | {labels} | {about} |"
            for name, kind, labels, about in sorted(rows)
        ]
        lines.append("")
    return "\n".join(lines).rstrip("\n") + "\n"


if __name__ == "__main__":
    PAGE.write_text(page())
