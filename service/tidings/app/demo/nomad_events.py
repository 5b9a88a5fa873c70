"""Events of nodes, jobs, allocations, evaluations and deployments in Nomad's event stream."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Any, Final

from tidings.app.demo.times import Happening, Times
from tidings.v1 import event_pb2, json_runtime, nomad_pb2

Payload = dict[str, Any]
Said = tuple[str, str]
"""A client's event of a task: type and message."""

RECEIVED: Final = ("Received", "Task received")
STARTED: Final = ("Started", "Task started by client")
EXITED: Final = ("Terminated", "Exit Code: 1")
DONE: Final = ("Terminated", "Exit Code: 0")
OOM: Final = ("Terminated", "Exit Code: 137, Exit Message: OOM Killed")
LOST: Final = "alloc was lost since its node is down"
_DATACENTER, _NAMESPACE = "eu-1", "default"
_ENDED = frozenset({"complete", "failed", "lost"})


@dataclass(slots=True)
class Job:
    """A job as it is registered; `image` is the version of its image."""

    id: str
    version: int = 0
    kind: str = "service"
    count: int = 1
    image: str = ""
    memory_mb: int = 256
    created: int = 0


@dataclass(slots=True)
class Node:
    """A Nomad client."""

    id: str
    name: str
    status: str = "ready"
    eligibility: str = "eligible"
    is_draining: bool = False
    created: int = 0


@dataclass(slots=True)
class Allocation:
    """An allocation of a job's version to a node; `place` is its number in the group."""

    id: str
    job: Job
    place: int
    version: int
    node: Node
    deployment: str
    created_s: float
    created: int = 0
    status: str = "pending"

    @property
    def name(self) -> str:
        """The name that Nomad gives it."""
        return f"{self.job.id}.{self.job.id}[{self.place}]"


