"""A node that has not heard yet of what another one answered."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import grpc
import pytest

from tests.patience import PATIENCE_S
from tests.rpc.serving import Deployment, Served, publish, refusal, serving
from tidings.log.limits import LogLimits
from tidings.v1 import (
    consul_pb2,
    event_pb2,
    event_service_pb2,
    feldera_pb2,
    nomad_pb2,
    puppet_pb2,
)
from tidings.v1.event_service_pb2_grpc import EventServiceStub

ID = "019afe45-ec1f-7de0-9cd1-3a6a4350b5e9"
HEALTHY = feldera_pb2.FelderaClusterEvent(
    id=ID, api_status="Healthy", compiler_status="Healthy", runner_status="Healthy"
)
FIRED = event_pb2.Event(consul=consul_pb2.ConsulEvent(name="deploy"))
JOB = event_pb2.Event(puppet=puppet_pb2.PuppetJobEvent(job="352", type="node_running"))
NOMAD = event_pb2.Event(nomad=nomad_pb2.NomadEvent(topic="Job", type="JobRegistered"))


class Node(NamedTuple):
    """A node that has come to the first of these positions, and not to the others."""

    served: Served
    seqs: list[int]

    @property
    def stub(self) -> EventServiceStub:
        return self.served.stub


def behind(address: str, lag_s: float) -> Iterator[Node]:
    """Serve a log of two user events and one of each other system, to whose end it has not come."""
    limits = LogLimits(append_lag_s=0.0, reader_lag_s=lag_s)
    with serving(address, Deployment(limits=limits)) as one:
        first = publish(one.stub, FIRED).seq
        heard = one.stub.Subscribe(
            event_service_pb2.SubscribeRequest(position=event_service_pb2.START_POSITION_EARLIEST)
        )
        next(heard)  # an append waits for nothing here, and the node has to come so far
        heard.cancel()
        one.server.call(one.store.may_feed.clear)
        events = (FIRED, event_pb2.Event(feldera=HEALTHY), JOB, NOMAD)
        yield Node(one, [first, *(publish(one.stub, event).seq for event in events)])


@pytest.fixture
def late(address: str) -> Iterator[Node]:
    """A node that hears of the rest when it is let."""
    yield from behind(address, 60.0)


@pytest.fixture
def later(address: str) -> Iterator[Node]:
    """A node that hears nothing for as long as it has patience."""
    yield from behind(address, 0.05)


def let_hear(node: Node) -> None:
    """Let the node hear of the rest, once it has asked for the end of the log."""
    store = node.served.store
    assert store.end_was_asked.wait(PATIENCE_S)
    node.served.server.call(store.may_feed.set)


def test_a_reader_who_comes_from_another_node_goes_on_where_it_was(late: Node) -> None:
    position = late.seqs[-2]
    request = event_service_pb2.SubscribeRequest(after_seq=position)
    call = late.stub.Subscribe(request, timeout=PATIENCE_S)
    assert dict(call.initial_metadata())["tidings-position"] == str(position)
    let_hear(late)
    assert [record.seq for record in next(call).batch.records] == [late.seqs[-1]]
    call.cancel()


def test_a_position_past_the_end_of_the_store_is_out_of_range(late: Node) -> None:
    request = event_service_pb2.SubscribeRequest(after_seq=late.seqs[-1] + 1)
    call = late.stub.Subscribe(request, timeout=PATIENCE_S)
    with pytest.raises(grpc.RpcError) as caught:
        next(call)
    assert refusal(caught.value)[0] is grpc.StatusCode.OUT_OF_RANGE
    assert late.served.store.end_was_asked.is_set()


def test_a_node_that_stays_behind_sends_the_reader_elsewhere(later: Node) -> None:
    call = later.stub.Subscribe(event_service_pb2.SubscribeRequest(after_seq=4), timeout=PATIENCE_S)
    with pytest.raises(grpc.RpcError) as caught:
        next(call)
    assert refusal(caught.value)[0] is grpc.StatusCode.UNAVAILABLE
    said = f"has come to {later.seqs[-1]}, and this node to {later.seqs[0]}"
    assert said in str(refusal(caught.value))


def test_a_list_with_an_index_of_another_node_does_not_go_back(late: Node) -> None:
    request = event_service_pb2.ListRequest(index=late.seqs[1])
    waiting = late.stub.List.future(request, timeout=PATIENCE_S)
    let_hear(late)
    newer = publish(late.stub, FIRED).seq
    assert waiting.result().index == newer, "it waited for what is newer than its index"


def test_a_list_answers_at_the_end_of_its_wait_though_the_node_is_behind(late: Node) -> None:
    request = event_service_pb2.ListRequest(index=late.seqs[1])
    request.wait.FromMilliseconds(20)
    assert late.stub.List(request, timeout=PATIENCE_S).index == late.seqs[0]


def test_a_cluster_event_that_another_node_stored_is_found(late: Node) -> None:
    request = event_service_pb2.GetClusterEventRequest(event_id=ID)
    call = late.stub.GetClusterEvent.future(request, timeout=PATIENCE_S)
    let_hear(late)
    assert call.result().event.id == ID


def test_a_cluster_event_of_a_node_that_stays_behind_is_not_found(later: Node) -> None:
    request = event_service_pb2.GetClusterEventRequest(event_id=ID)
    with pytest.raises(grpc.RpcError) as caught:
        later.stub.GetClusterEvent(request, timeout=PATIENCE_S)
    assert refusal(caught.value)[0] is grpc.StatusCode.NOT_FOUND


def test_events_of_a_job_wait_for_the_position_that_they_are_asked_from(late: Node) -> None:
    request = event_service_pb2.GetJobEventsRequest(job_id="352", start=str(late.seqs[3]))
    call = late.stub.GetJobEvents.future(request, timeout=PATIENCE_S)
    let_hear(late)
    assert [item.id for item in call.result().items] == [str(late.seqs[3])]
