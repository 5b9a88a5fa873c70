"""A day of a Nomad cluster: nodes join, drain, die and leave; jobs deploy, fail and roll back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from random import Random
from typing import Final

from tidings.app.demo.nomad_events import (
    DONE,
    EXITED,
    LOST,
    OOM,
    RECEIVED,
    STARTED,
    Allocation,
    Job,
    Node,
    NomadEvents,
)
from tidings.app.demo.other_events import cloud_event, fired
from tidings.app.demo.simulation import Process, Simulation
from tidings.app.demo.times import Happening, Times

HOUR_S: Final = 3600.0
_SERVICES = ("web", "api", "checkout", "search", "cart", "mail", "images", "auth")
_PEOPLE = ("ana", "joao", "mei", "omar", "ci")
_NODES, _BATCHES = 12, 2
_FIXED_NODE, _FIXED_JOB = "nomad-2", "web"
_MEAN_BETWEEN_DEPLOYS_S, _MEAN_BETWEEN_TROUBLES_S = 4 * HOUR_S, 20 * HOUR_S
_FAILING = 0.2  # of the deployments


class NomadDay:
    """The cluster and its changes. `size` multiplies its nodes and jobs.

    `nomad-2` and `web` have fixed events: on the first day the node is down from 13:58 to 14:09;
    the job is deployed at 09:00 and 17:00; a deployment at 14:02:58 fails: its first allocation
    runs out of memory, and it is rolled back.
    """

    def __init__(self, random: Random, times: Times, simulation: Simulation, size: int) -> None:
        self._random = random
        self._times = times
        self._simulation = simulation
        self._told = NomadEvents(random, times)
        names = [f"{name}{n or ''}" for n in range(size) for name in _SERVICES]
        self._jobs = [Job(name, 7, count=2 + place % 4) for place, name in enumerate(names)]
        self._batches = [Job(f"report-{n}", 31, "batch") for n in range(1, _BATCHES * size + 1)]
        self._running: dict[str, list[Allocation]] = {job.id: [] for job in self._jobs}
        self._nodes: list[Node] = []
        self._joined = 0
        self._fired = 0
        for _ in range(_NODES * size):
            simulation.start(self._joins(), self._random.uniform(0, 20))
        for job in self._jobs:
            simulation.start(self._lives(job), random.uniform(60, 600))
        for number, job in enumerate(self._batches):
            simulation.start(self._repeats(job), 900 + 240 * (number % 15))
        simulation.start(self._troubles(_MEAN_BETWEEN_TROUBLES_S / (_NODES * size)), 2 * HOUR_S)
        simulation.start(self._dies(_FIXED_NODE, down_s=660), 13 * HOUR_S + 58 * 60)
        web = self._jobs[0]
        simulation.start(self._deploys(web, fails=False), 9 * HOUR_S)
        simulation.start(self._deploys(web, fails=True), 14 * HOUR_S + 178)
        simulation.start(self._deploys(web, fails=False), 17 * HOUR_S)

    @property
    def _now_s(self) -> float:
        return self._simulation.now_s

    # --- nodes ---------------------------------------------------------------------------------

    def _joins(self) -> Process:
        self._joined += 1
        node = Node(self._told.new_id(), f"nomad-{self._joined}", "initializing")
        yield self._told.node(self._now_s, node, "NodeRegistration")
        yield 2.0
        node.status = "ready"
        self._nodes.append(node)
        yield self._told.node(self._now_s, node, "NodeEvent")

    def _troubles(self, mean_s: float) -> Process:
        """From time to time one of the ready nodes dies, is drained, or leaves permanently."""
        while True:
            yield self._random.expovariate(1 / mean_s)
            ready = self._ready()
            if len(ready) <= len(self._nodes) // 2:
                continue
            name = self._random.choice(ready).name
            if name == _FIXED_NODE:
                continue
            kind = self._random.choice((self._dies, self._drains, self._leaves))
            self._simulation.start(kind(name))

    def _dies(self, name: str, down_s: float = 0.0) -> Process:
        node = self._node_of(name)
        if node is None:
            return
        node.status = "down"
        yield self._told.node(self._now_s, node, "NodeEvent")
        yield self._fire("incident", f"node {name} is down")
        for job, gone in self._on(node):
            yield from self._replaces(job, gone, "lost", "node-update")
        yield down_s or self._random.uniform(300, 1500)
        node.status = "ready"
        yield self._told.node(self._now_s, node, "NodeEvent")
        yield self._fire("incident-over", f"node {name} is back")

    def _drains(self, name: str) -> Process:
        node = self._node_of(name)
        if node is None:
            return
        node.eligibility, node.is_draining = "ineligible", True
        yield self._told.node(self._now_s, node, "NodeDrain")
        for job, gone in self._on(node):
            yield from self._replaces(job, gone, "complete", "node-drain")
            yield 5.0
        node.is_draining = False
        yield self._told.node(self._now_s, node, "NodeDrain")
        yield self._random.uniform(600, 3000)
        node.eligibility = "eligible"
        yield self._told.node(self._now_s, node, "NodeEligibility")

    def _leaves(self, name: str) -> Process:
        node = self._node_of(name)
        if node is None:
            return
        yield from self._drains(name)
        yield 60.0
        if node.status != "ready":
            return
        for job, gone in self._on(node):
            yield from self._replaces(job, gone, "complete", "node-drain")
        self._nodes.remove(node)
        yield self._told.node(self._now_s, node, "NodeDeregistration")
        yield 300.0
        yield from self._joins()

    def _node_of(self, name: str) -> Node | None:
        """Return a node if it is ready and not being changed."""
        return next((each for each in self._ready() if each.name == name), None)

    def _ready(self) -> list[Node]:
        return [
            each
            for each in self._nodes
            if each.status == "ready" and each.eligibility == "eligible"
        ]

    def _on(self, node: Node) -> list[tuple[Job, list[Allocation]]]:
        found = []
        for job in self._jobs:
            here = [each for each in self._running[job.id] if each.node is node]
            if here:
                found.append((job, here))
        return found

    # --- jobs ----------------------------------------------------------------------------------

    def _lives(self, job: Job) -> Process:
        evaluation = self._told.new_id()
        yield self._told.registered(self._now_s, job, evaluation)
        yield 1.0
        yield from self._rolls_out(job, evaluation, ())
        yield self._told.evaluated(self._now_s, evaluation, job, "complete", "job-register")
        while job.id != _FIXED_JOB:
            yield self._random.expovariate(1 / _MEAN_BETWEEN_DEPLOYS_S)
            yield from self._deploys(job, fails=self._random.random() < _FAILING)

    def _deploys(self, job: Job, *, fails: bool) -> Process:
        before = (job.count, job.image or f"shop/{job.id}:1.{job.version}", job.memory_mb)
        job.version += 1
        job.image = f"shop/{job.id}:1.{job.version}"
        job.count, job.memory_mb = self._random.randint(2, 6), 256 * self._random.randint(1, 4)
        by = self._random.choice(_PEOPLE)
        yield self._approved(job, by)
        yield 2.0
        yield self._fire(f"deploy-{job.id}", f"{job.id} v{job.version} by {by}")
        evaluation = self._told.new_id()
        yield self._told.registered(self._now_s, job, evaluation)
        yield 1.0
        if not fails:
            yield from self._rolls_out(job, evaluation, tuple(self._running[job.id]))
            yield self._told.evaluated(self._now_s, evaluation, job, "complete", "job-register")
            return
        deployment, version = self._told.new_id(), job.version
        (canary,) = self._made(job, 1, deployment)
        yield self._told.planned(self._now_s, evaluation, [canary], deployment)
        yield 3.0
        yield self._told.changed(self._now_s, canary, "running", STARTED)
        yield 15.0
        said = OOM if job.id == _FIXED_JOB else self._random.choice((OOM, EXITED))
        yield self._told.changed(
            self._now_s, canary, "failed", STARTED, said, description="Failed tasks"
        )
        yield 1.0
        yield self._told.deployment(self._now_s, deployment, job, version, "failed")
        job.version += 1
        job.count, job.image, job.memory_mb = before
        back = self._told.new_id()
        yield self._told.registered(self._now_s, job, back)
        yield 1.0
        yield self._told.evaluated(self._now_s, back, job, "complete", "job-register")
        yield self._fire(f"rollback-{job.id}", f"{job.id} v{version} to v{version - 1}")

    def _rolls_out(self, job: Job, evaluation: str, old: Iterable[Allocation]) -> Process:
        deployment = self._told.new_id()
        made = self._made(job, job.count, deployment)
        yield self._told.planned(self._now_s, evaluation, made, deployment)
        yield from self._come_up(made)
        for each in old:
            yield from self._ends(each, "complete", DONE)
        yield 5.0
        yield self._told.deployment(self._now_s, deployment, job, job.version, "successful")

    def _replaces(self, job: Job, gone: list[Allocation], status: str, trigger: str) -> Process:
        evaluation = self._told.new_id()
        yield self._told.evaluated(self._now_s, evaluation, job, "pending", trigger)
        made = self._made(job, len(gone), "")
        for each in gone:
            said = (STARTED,) if status == "lost" else (STARTED, DONE)
            yield from self._ends(each, status, *said)
        yield self._told.planned(self._now_s, evaluation, made, "")
        yield from self._come_up(made)
        yield self._told.evaluated(self._now_s, evaluation, job, "complete", trigger)

    def _come_up(self, made: Iterable[Allocation]) -> Process:
        for each in made:
            self._running[each.job.id].append(each)
            yield self._told.changed(self._now_s, each, "pending", RECEIVED)
            yield 2.0
            yield self._told.changed(self._now_s, each, "running", RECEIVED, STARTED)
            yield self._told.service(self._now_s, each, "ServiceRegistration")
            yield 1.0

    def _ends(
        self, allocation: Allocation, status: str, *said: tuple[str, str]
    ) -> Iterator[Happening]:
        running = self._running[allocation.job.id]
        if allocation not in running:
            return
        running.remove(allocation)
        description = LOST if status == "lost" else ""
        yield self._told.changed(self._now_s, allocation, status, *said, description=description)
        yield self._told.service(self._now_s, allocation, "ServiceDeregistration")

    def _repeats(self, job: Job) -> Process:
        """Run a batch job every hour."""
        evaluation = self._told.new_id()
        yield self._told.registered(self._now_s, job, evaluation)
        while True:
            (run,) = self._made(job, 1, "")
            yield self._told.planned(self._now_s, evaluation, [run], "")
            yield 3.0
            yield self._told.changed(self._now_s, run, "running", STARTED)
            took_s = self._random.uniform(60, 1200)
            yield took_s
            is_bad = self._random.random() < 0.1
            status, said = ("failed", EXITED) if is_bad else ("complete", DONE)
            yield self._told.changed(self._now_s, run, status, STARTED, said)
            yield self._told.evaluated(self._now_s, evaluation, job, "complete", "periodic-job")
            yield HOUR_S - took_s - 3.0
            evaluation = self._told.new_id()
            yield self._told.evaluated(self._now_s, evaluation, job, "pending", "periodic-job")

    def _made(self, job: Job, count: int, deployment: str) -> list[Allocation]:
        ready = self._ready() or self._nodes
        first = self._random.randrange(len(ready))
        return [
            Allocation(
                self._told.new_id(),
                job,
                place,
                job.version,
                ready[(first + place) % len(ready)],
                deployment,
                self._now_s,
            )
            for place in range(count)
        ]

    # --- events of teams and tools -------------------------------------------------------------

    def _fire(self, name: str, payload: str) -> Happening:
        return fired(self._times, self._now_s, name, payload)

    def _approved(self, job: Job, by: str) -> Happening:
        self._fired += 1
        data = {"version": job.version, "by": by}
        kind = "com.example.release.approved"
        name = str(self._fired)
        return cloud_event(self._times, self._now_s, name, f"/ci/{job.id}", kind, job.id, data)