class NomadEvents:
    """Makes events in Nomad's form, with a rising index."""

    def __init__(self, random: Random, times: Times) -> None:
        self._random = random
        self._times = times
        self._index = 18_230

    def new_id(self) -> str:
        """Return a UUID."""
        return new_id(self._random)

    def registered(self, at_s: float, job: Job, evaluation: str) -> Happening:
        """Return events of a job that is registered, in a new version or for the first time."""
        index = self._next()
        job.created = job.created or index
        task = {
            "Name": job.id,
            "Driver": "docker",
            "Config": {"image": job.image or f"shop/{job.id}:1.{job.version}"},
            "Resources": {"CPU": 500, "MemoryMB": job.memory_mb},
        }
        return self._batch(
            at_s,
            index,
            self._job(at_s, index, "JobRegistered", job, "pending", [task]),
            self._evaluation(at_s, index, evaluation, job, "pending", "job-register"),
        )

    def evaluated(
        self, at_s: float, evaluation: str, job: Job, status: str, trigger: str
    ) -> Happening:
        """Tell that an evaluation has another status."""
        index = self._next()
        event = self._evaluation(at_s, index, evaluation, job, status, trigger)
        return self._batch(at_s, index, event)

    def planned(
        self, at_s: float, evaluation: str, made: Sequence[Allocation], deployment: str
    ) -> Happening:
        """Tell that a plan has made allocations, in a deployment unless that is ""."""
        index = self._next()
        events = [self._allocated(at_s, index, each, (), "PlanResult", evaluation) for each in made]
        if deployment:
            job, version = made[0].job, made[0].version
            told = self._deployed(at_s, index, deployment, job, version, "running", "PlanResult")
            events.append(told)
        return self._batch(at_s, index, *events)

    def changed(
        self, at_s: float, allocation: Allocation, status: str, *said: Said, description: str = ""
    ) -> Happening:
        """Tell that an allocation has another status."""
        allocation.status = status
        index = self._next()
        kind = "AllocationUpdated"
        event = self._allocated(at_s, index, allocation, said, kind, description=description)
        return self._batch(at_s, index, event)

    def deployment(
        self, at_s: float, deployment: str, job: Job, version: int, status: str
    ) -> Happening:
        """Tell that a deployment has another status."""
        index = self._next()
        kind = "DeploymentStatusUpdate"
        event = self._deployed(at_s, index, deployment, job, version, status, kind)
        return self._batch(at_s, index, event)

    def node(self, at_s: float, node: Node, kind: str) -> Happening:
        """Tell how a node is now."""
        index = self._next()
        node.created = node.created or index
        body = {
            "ID": node.id, "Name": node.name, "Datacenter": _DATACENTER, "Status": node.status,
            "SchedulingEligibility": node.eligibility, "NodePool": "default",
            "HTTPAddr": f"{node.name}.example:4646",
            "StatusUpdatedAt": self._times.us(at_s) // 1_000_000,
            "CreateIndex": node.created, "ModifyIndex": index,
        }  # fmt: skip
        if node.is_draining:
            body["Drain"] = True
        event = _event("Node", kind, node.id, [], {"Node": body}, namespace="")
        return self._batch(at_s, index, event)

    def service(self, at_s: float, allocation: Allocation, kind: str) -> Happening:
        """Tell that the service of an allocation is registered or deregistered."""
        index = self._next()
        job, node = allocation.job.id, allocation.node
        service_id = f"_nomad-task-{allocation.id}-group-{job}-{job}-http"
        body = {
            "ID": service_id, "ServiceName": job, "Namespace": _NAMESPACE, "NodeID": node.id,
            "Datacenter": _DATACENTER, "JobID": job, "AllocID": allocation.id, "Tags": ["http"],
            "Address": f"{node.name}.example", "Port": 20_000 + int(allocation.id[:3], 16),
            "CreateIndex": index, "ModifyIndex": index,
        }  # fmt: skip
        event = _event("Service", kind, service_id, [job, job], {"Service": body})
        return self._batch(at_s, index, event)

    def _job(
        self,
        at_s: float,
        index: int,
        kind: str,
        job: Job,
        status: str,
        tasks: Sequence[Payload],
    ) -> nomad_pb2.NomadEvent:
        body = {
            "ID": job.id, "Name": job.id, "Namespace": _NAMESPACE, "Type": job.kind, "Priority": 50,
            "Datacenters": [_DATACENTER], "Status": status, "Version": job.version,
            "SubmitTime": self._times.ns(at_s),
            "TaskGroups": [{"Name": job.id, "Count": job.count, "Tasks": tasks}],
            "CreateIndex": job.created, "ModifyIndex": index, "JobModifyIndex": index,
        }  # fmt: skip
        return _event("Job", kind, job.id, [], {"Job": body})

    def _evaluation(
        self, at_s: float, index: int, id_: str, job: Job, status: str, trigger: str
    ) -> nomad_pb2.NomadEvent:
        now_ns = self._times.ns(at_s)
        body = {
            "ID": id_, "Namespace": _NAMESPACE, "Priority": 50, "Type": job.kind,
            "TriggeredBy": trigger, "JobID": job.id, "Status": status, "CreateIndex": index,
            "ModifyIndex": index, "CreateTime": now_ns, "ModifyTime": now_ns,
        }  # fmt: skip
        kind = "JobRegistered" if trigger == "job-register" else "EvaluationUpdated"
        return _event("Evaluation", kind, id_, [job.id], {"Evaluation": body})

    def _allocated(
        self,
        at_s: float,
        index: int,
        allocation: Allocation,
        said: Sequence[Said],
        kind: str,
        evaluation: str = "",
        description: str = "",
    ) -> nomad_pb2.NomadEvent:
        status, job, node = allocation.status, allocation.job.id, allocation.node
        allocation.created = allocation.created or index
        has_ended = status in _ENDED
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
            "NodeID": node.id, "NodeName": node.name, "JobID": job, "TaskGroup": job,
            "DesiredStatus": "stop" if status == "lost" else "run",
            "ClientStatus": status, "ClientDescription": description,
            "TaskStates": {job: state} if said else None,
            "CreateIndex": allocation.created, "ModifyIndex": index,
            "CreateTime": self._times.ns(allocation.created_s),
            "ModifyTime": self._times.ns(at_s),
        }  # fmt: skip
        optional = {"EvalID": evaluation, "DeploymentID": allocation.deployment}
        body |= {name: value for name, value in optional.items() if value}
        keys = [job, *filter(None, [allocation.deployment])]
        return _event("Allocation", kind, allocation.id, keys, {"Allocation": body})

    def _deployed(
        self, at_s: float, index: int, id_: str, job: Job, version: int, status: str, kind: str
    ) -> nomad_pb2.NomadEvent:
        back = f"rolling back to job version {version - 1}"
        told = {
            "running": "Deployment is running",
            "successful": "Deployment completed successfully",
            "failed": f"Failed due to unhealthy allocations - {back}",
        }
        body = {
            "ID": id_, "Namespace": _NAMESPACE, "JobID": job.id, "JobVersion": version,
            "Status": status, "StatusDescription": told[status], "CreateIndex": index,
            "ModifyIndex": index, "ModifyTime": self._times.ns(at_s),
        }  # fmt: skip
        return _event("Deployment", kind, id_, [job.id], {"Deployment": body})

    def _batch(self, at_s: float, index: int, *bodies: nomad_pb2.NomadEvent) -> Happening:
        for body in bodies:
            body.upstream_index = index
        return Happening(at_s, tuple(event_pb2.Event(nomad=body) for body in bodies))

    def _next(self) -> int:
        self._index += self._random.randint(1, 4)
        return self._index


def new_id(random: Random) -> str:
    """Return a UUID."""
    return str(uuid.UUID(int=random.getrandbits(128), version=4))


def _event(
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
        payload_json=json_runtime.dumps(payload),
    )
