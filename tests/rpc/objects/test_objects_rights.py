"""Nobody learns of an object that he could not stream: every policy, against its own stream."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import grpc
import pytest

from tests.patience import PATIENCE_S
from tests.rpc import events
from tests.rpc.credentials import ROOT_SECRET, bearer, guarded
from tests.rpc.objects.told import allocation, container, job, look, node, run
from tests.rpc.serving import Served, draft, refusal, serving
from tests.rpc.test_reading_rights import POLICIES, Metadata, credential, streamed
from tidings.core.record import SYSTEMS
from tidings.dialects import load
from tidings.dialects.systems import system_name, system_number
from tidings.v1 import event_pb2, objects_pb2
from tidings.v1 import event_service_pb2 as pb

DIALECTS = load()

EVENTS: tuple[tuple[event_pb2.Event, ...], ...] = (
    (node("n1", "ready"), job(1, namespace="prod"), job(1)),
    (events.nomad("ACLToken"),),
    (job(2, namespace="prod"), allocation(1, "web", "n1", "running")),
    (job(2, "dead"), node("n1", "down")),
    (events.consul("web-a"),),
    (container("c1", "create", "Starting"),),
    (container("c1", "update", "Running"),),
    (run("node_running", "db-1"),),
    (run("node_failed", "db-1"),),
    (look(),),
    (events.cloud_event("1"),),
    (job(3, namespace="prod"),),
)


class Told(NamedTuple):
    """What a reader knows of an object."""

    system: str
    kind: str
    namespace: str
    id: str
    status: str
    seq: int


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    place = tmp_path_factory.mktemp("rights") / "socket"
    with serving(f"unix:{place}", guarded()) as served:
        root = bearer(ROOT_SECRET)
        for record in EVENTS:
            request = pb.PublishRequest(draft=draft(*record))
            served.stub.Publish(request, timeout=PATIENCE_S, metadata=root)
        yield served


def told_by(records: Sequence[event_pb2.EventRecord]) -> list[Told]:
    """Return every version that records carry, in their order."""
    return [
        Told(system, each.kind, each.namespace, each.id, each.status, record.seq)
        for record in records
        for event in record.events
        for system in [str(event.WhichOneof("body"))]
        for each in DIALECTS[system].facets(event).objects
    ]


def told_of(state: objects_pb2.ObjectState) -> Told:
    system = system_name(state.system)
    return Told(system, state.kind, state.namespace, state.id, state.status, state.seq)


def listed(served: Served, who: Metadata, *systems: str) -> set[Told]:
    request = objects_pb2.ListObjectsRequest(systems=map(system_number, systems))
    answer = served.stub.ListObjects(request, timeout=PATIENCE_S, metadata=who)
    assert not answer.next_page_token
    return {told_of(each) for each in answer.objects}


def versions(served: Served, who: Metadata, one: Told) -> list[Told]:
    request = objects_pb2.GetObjectHistoryRequest(
        system=system_number(one.system),
        kind=one.kind,
        id=one.id,
        namespace=one.namespace,
    )
    answer = served.stub.GetObjectHistory(request, timeout=PATIENCE_S, metadata=who)
    return [told_of(each.object) for each in answer.versions]


@pytest.mark.parametrize("policy", ["anonymous", "management", *POLICIES])
def test_nobody_learns_of_an_object_that_he_could_not_stream(filled: Served, policy: str) -> None:
    who = credential(filled, policy)
    everything = told_by(streamed(filled, bearer(ROOT_SECRET)))
    try:
        visible = told_by(streamed(filled, who))
    except grpc.RpcError as error:
        expected = refusal(error)
        with pytest.raises(grpc.RpcError) as refused:
            listed(filled, who)
        assert refusal(refused.value) == expected
        return
    newest = {told[:4]: told for told in visible}
    assert listed(filled, who) == set(newest.values())
    readable = {told.system for told in visible}
    for one in everything:
        if one.system in readable:
            own = [told for told in visible if told[:4] == one[:4]]
            assert versions(filled, who, one) == own[::-1]


@pytest.mark.parametrize("policy", sorted(POLICIES))
@pytest.mark.parametrize("system", sorted(set(SYSTEMS) - {"tidings"}))
def test_a_system_of_which_nothing_may_be_read_is_refused(
    filled: Served, policy: str, system: str
) -> None:
    who = credential(filled, policy)
    rules = POLICIES[policy]
    may_read = f"{system}." in rules
    for ask in (
        lambda: listed(filled, who, system),
        lambda: versions(filled, who, Told(system, "job", "", "web", "", 0)),
    ):
        try:
            ask()
            status = grpc.StatusCode.OK
        except grpc.RpcError as error:
            status, _ = refusal(error)
        assert status == (grpc.StatusCode.OK if may_read else grpc.StatusCode.PERMISSION_DENIED)
