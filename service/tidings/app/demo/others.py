"""The hour on Consul, Docker Cloud, Puppet Orchestrator and Feldera."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator, Mapping
from random import Random
from typing import Any

from tidings.app.demo.times import Happening, Times
from tidings.v1 import consul_pb2, docker_cloud_pb2, event_pb2, feldera_pb2, puppet_pb2

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
        body = consul_pb2.ConsulEvent(
            name=name, payload=payload.encode(), service_filter=service, version=1
        )
        yield Happening(at_s, (event_pb2.Event(consul=body, occurred_at=times.stamp(at_s)),))


class DockerCloudHour:
    """What Docker Cloud's stream said of the stack `shop`: a service is redeployed, then scaled."""

    def __init__(self, random: Random, times: Times) -> None:
        self._random = random
        self._times = times
        self._stack, self._service = self._uri("stack"), self._uri("service")
        self._cluster = self._uri("nodecluster", "infra")

    def happenings(self) -> Iterator[Happening]:
        """Yield the hour in its order."""
        node = self._uri("node", "infra")
        for at_s, state in ((30, "Deploying"), (95, "Deployed")):
            yield self._event(at_s, "node", "update", node, state, self._cluster)
        old, new = ([self._uri("container") for _ in range(2)] for _ in "ab")
        yield from self._acted(600, 660, self._service)
        yield self._event(601, "service", "update", self._service, "Redeploying", self._stack)
        for place, (stopped, started) in enumerate(zip(old, new, strict=True)):
            at_s = 604 + 20 * place
            for step, state in enumerate(("Stopping", "Terminated")):
                yield self._container(at_s + 3 * step, "update", stopped, state)
            yield self._container(at_s + 5, "create", started, "Starting")
            yield self._container(at_s + 11, "update", started, "Running")
        yield self._event(659, "service", "update", self._service, "Running", self._stack)
        yield self._event(661, "stack", "update", self._stack, "Running")
        yield from self._acted(2000, 2014, self._service)
        yield self._event(2001, "service", "update", self._service, "Scaling", self._stack)
        third = self._uri("container")
        yield self._container(2003, "create", third, "Starting")
        yield self._container(2012, "update", third, "Running")
        yield self._event(2013, "service", "update", self._service, "Running", self._stack)

    def _acted(self, from_s: float, to_s: float, on: str) -> Iterator[Happening]:
        action = f"/api/audit/v1/action/{self._id()}/"
        yield self._event(from_s, "action", "create", action, "In progress", on)
        yield self._event(to_s, "action", "update", action, "Success", on)

    def _container(self, at_s: float, action: str, uri: str, state: str) -> Happening:
        parents = (self._service, self._stack)
        return self._event(at_s, "container", action, uri, state, *parents)

    def _event(
        self, at_s: float, kind: str, action: str, uri: str, state: str, *parents: str
    ) -> Happening:
        body = docker_cloud_pb2.DockerCloudEvent(
            type=kind,
            action=action,
            parents=parents,
            resource_uri=uri,
            state=state,
            uuid=self._id(),
            datetime=self._times.whole(at_s),
        )
        return Happening(at_s, (event_pb2.Event(docker_cloud=body),))

    def _uri(self, kind: str, api: str = "app") -> str:
        return f"/api/{api}/v1/shop/{kind}/{self._id()}/"

    def _id(self) -> str:
        return str(uuid.UUID(int=self._random.getrandbits(128), version=4))


class PuppetHour:
    """Two jobs of the Orchestrator: 352 runs well, in 353 one node fails and one cannot be run."""

    def __init__(self, random: Random, times: Times) -> None:
        self._random = random
        self._times = times

    def happenings(self) -> Iterator[Happening]:
        """Yield the hour in its order."""
        yield from self._job("352", 1200, [f"web-{n}.shop.example" for n in range(1, 6)], {})
        ends = {"db-2.shop.example": "failed", "db-4.shop.example": "errored"}
        yield from self._job("353", 3000, [f"db-{n}.shop.example" for n in range(1, 5)], ends)

    def _job(
        self, job: str, at_s: float, nodes: list[str], ends: Mapping[str, str]
    ) -> Iterator[Happening]:
        for place, node in enumerate(nodes):
            running = {"node": node, "detail": {"noop": False}}
            told = f"Started puppet run on {node} ..."
            yield self._event(at_s + place, job, "node_running", told, running)
        for place, node in enumerate(nodes):
            end = ends.get(node, "finished")
            yield self._ended(at_s + 20 + 7 * place, job, node, end)
        state = "failed" if ends else "finished"
        told = f"Job {job} has {state}"
        yield self._event(at_s + 60, job, "job_finished", told, {"state": state})

    def _ended(self, at_s: float, job: str, node: str, end: str) -> Happening:
        if end == "errored":
            why = f"{node} is not connected to the PCP broker"
            told = f"Error running puppet on {node}: {why}"
            return self._event(at_s, job, "node_errored", told, {"node": node, "detail": {}})
        changed, failed = (2, 1) if end == "failed" else (self._random.choice((0, 0, 3)), 0)
        counts = {"total": 412, "changed": changed, "out_of_sync": changed, "failed": failed}
        rest = ("corrective_change", "restarted", "skipped", "scheduled", "failed_to_restart")
        detail = {
            "noop": False, "hash": f"{self._random.getrandbits(160):040x}",
            "status": "failed" if failed else "changed" if changed else "unchanged",
            "metrics": counts | dict.fromkeys(rest, 0), "environment": "production",
            "report-url": f"https://puppet.shop.example/#/cm/report/{job}",
            "configuration_version": "1512",
        }  # fmt: skip
        outcome = "Failure! " if failed else "Success! "
        told = f"Finished puppet run on {node} - {outcome}"
        return self._event(at_s, job, f"node_{end}", told, {"node": node, "detail": detail})

    def _event(
        self, at_s: float, job: str, kind: str, told: str, details: dict[str, Any]
    ) -> Happening:
        body = puppet_pb2.PuppetJobEvent(
            type=kind,
            timestamp=self._times.whole(at_s),
            details_json=json.dumps(details, separators=(",", ":")).encode(),
            message=told,
            job=job,
        )
        return Happening(at_s, (event_pb2.Event(puppet=body),))


_UNANSWERED = "no answer to GET /health within 10 s"


def feldera(times: Times) -> Iterator[Happening]:
    """Yield a look at the cluster every three minutes, and one whenever something changed.

    The compiler is away for six minutes, while the node is that Nomad has lost.
    """
    looks = sorted({*range(15, 3600, 180), 1812, 2168})
    for at_s in looks:
        is_away = 1812 <= at_s < 2168
        body = feldera_pb2.FelderaClusterEvent(
            recorded_at=times.stamp(at_s),
            api_status="Healthy",
            api_self_info="Healthy",
            compiler_status="Unhealthy" if is_away else "Healthy",
            compiler_self_info=_UNANSWERED if is_away else "Healthy",
            runner_status="Healthy",
            runner_self_info="Healthy",
        )
        yield Happening(at_s, (event_pb2.Event(feldera=body),))
