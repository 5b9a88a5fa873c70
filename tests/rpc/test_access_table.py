"""The table of docs/access.md, called for real: every row, with every kind of token."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest

from tests.access import table
from tests.patience import PATIENCE_S
from tests.rpc import events
from tests.rpc.credentials import bearer
from tests.rpc.serving import Deployment, Served, draft, serving, subscribe_request
from tidings.v1 import (
    access_service_pb2,
    backup_pb2,
    cloud_event_pb2,
    docker_cloud_pb2,
    event_pb2,
    nomad_pb2,
)
from tidings.v1 import event_service_pb2 as pb
from tidings.v1.access_service_pb2_grpc import AccessServiceStub

ALLOWED = {"OK", "NOT_FOUND", "FAILED_PRECONDITION"}  # what was allowed may still fail
EVENTS: dict[str, Callable[[], event_pb2.Event]] = {
    "nomad": events.nomad,
    "consul": events.consul,
    "docker_cloud": events.docker,
    "puppet": events.puppet,
    "feldera": events.feldera,
    "cloud_event": events.cloud_event,
}


@pytest.fixture(scope="module")
def policed(tmp_path_factory: pytest.TempPathFactory, root: Path) -> Iterator[Served]:
    made = Deployment(policy_file="")
    with serving(f"unix:{tmp_path_factory.mktemp('access') / 'socket'}", made) as one:
        one.server.call(lambda: made.access.set_file(table.policy_file(root)))
        for name in ("web-deploy", "web-other", "db-backup", "other"):
            request = pb.FireRequest(name=name)
            one.stub.Fire(request, timeout=PATIENCE_S, metadata=bearer(table.secret("management")))
        yield one


def _streams(served: Served, metadata: tuple[tuple[str, str], ...], **selectors: object) -> None:
    request = subscribe_request(**selectors)
    call = served.stub.Subscribe(request, timeout=PATIENCE_S, metadata=metadata)
    assert next(iter(call)).HasField("heartbeat")
    call.cancel()


def _lists(served: Served, metadata: tuple[tuple[str, str], ...], name: str) -> None:
    answer = served.stub.List(pb.ListRequest(name=name), timeout=PATIENCE_S, metadata=metadata)
    if answer.filtered_by_acl:
        assert (len(answer.events), answer.index) == (0, 1)
        raise PermissionError
    assert len(answer.events) >= 1


def _calls(served: Served, row: table.Row, target: str, kind: str) -> Callable[[], object]:
    metadata = bearer("" if kind == "anonymous" else table.secret(kind))
    stub = served.stub
    match row.api, row.verb:
        case "Nomad", _:
            topics = [nomad_pb2.NomadTopicFilter(topic=target)]
            selector = nomad_pb2.NomadSelector(topics=topics, namespace=row.namespace)
            return lambda: _streams(served, metadata, nomad=selector)
        case "Consul", "list":
            return lambda: _lists(served, metadata, target)
        case "Consul", _:
            request = pb.FireRequest(name=target)
            return lambda: stub.Fire(request, timeout=PATIENCE_S, metadata=metadata)
        case "Docker Cloud", _:
            docker = docker_cloud_pb2.DockerCloudSelector(namespace=row.namespace)
            return lambda: _streams(served, metadata, docker_cloud=docker)
        case "Puppet", _:
            job = pb.GetJobEventsRequest(job_id="352")
            return lambda: stub.GetJobEvents(job, timeout=PATIENCE_S, metadata=metadata)
        case "Feldera", _:
            clusters = pb.ListClusterEventsRequest()
            return lambda: stub.ListClusterEvents(clusters, timeout=PATIENCE_S, metadata=metadata)
        case "CloudEvents", _:
            cloud = cloud_event_pb2.CloudEventSelector(sources=[target])
            return lambda: _streams(served, metadata, cloud_event=cloud)
        case "gRPC", "publish":
            publish = pb.PublishRequest(draft=draft(EVENTS[target]()))
            return lambda: stub.Publish(publish, timeout=PATIENCE_S, metadata=metadata)
        case "gRPC", "back up":
            whole = backup_pb2.BackupLogRequest()
            return lambda: list(stub.BackupLog(whole, timeout=PATIENCE_S, metadata=metadata))
    access = AccessServiceStub(served.channel)
    tokens = access_service_pb2.ListTokensRequest()
    return lambda: access.ListTokens(tokens, timeout=PATIENCE_S, metadata=metadata)


def _status(call: Callable[[], object]) -> str:
    try:
        call()
    except PermissionError:
        return "filtered"
    except grpc.RpcError as error:
        failed: Any = error
        return str(failed.code().name)
    return "OK"


def _is_allowed(call: Callable[[], object], kind: str) -> bool:
    status = _status(call)
    denial = "UNAUTHENTICATED" if kind == "anonymous" else "PERMISSION_DENIED"
    assert status in ALLOWED | {denial, "filtered"}
    return status in ALLOWED


@pytest.mark.parametrize("kind", table.KINDS)
def test_the_service_does_what_the_table_says(policed: Served, root: Path, kind: str) -> None:
    rights = table.rights(root)[kind]
    for row in table.ROWS:
        for target in row.targets:
            decided = table.decide(row, target, rights)
            allowed = _is_allowed(_calls(policed, row, target, kind), kind)
            assert (row, target, allowed) == (row, target, decided)
