"""The hour on Nomad: a deployment that succeeds, a node that is lost, a deployment that fails."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from random import Random

from tidings.app.demo.nomad_events import (
    DONE,
    EXITED,
    LOST,
    RECEIVED,
    STARTED,
    Allocation,
    Job,
    Node,
    NomadEvents,
)
from tidings.app.demo.times import Happening, Times


class NomadHour:
    """Events of Nomad's event stream; use each object once."""

    def __init__(self, random: Random, times: Times) -> None:
        self._told = NomadEvents(random, times)
        self._nodes = [Node(self._told.new_id(), f"nomad-{name}") for name in ("a1", "b1", "c1")]

    def happenings(self) -> Iterator[Happening]:
        """Yield the events of the hour in order."""
        told = self._told
        for at_s, node in enumerate(self._nodes, start=5):
            yield told.node(at_s, node, "NodeRegistration")
        web, deployment = told.new_id(), told.new_id()
        job = Job("web", 7, count=4)
        yield told.registered(300, job, web)
        first = [self._allocation(301, job, deployment, place) for place in range(4)]
        yield told.planned(301, web, first, deployment)
        yield from self._come_up(first, 302)
        yield told.deployment(330, deployment, job, 7, "successful")
        batch, nightly = told.new_id(), told.new_id()
        billing = Job("billing-report", 31, "batch")
        yield told.registered(900, billing, batch)
        report = self._allocation(901, billing, "", 0)
        yield told.planned(901, batch, [report], "")
        yield from self._come_up([report], 903)
        yield told.changed(1080, report, "complete", STARTED, DONE)
        yield told.evaluated(1081, nightly, billing, "complete", "alloc-stop")
        yield from self._node_is_lost(1800, job, first)
        yield from self._deployment_fails(2700, job)

    def _node_is_lost(
        self, at_s: float, job: Job, web: Sequence[Allocation]
    ) -> Iterator[Happening]:
        told, lost = self._told, self._nodes[1]
        lost.status = "down"
        yield told.node(at_s, lost, "NodeEvent")
        evaluation = told.new_id()
        yield told.evaluated(at_s + 1, evaluation, job, "pending", "node-update")
        gone = [each for each in web if each.node is lost]
        for each in gone:
            yield told.changed(at_s + 2, each, "lost", STARTED, description=LOST)
        new = [self._allocation(at_s + 2, job, "", place) for place in range(len(gone))]
        yield told.planned(at_s + 2, evaluation, new, "")
        yield from self._come_up(new, at_s + 4)
        yield told.evaluated(at_s + 5, evaluation, job, "complete", "node-update")
        lost.status = "ready"
        yield told.node(at_s + 420, lost, "NodeEvent")

    def _deployment_fails(self, at_s: float, job: Job) -> Iterator[Happening]:
        told = self._told
        evaluation, deployment = told.new_id(), told.new_id()
        job.version = 8
        yield told.registered(at_s, job, evaluation)
        (canary,) = [self._allocation(at_s + 1, job, deployment, 0)]
        yield told.planned(at_s + 1, evaluation, [canary], deployment)
        yield told.changed(at_s + 4, canary, "running", STARTED)
        yield told.changed(at_s + 19, canary, "failed", STARTED, EXITED)
        yield told.deployment(at_s + 20, deployment, job, 8, "failed")
        back = told.new_id()
        job.version, job.image = 9, "shop/web:1.7"
        yield told.registered(at_s + 21, job, back)
        yield told.evaluated(at_s + 22, back, job, "complete", "job-register")

    def _come_up(self, allocations: Sequence[Allocation], at_s: float) -> Iterator[Happening]:
        for place, each in enumerate(allocations):
            yield self._told.changed(at_s + 3 * place, each, "pending", RECEIVED)
            yield self._told.changed(at_s + 3 * place + 2, each, "running", STARTED)

    def _allocation(self, at_s: float, job: Job, deployment: str, place: int) -> Allocation:
        node = self._nodes[place % len(self._nodes)]
        return Allocation(self._told.new_id(), job, place, job.version, node, deployment, at_s)
