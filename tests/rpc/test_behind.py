"""A node that has not heard yet of what another one answered."""

from __future__ import annotations

from collections.abc import Iterator

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

ID = "019afe45-ec1f-7de0-9cd1-3a6a4350b5e9"
HEALTHY = feldera_pb2.FelderaClusterEvent(
    id=ID, api_status="Healthy", compiler_status="Healthy", runner_status="Healthy"
)
FIRED = event_pb2.Event(consul=consul_pb2.ConsulEvent(name="deploy"))
JOB = event_pb2.Event(puppet=puppet_pb2.PuppetJobEvent(job="352", type="node_running"))
NOMAD = event_pb2.Event(nomad=nomad_pb2.NomadEvent(topic="Job", type="JobRegistered"))


def behind(address: str, *events: event_pb2.Event, lag_s: float = 60.0) -> Iterator[Served]:
    """Serve a log to whose end the node has not come: what is stored last, it has not heard of."""
    limits = LogLimits(append_lag_s=0.0, reader_lag_s=lag_s)
    with serving(address, Deployment(limits=limits)) as one:
        publish(one.stub, FIRED)
        one.server.call(one.store.may_feed.clear)
        for event in events:
            publish(one.stub, event)
        yield one


@pytest.fixture
def late(address: str) -> Iterator[Served]:
    """Position 2 is a user event; 3 to 6, of which the node has not heard, one of each system."""
    yield from behind(address, FIRED, event_pb2.Event(feldera=HEALTHY), JOB, NOMAD)


@pytest.fixture
def later(address: str) -> Iterator[Served]:
    """As `late`, and the node hears nothing for as long as it has patience."""
    yield from behind(address, FIRED, event_pb2.Event(feldera=HEALTHY), JOB, lag_s=0.05)


def let_hear(node: Served) -> None:
    """Let the node hear of the rest, once it has asked for the end of the log."""
    assert node.store.end_was_asked.wait(PATIENCE_S)
    node.server.call(node.store.may_feed.set)


def test_a_reader_who_comes_from_another_node_goes_on_where_it_was(late: Served) -> None:
    call = late.stub.Subscribe(event_service_pb2.SubscribeRequest(after_seq=5), timeout=PATIENCE_S)
    assert dict(call.initial_metadata())["tidings-position"] == "5"
    let_hear(late)
    assert [record.seq for record in next(call).records] == [6]
    call.cancel()


def test_a_position_past_the_end_of_the_store_is_out_of_range(late: Served) -> None:
    call = late.stub.Subscribe(event_service_pb2.SubscribeRequest(after_seq=7), timeout=PATIENCE_S)
    with pytest.raises(grpc.RpcError) as caught:
        next(call)
    assert refusal(caught.value)[0] is grpc.StatusCode.OUT_OF_RANGE
    assert late.store.end_was_asked.is_set()


def test_a_node_that_stays_behind_sends_the_reader_elsewhere(later: Served) -> None:
    call = later.stub.Subscribe(event_service_pb2.SubscribeRequest(after_seq=4), timeout=PATIENCE_S)
    with pytest.raises(grpc.RpcError) as caught:
        next(call)
    assert refusal(caught.value)[0] is grpc.StatusCode.UNAVAILABLE
    assert "has come to 5, and this node to 2" in str(refusal(caught.value))


def test_a_list_with_an_index_of_another_node_does_not_go_back(late: Served) -> None:
    request = event_service_pb2.ListRequest(index=3)
    waiting = late.stub.List.future(request, timeout=PATIENCE_S)
    let_hear(late)
    publish(late.stub, FIRED)
    assert waiting.result().index == 7, "it waited for what is newer than 3"


def test_a_list_answers_at_the_end_of_its_wait_though_the_node_is_behind(late: Served) -> None:
    request = event_service_pb2.ListRequest(index=3)
    request.wait.FromMilliseconds(20)
    assert late.stub.List(request, timeout=PATIENCE_S).index == 2


def test_a_cluster_event_that_another_node_stored_is_found(late: Served) -> None:
    request = event_service_pb2.GetClusterEventRequest(event_id=ID)
    call = late.stub.GetClusterEvent.future(request, timeout=PATIENCE_S)
    let_hear(late)
    assert call.result().event.id == ID


def test_a_cluster_event_of_a_node_that_stays_behind_is_not_found(later: Served) -> None:
    request = event_service_pb2.GetClusterEventRequest(event_id=ID)
    with pytest.raises(grpc.RpcError) as caught:
        later.stub.GetClusterEvent(request, timeout=PATIENCE_S)
    assert refusal(caught.value)[0] is grpc.StatusCode.NOT_FOUND


def test_events_of_a_job_wait_for_the_position_that_they_are_asked_from(late: Served) -> None:
    request = event_service_pb2.GetJobEventsRequest(job_id="352", start=5)
    call = late.stub.GetJobEvents.future(request, timeout=PATIENCE_S)
    let_hear(late)
    assert [item.id for item in call.result().items] == ["5"]
