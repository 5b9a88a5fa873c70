"""A day of the other systems, and of the people and tools around them."""

from __future__ import annotations

from collections.abc import Iterable
from random import Random
from typing import Final

from tidings.app.demo.day_nomad import HOUR_S
from tidings.app.demo.other_events import (
    DockerCloudEvents,
    PuppetEvents,
    cloud_event,
    fired,
    looked_at,
)
from tidings.app.demo.simulation import Process, Simulation
from tidings.app.demo.times import Happening, Times

_FIRST_JOB: Final = 339  # the one at 13:30 is 352
_FAILS: Final = 352
_LOOK_S = 180.0
_USERS_EVENTS = (
    ("cache-flush", "", "web"),
    ("backup-started", "billing", ""),
    ("cert-renewed", "shop.example", "web"),
    ("feature-on", "new-checkout", "checkout"),
)
_ORDERS = ("paid", "paid", "paid", "failed", "refunded")


class OthersDay:
    """Their events. `size` multiplies all but Feldera, of which there is one.

    Fixed events of the first day: in Puppet job 352, at 13:30, one node fails and one cannot be
    run; Feldera's compiler is down from 14:10 to 14:16.
    """

    def __init__(self, random: Random, times: Times, simulation: Simulation, size: int) -> None:
        self._random = random
        self._times = times
        self._simulation = simulation
        self._cloud = DockerCloudEvents(random, times)
        self._puppet = PuppetEvents(random, times)
        self._is_away = False
        self._orders = 51_800
        simulation.start(self._looks(), 15)
        simulation.start(self._flaps(), 4 * HOUR_S)
        simulation.start(self._is_away_for(360), 14 * HOUR_S + 600)
        simulation.start(self._runs(_FIRST_JOB, "db"), HOUR_S / 2)
        for number in range(1, size):
            simulation.start(
                self._runs(1_000_000 * number, f"db{number}"), random.uniform(0, HOUR_S)
            )
        for number in range(size):
            simulation.start(self._stack(), 300 + 60 * (number % 60))
        simulation.start(self._users(900 / size), 600)
        simulation.start(self._shop(120 / size), 60)

    @property
    def _now_s(self) -> float:
        return self._simulation.now_s

    def _looks(self) -> Process:
        while True:
            yield looked_at(self._times, self._now_s, compiler_is_away=self._is_away)
            yield _LOOK_S

    def _flaps(self) -> Process:
        while True:
            yield self._random.expovariate(1 / (6 * HOUR_S))
            if not self._is_away:
                self._simulation.start(self._is_away_for(self._random.uniform(60, 900)))

    def _is_away_for(self, span_s: float) -> Process:
        for self._is_away in (True, False):
            # not at the exact time of another event: each must sort after the one before
            yield 0.25
            yield looked_at(self._times, self._now_s, compiler_is_away=self._is_away)
            yield span_s - 0.25

    def _runs(self, first: int, group: str) -> Process:
        """Run Puppet on five nodes every hour."""
        nodes = [f"{group}-{n}.shop.example" for n in range(1, 6)]
        job = first
        while True:
            ends = {
                node: self._random.choice(("failed", "errored"))
                for node in nodes
                if self._random.random() < 0.04
            }
            if job == _FAILS:
                ends = {nodes[1]: "failed", nodes[3]: "errored"}
            begun_s = self._now_s
            yield from self._in_time(self._puppet.job(str(job), begun_s, nodes, ends))
            yield HOUR_S - (self._now_s - begun_s)
            job += 1

    def _in_time(self, happenings: Iterable[Happening]) -> Process:
        for each in sorted(happenings, key=lambda one: one.at_s):
            yield each.at_s - self._now_s
            yield each

    def _stack(self) -> Process:
        """Start a stack of one service, and redeploy it every few hours."""
        told, uri = self._cloud, self._cloud.uri
        cluster, node = uri("nodecluster", "infra"), uri("node", "infra")
        yield told.event(self._now_s, "nodecluster", "create", cluster, "Deployed")
        yield told.event(self._now_s, "node", "create", node, "Deployed", cluster)
        stack, service = uri("stack"), uri("service")
        yield told.event(self._now_s, "stack", "create", stack, "Not running")
        yield told.event(self._now_s, "service", "create", service, "Not running", stack)
        running: list[str] = []
        while True:
            action = told.action_uri()
            yield told.event(self._now_s, "action", "create", action, "In progress", service)
            yield told.event(self._now_s, "service", "update", service, "Starting", stack)
            for old in running:
                yield told.event(
                    self._now_s, "container", "update", old, "Stopping", service, stack
                )
                yield 3.0
                yield told.event(
                    self._now_s, "container", "delete", old, "Terminated", service, stack
                )
            running = [uri("container") for _ in range(self._random.randint(1, 4))]
            for new in running:
                parents = (service, stack, node, cluster)
                yield told.event(self._now_s, "container", "create", new, "Starting", *parents)
                yield 5.0
                yield told.event(self._now_s, "container", "update", new, "Running", *parents)
            yield told.event(self._now_s, "service", "update", service, "Running", stack)
            yield told.event(self._now_s, "stack", "update", stack, "Running")
            yield told.event(self._now_s, "action", "update", action, "Success", service)
            yield self._random.expovariate(1 / (3 * HOUR_S))

    def _users(self, mean_s: float) -> Process:
        while True:
            yield self._random.expovariate(1 / mean_s)
            yield fired(self._times, self._now_s, *self._random.choice(_USERS_EVENTS))

    def _shop(self, mean_s: float) -> Process:
        while True:
            yield self._random.expovariate(1 / mean_s)
            self._orders += 1
            outcome, order = self._random.choice(_ORDERS), str(self._orders)
            data = {"order": order, "amount": f"{self._random.randint(5, 300)}.50 EUR"}
            kind = f"com.example.order.{outcome}"
            yield cloud_event(self._times, self._now_s, order, "/shop/checkout", kind, order, data)
