"""How the systems beside Nomad tell of what happens."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from random import Random
from typing import Any

from tidings.app.demo.nomad_events import new_id
from tidings.app.demo.times import Happening, Times
from tidings.v1 import (
    cloud_event_pb2,
    consul_pb2,
    docker_cloud_pb2,
    event_pb2,
    feldera_pb2,
    json_runtime,
    puppet_pb2,
)

_UNANSWERED = "no answer to GET /health within 10 s"
_COUNTS = ("corrective_change", "restarted", "skipped", "scheduled", "failed_to_restart")


def fired(times: Times, at_s: float, name: str, payload: str, service: str = "") -> Happening:
    """Tell that a user event is fired, for the nodes of a service unless that is ""."""
    body = consul_pb2.ConsulEvent(
        name=name, payload=payload.encode(), service_filter=service, version=1
    )
    return Happening(at_s, (event_pb2.Event(consul=body, occurred_at=times.stamp(at_s)),))


def looked_at(times: Times, at_s: float, *, compiler_is_away: bool) -> Happening:
    """Tell what Feldera's monitor sees."""
    body = feldera_pb2.FelderaClusterEvent(
        recorded_at=times.stamp(at_s),
        api_status="Healthy",
        api_self_info="Healthy",
        compiler_status="Unhealthy" if compiler_is_away else "Healthy",
        compiler_self_info=_UNANSWERED if compiler_is_away else "Healthy",
        runner_status="Healthy",
        runner_self_info="Healthy",
    )
    return Happening(at_s, (event_pb2.Event(feldera=body),))


def cloud_event(
    times: Times, at_s: float, name: str, source: str, kind: str, subject: str, data: object
) -> Happening:
    """Tell something as a team does; `source` and `name` identify it."""
    value = cloud_event_pb2.CloudEventAttributeValue
    body = cloud_event_pb2.CloudEvent(
        id=name,
        source=source,
        spec_version="1.0",
        type=kind,
        attributes={
            "datacontenttype": value(ce_string="application/json"),
            "subject": value(ce_string=subject),
            "time": value(ce_timestamp=times.stamp(at_s)),
        },
        text_data=json_runtime.dumps(data).decode(),
    )
    return Happening(at_s, (event_pb2.Event(cloud_event=body, occurred_at=times.stamp(at_s)),))


class DockerCloudEvents:
    """Tells of the objects of the namespace `shop`."""

    def __init__(self, random: Random, times: Times) -> None:
        self._random = random
        self._times = times

    def uri(self, kind: str, api: str = "app") -> str:
        """Return the URI of a new object."""
        return f"/api/{api}/v1/shop/{kind}/{new_id(self._random)}/"

    def action_uri(self) -> str:
        """Return the URI of a new action."""
        return f"/api/audit/v1/action/{new_id(self._random)}/"

    def event(
        self, at_s: float, kind: str, action: str, uri: str, state: str, *parents: str
    ) -> Happening:
        """Tell that an object has another state."""
        body = docker_cloud_pb2.DockerCloudEvent(
            type=kind,
            action=action,
            parents=parents,
            resource_uri=uri,
            state=state,
            uuid=new_id(self._random),
            datetime=self._times.whole(at_s),
        )
        return Happening(at_s, (event_pb2.Event(docker_cloud=body),))


class PuppetEvents:
    """Tells of jobs of the Orchestrator."""

    def __init__(self, random: Random, times: Times) -> None:
        self._random = random
        self._times = times

    def job(
        self, job: str, at_s: float, nodes: Sequence[str], ends: Mapping[str, str]
    ) -> Iterator[Happening]:
        """Yield the events of a job that takes a minute; each node's end is "finished", or told."""
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
        detail = {
            "noop": False, "hash": f"{self._random.getrandbits(160):040x}",
            "status": "failed" if failed else "changed" if changed else "unchanged",
            "metrics": counts | dict.fromkeys(_COUNTS, 0), "environment": "production",
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
            details_json=json_runtime.dumps(details),
            message=told,
            job=job,
        )
        return Happening(at_s, (event_pb2.Event(puppet=body),))
