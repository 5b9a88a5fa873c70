"""The parts of `tidings serve` that have metrics, and which of them a gateway shows where."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from prometheus_client.registry import Collector

from tidings.app.metrics_page import Labelled, WholePage
from tidings.app.part_names import SERVICE, name_of_gateway, socket_of


@dataclass(frozen=True, slots=True)
class Pages:
    """What a gateway shows: clients must not see which of several it is."""

    own: Collector
    """What it tells the others."""
    gateways: WholePage | None
    """At `/metrics` of HTTP: that of all gateways; None = its own, there is no other."""
    whole: Collector
    """At the address for metrics: that of all parts."""
    told_at: Path
    """Where it tells its own."""


def pages_of(own: Collector, number: int, count: int, service_socket: str) -> Pages:
    """Return the pages of one of `count` gateways of a service, the first of which has number 1."""
    name = name_of_gateway(number, count)
    gateways = {
        part: socket_of(part, service_socket)
        for part in (name_of_gateway(each, count) for each in range(1, count + 1))
    }
    told_at = gateways.pop(name)
    if count > 1:
        own = Labelled(name, own)
    return Pages(
        own=own,
        gateways=WholePage(name, own, gateways) if gateways else None,
        whole=WholePage(name, own, {SERVICE: socket_of(SERVICE, service_socket), **gateways}),
        told_at=told_at,
    )
