"""The hour on Consul, Docker Cloud, Puppet Orchestrator and Feldera, and the teams' own events."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Any

from tidings.app.demo.other_events import (
    DockerCloudEvents,
    PuppetEvents,
    cloud_event,
    fired,
    looked_at,
)
from tidings.app.demo.times import Happening, Times

# Second of the hour, name, payload, and the service whose nodes it is for.
_FIRED = [
    (299, "deploy", "web v7 by ci", ""),
    (333, "cache-flush", "", "web"),
    (890, "backup-started", "billing", ""),
    (1090, "backup-finished", "billing, 1.4 GB", ""),
    (1803, "incident", "node nomad-b1 is down", ""),
    (2240, "incident-over", "node nomad-b1 is back after 7 min", ""),
    (2699, "deploy", "web v8 by ci", ""),
    (2722, "rollback", "web v8 to v7", ""),
    (3300, "cert-renewed", "shop.example", "web"),
]


def consul(times: Times) -> Iterator[Happening]:
    """Yield the user events."""
    for at_s, name, payload, service in _FIRED:
        yield fired(times, at_s, name, payload, service)


class DockerCloudHour:
    """What Docker Cloud's stream said of the stack `shop`: a service is redeployed, then scaled."""

    def __init__(self, random: Random, times: Times) -> None:
        self._told = DockerCloudEvents(random, times)
        self._stack, self._service = self._told.uri("stack"), self._told.uri("service")
        self._cluster = self._told.uri("nodecluster", "infra")

    def happenings(self) -> Iterator[Happening]:
        """Yield the hour in its order."""
        node = self._told.uri("node", "infra")
        for at_s, state in ((30, "Deploying"), (95, "Deployed")):
            yield self._told.event(at_s, "node", "update", node, state, self._cluster)
        old, new = ([self._told.uri("container") for _ in range(2)] for _ in "ab")
        yield from self._acted(600, 660, self._service)
        yield self._told.event(601, "service", "update", self._service, "Redeploying", self._stack)
        for place, (stopped, started) in enumerate(zip(old, new, strict=True)):
            at_s = 604 + 20 * place
            for step, state in enumerate(("Stopping", "Terminated")):
                yield self._container(at_s + 3 * step, "update", stopped, state)
            yield self._container(at_s + 5, "create", started, "Starting")
            yield self._container(at_s + 11, "update", started, "Running")
        yield self._told.event(659, "service", "update", self._service, "Running", self._stack)
        yield self._told.event(661, "stack", "update", self._stack, "Running")
        yield from self._acted(2000, 2014, self._service)
        yield self._told.event(2001, "service", "update", self._service, "Scaling", self._stack)
        third = self._told.uri("container")
        yield self._container(2003, "create", third, "Starting")
        yield self._container(2012, "update", third, "Running")
        yield self._told.event(2013, "service", "update", self._service, "Running", self._stack)

    def _acted(self, from_s: float, to_s: float, on: str) -> Iterator[Happening]:
        action = self._told.action_uri()
        yield self._told.event(from_s, "action", "create", action, "In progress", on)
        yield self._told.event(to_s, "action", "update", action, "Success", on)

    def _container(self, at_s: float, action: str, uri: str, state: str) -> Happening:
        parents = (self._service, self._stack)
        return self._told.event(at_s, "container", action, uri, state, *parents)


def puppet(random: Random, times: Times) -> Iterator[Happening]:
    """Yield two jobs of the Orchestrator: 352 runs well, in 353 a node fails, one cannot be run."""
    told = PuppetEvents(random, times)
    yield from told.job("352", 1200, [f"web-{n}.shop.example" for n in range(1, 6)], {})
    ends = {"db-2.shop.example": "failed", "db-4.shop.example": "errored"}
    yield from told.job("353", 3000, [f"db-{n}.shop.example" for n in range(1, 5)], ends)


def feldera(times: Times) -> Iterator[Happening]:
    """Yield a look at the cluster every three minutes, and one whenever something changed.

    The compiler is away for six minutes, while the node is that Nomad has lost.
    """
    for at_s in sorted({*range(15, 3600, 180), 1812, 2168}):
        yield looked_at(times, at_s, compiler_is_away=1812 <= at_s < 2168)


# Second of the hour, source, type, subject, data.
_TOLD: list[tuple[int, str, str, str, dict[str, Any]]] = [
    (298, "/ci/web", "com.example.release.approved", "web", {"version": 7, "by": "ana"}),
    (1082, "/billing", "com.example.report.ready", "2026-10", {"invoices": 1204}),
    (1830, "/shop/checkout", "com.example.order.failed", "51822", {"reason": "timeout"}),
    (1834, "/shop/checkout", "com.example.order.paid", "51822", {"amount": "38.50 EUR"}),
    (2698, "/ci/web", "com.example.release.approved", "web", {"version": 8, "by": "joao"}),
    (2724, "/ci/web", "com.example.release.reverted", "web", {"version": 8}),
]


def cloud_events(times: Times) -> Iterator[Happening]:
    """Yield the events of teams, as CloudEvents."""
    for number, (at_s, source, kind, subject, data) in enumerate(_TOLD, start=1):
        yield cloud_event(times, at_s, str(number), source, kind, subject, data)
