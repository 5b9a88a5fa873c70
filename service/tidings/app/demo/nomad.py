"""The hour on Nomad: a deployment that succeeds, a node that is lost, a deployment that fails."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from tidings.app.demo.times import Happening, Times
from tidings.v1 import event_pb2, nomad_pb2

Payload = dict[str, Any]
_DATACENTER, _NAMESPACE = "eu-1", "default"
_STARTED = ("Started", "Task started by client")
_EXIT = ("Terminated", "Exit Code: 1")
_LOST = "alloc was lost since its node is down"


@dataclass(slots=True)
class _Allocation:
    id: str
    name: str
    job: str
    version: int
    node: tuple[str, str]
    deployment: str
    created_s: float


class NomadHour:
    """What Nomad's event stream said; one object tells it once."""

    def __init__(self, random: Random, times: Times) -> None:
        self._random = random
        self._times = times
        self._index = 18_230
        self._nodes = [(self._id(), f"nomad-{name}") for name in ("a1", "b1", "c1")]

    def happenings(self) -> Iterator[Happening]:
        """Yield the hour in its order."""
        for at_s, node in enumerate(self._nodes, start=5):
            yield self._node(at_s, node, "ready", "NodeRegistration")
        web, deployment = self._id(), self._id()
        yield self._registered(300, "web", 7, web)
        first = [self._allocation(301, "web", 7, deployment, n) for n in range(4)]
        yield self._planned(301, web, first, deployment)
        yield from self._come_up(first, 302)
        yield self._deployment(330, deployment, "web", 7, "successful")
        batch, nightly = self._id(), self._id()
        yield self._registered(900, "billing-report", 31, batch, kind="batch")
        report = self._allocation(901, "billing-report", 31, "", 0)
        yield self._planned(901, batch, [report], "")
        yield from self._come_up([report], 903)
        yield self._changed(1080, report, "complete", _STARTED, ("Terminated", "Exit Code: 0"))
        yield self._evaluated(1081, nightly, "billing-report", "batch", "complete", "alloc-stop")
        yield from self._node_is_lost(1800, first)
        yield from self._deployment_fails(2700)

    def _node_is_lost(self, at_s: float, web: Sequence[_Allocation]) -> Iterator[Happening]:
        lost = self._nodes[1]
        yield self._node(at_s, lost, "down", "NodeEvent")
        evaluation = self._id()
        yield self._evaluated(at_s + 1, evaluation, "web", "service", "pending", "node-update")
        gone = [each for each in web if each.node == lost]
        for each in gone:
            yield self._changed(at_s + 2, each, "lost", _STARTED, description=_LOST)
        new = [self._allocation(at_s + 2, "web", 7, "", n) for n in range(len(gone))]
        yield self._planned(at_s + 2, evaluation, new, "")
        yield from self._come_up(new, at_s + 4)
        yield self._evaluated(at_s + 5, evaluation, "web", "service", "complete", "node-update")
        yield self._node(at_s + 420, lost, "ready", "NodeEvent")

    def _deployment_fails(self, at_s: float) -> Iterator[Happening]:
        evaluation, deployment = self._id(), self._id()
        yield self._registered(at_s, "web", 8, evaluation)
        (canary,) = [self._allocation(at_s + 1, "web", 8, deployment, 0)]
        yield self._planned(at_s + 1, evaluation, [canary], deployment)
        yield self._changed(at_s + 4, canary, "running", _STARTED)
        yield self._changed(at_s + 19, canary, "failed", _STARTED, _EXIT)
        yield self._deployment(at_s + 20, deployment, "web", 8, "failed")
        back = self._id()
        yield self._registered(at_s + 21, "web", 9, back)
        yield self._evaluated(at_s + 22, back, "web", "service", "complete", "job-register")

    def _come_up(self, allocations: Sequence[_Allocation], at_s: float) -> Iterator[Happening]:
        for place, each in enumerate(allocations):
            yield self._changed(at_s + 3 * place, each, "pending", ("Received", "Task received"))
            yield self._changed(at_s + 3 * place + 2, each, "running", _STARTED)

    def _registered(
        self, at_s: float, job: str, version: int, evaluation: str, kind: str = "service"
    ) -> Happening:
        index = self._next()
        task = {"Name": job, "Driver": "docker", "Config": {"image": f"shop/{job}:1.{version}"}}
        body = {
            "ID": job, "Name": job, "Namespace": _NAMESPACE, "Type": kind, "Priority": 50,
            "Datacenters": [_DATACENTER], "Status": "pending", "Version": version,
            "SubmitTime": self._times.ns(at_s),
            "TaskGroups": [{"Name": job, "Count": 4 if kind == "service" else 1, "Tasks": [task]}],
            "CreateIndex": index, "ModifyIndex": index, "JobModifyIndex": index,
        }  # fmt: skip
        return self._batch(
            at_s,
            index,
            self._event("Job", "JobRegistered", job, [], {"Job": body}),
            self._evaluation(at_s, index, evaluation, job, kind, "pending", "job-register"),
        )

    def _evaluated(
        self, at_s: float, evaluation: str, job: str, kind: str, status: str, trigger: str
    ) -> Happening:
        index = self._next()
        event = self._evaluation(at_s, index, evaluation, job, kind, status, trigger)
        return self._batch(at_s, index, event)

    def _evaluation(
        self, at_s: float, index: int, id_: str, job: str, kind: str, status: str, trigger: str
    ) -> nomad_pb2.NomadEvent:
        now_ns = self._times.ns(at_s)
        body = {
            "ID": id_, "Namespace": _NAMESPACE, "Priority": 50, "Type": kind,
            "TriggeredBy": trigger, "JobID": job, "Status": status, "CreateIndex": index,
            "ModifyIndex": index, "CreateTime": now_ns, "ModifyTime": now_ns,
        }  # fmt: skip
        kind_of = "JobRegistered" if trigger == "job-register" else "EvaluationUpdated"
        return self._event("Evaluation", kind_of, id_, [job], {"Evaluation": body})

    def _allocation(
        self, at_s: float, job: str, version: int, deployment: str, place: int
    ) -> _Allocation:
        node = self._nodes[place % len(self._nodes)]
        name = f"{job}.{job}[{place}]"
        return _Allocation(self._id(), name, job, version, node, deployment, at_s)

    def _planned(
        self, at_s: float, evaluation: str, made: Sequence[_Allocation], deployment: str
    ) -> Happening:
        index = self._next()
        events = [
            self._allocated(at_s, index, each, "pending", (), "PlanResult", evaluation)
            for each in made
        ]
        if deployment:
            job, version = made[0].job, made[0].version
            events.append(
                self._deployed(at_s, index, deployment, job, version, "running", "PlanResult")
            )
        return self._batch(at_s, index, *events)

    def _changed(
        self,
        at_s: float,
        allocation: _Allocation,
        status: str,
        *said: tuple[str, str],
        description: str = "",
    ) -> Happening:
        index = self._next()
        event = self._allocated(
            at_s, index, allocation, status, said, "AllocationUpdated", description=description
        )
        return self._batch(at_s, index, event)

    def _allocated(
        self,
        at_s: float,
        index: int,
        allocation: _Allocation,
        status: str,
        said: Sequence[tuple[str, str]],
        kind: str,
        evaluation: str = "",
        description: str = "",
    ) -> nomad_pb2.NomadEvent:
        has_ended = status in {"complete", "failed", "lost"}
        state: Payload = {
            "State": "dead" if has_ended else status, "Failed": status == "failed", "Restarts": 0,
            "StartedAt": self._times.text(allocation.created_s + 3),
            "Events": [
                {"Type": type_, "Time": self._times.ns(at_s), "DisplayMessage": message}
                for type_, message in said
            ],
        }  # fmt: skip
        if has_ended:
            state["FinishedAt"] = self._times.text(at_s)
        body: Payload = {
            "ID": allocation.id, "Namespace": _NAMESPACE, "Name": allocation.name,
            "NodeID": allocation.node[0], "NodeName": allocation.node[1], "JobID": allocation.job,
            "TaskGroup": allocation.job, "DesiredStatus": "stop" if status == "lost" else "run",
            "ClientStatus": status, "ClientDescription": description,
            "TaskStates": {allocation.job: state} if said else None,
            "CreateIndex": index, "ModifyIndex": index,
            "CreateTime": self._times.ns(allocation.created_s),
            "ModifyTime": self._times.ns(at_s),
        }  # fmt: skip
        optional = {"EvalID": evaluation, "DeploymentID": allocation.deployment}
        body |= {name: value for name, value in optional.items() if value}
        keys = [allocation.job, *filter(None, [allocation.deployment])]
        return self._event("Allocation", kind, allocation.id, keys, {"Allocation": body})

    def _deployment(self, at_s: float, id_: str, job: str, version: int, status: str) -> Happening:
        index = self._next()
        kind = "DeploymentStatusUpdate"
        return self._batch(
            at_s, index, self._deployed(at_s, index, id_, job, version, status, kind)
        )

    def _deployed(
        self, at_s: float, index: int, id_: str, job: str, version: int, status: str, kind: str
    ) -> nomad_pb2.NomadEvent:
        told = {
            "running": "Deployment is running",
            "successful": "Deployment completed successfully",
            "failed": "Failed due to unhealthy allocations - rolling back to job version 7",
        }
        body = {
            "ID": id_, "Namespace": _NAMESPACE, "JobID": job, "JobVersion": version,
            "Status": status, "StatusDescription": told[status], "CreateIndex": index,
            "ModifyIndex": index, "ModifyTime": self._times.ns(at_s),
        }  # fmt: skip
        return self._event("Deployment", kind, id_, [job], {"Deployment": body})

    def _node(self, at_s: float, node: tuple[str, str], status: str, kind: str) -> Happening:
        index = self._next()
        body = {
            "ID": node[0], "Name": node[1], "Datacenter": _DATACENTER, "Status": status,
            "SchedulingEligibility": "eligible", "NodePool": "default",
            "HTTPAddr": f"{node[1]}.example:4646",
            "StatusUpdatedAt": self._times.us(at_s) // 1_000_000,
            "CreateIndex": index, "ModifyIndex": index,
        }  # fmt: skip
        event = self._event("Node", kind, node[0], [], {"Node": body}, namespace="")
        return self._batch(at_s, index, event)

    def _event(
        self,
        topic: str,
        kind: str,
        key: str,
        filter_keys: Sequence[str],
        payload: Payload,
        namespace: str = _NAMESPACE,
    ) -> nomad_pb2.NomadEvent:
        return nomad_pb2.NomadEvent(
            topic=topic,
            type=kind,
            key=key,
            namespace=namespace,
            filter_keys=filter_keys,
            payload_json=json.dumps(payload, separators=(",", ":")).encode(),
        )

    def _batch(self, at_s: float, index: int, *bodies: nomad_pb2.NomadEvent) -> Happening:
        for body in bodies:
            body.upstream_index = index
        return Happening(at_s, tuple(event_pb2.Event(nomad=body) for body in bodies))

    def _next(self) -> int:
        self._index += self._random.randint(1, 4)
        return self._index

    def _id(self) -> str:
        return str(uuid.UUID(int=self._random.getrandbits(128), version=4))
