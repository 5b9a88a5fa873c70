"""The server: health, what is not offered, ports, and going down."""

from __future__ import annotations

import asyncio
import secrets
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from tests.kit.clock import DayClock
from tests.kit.loop import scenario
from tests.patience import PATIENCE_S
from tests.rpc.events import nomad
from tests.rpc.serving import Deployment, LoopServer, Served, draft, publish, refusal, serving
from tidings.dialects import load
from tidings.log.event_log import EventLog
from tidings.rpc.connection_age import age_options
from tidings.rpc.event_service import EventServicer
from tidings.rpc.server import Service, Views
from tidings.rpc.server_options import OPTIONS
from tidings.store.memory import MemoryStore
from tidings.v1 import access_service_pb2, event_service_pb2
from tidings.v1.access_service_pb2_grpc import AccessServiceStub

SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING
EVENTS = "tidings.v1.EventService"


@pytest.mark.parametrize("name", ["", EVENTS])
def test_health_is_told_for_each_service_and_for_all(served: Served, name: str) -> None:
    stub: Any = health_pb2_grpc.HealthStub(served.channel)
    request = health_pb2.HealthCheckRequest(service=name)
    assert stub.Check(request, timeout=PATIENCE_S).status == SERVING


def test_damaged_records_are_counted(address: str) -> None:
    with serving(address) as one:
        registry = one.deployment.service.metrics.registry
        assert registry.get_sample_value("tidings_damaged_records") == 0
        for seq in (7, 7, 8):
            one.deployment.store.damage.found(seq, "nomad")
        assert registry.get_sample_value("tidings_damaged_records") == 2


def test_health_of_writing_is_told_apart_and_says_why(address: str) -> None:
    with serving(address) as one:
        stub: Any = health_pb2_grpc.HealthStub(one.channel)
        publishing = health_pb2.HealthCheckRequest(service="tidings.v1.EventService.Publish")
        watching = stub.Watch(publishing, timeout=PATIENCE_S)
        assert next(watching).status == SERVING
        for reason, status in (("disk full", NOT_SERVING), ("", SERVING)):
            one.run(one.deployment.log.checks.tell("write", reason))
            assert next(watching).status == status
            answer, call = stub.Check.with_call(publishing, timeout=PATIENCE_S)
            assert answer.status == status
            assert dict(call.trailing_metadata()).get("tidings-reason", "") == reason
            registry = one.deployment.service.metrics.registry
            failing = registry.get_sample_value("tidings_check_failing", {"check": "write"})
            assert failing == bool(reason)
            for name in ("", EVENTS):
                request = health_pb2.HealthCheckRequest(service=name)
                assert stub.Check(request, timeout=PATIENCE_S).status == SERVING
        one.run(one.deployment.log.checks.tell("write", "disk full"))
        assert next(watching).status == NOT_SERVING
        watching.cancel()


def test_one_task_awaits_the_next_call_whatever_it_will_be(served: Served) -> None:
    """A task for each method would have to be looked at again at every call."""
    awaiting: list[str] = []

    def look() -> None:
        names = [repr(task) for task in asyncio.all_tasks()]
        awaiting.extend(name for name in names if "AioServer._request" in name)

    publish(served.stub, nomad())
    served.server.call(look)
    assert len(awaiting) == 1


def test_access_control_is_not_offered(served: Served) -> None:
    service = access_service_pb2.DESCRIPTOR.services_by_name["AccessService"]
    stub = AccessServiceStub(served.channel)
    anybody = stub.Authenticate(access_service_pb2.AuthenticateRequest(credential="any"))
    assert anybody == access_service_pb2.AuthenticateResponse(
        principal=access_service_pb2.Principal(management=True)
    )
    for method in service.methods:
        if method.name == "Authenticate":
            continue
        request = getattr(access_service_pb2, method.input_type.name)()
        with pytest.raises(grpc.RpcError) as refused:
            getattr(stub, method.name)(request, timeout=PATIENCE_S)
        assert refusal(refused.value) == (
            grpc.StatusCode.FAILED_PRECONDITION,
            "this server has no access control (--access-policy)",
        )
    health: Any = health_pb2_grpc.HealthStub(served.channel)
    call = health.Check.with_call(
        health_pb2.HealthCheckRequest(service=service.full_name), timeout=PATIENCE_S
    )
    assert call[0].status == health_pb2.HealthCheckResponse.NOT_SERVING
    assert dict(call[1].trailing_metadata()) == {"tidings-reason": "no access control"}


def test_every_method_of_the_contract_is_served() -> None:
    service = event_service_pb2.DESCRIPTOR.services_by_name["EventService"]
    ours = {name for name in vars(EventServicer) if not name.startswith("_")}
    assert ours == {method.name for method in service.methods}


def test_a_connection_that_has_got_too_old_is_ended_and_its_streams_with_it(address: str) -> None:
    with serving(address, Deployment(options=age_options(0.01, 0.01))) as one:
        stream = one.stub.Subscribe(event_service_pb2.SubscribeRequest(), timeout=PATIENCE_S)
        with pytest.raises(grpc.RpcError) as ended:
            list(stream)
    assert refusal(ended.value)[0] is grpc.StatusCode.UNAVAILABLE


def test_without_an_age_connections_may_get_as_old_as_they_like() -> None:
    assert age_options(None, 300.0) == ()
    assert age_options(1800.0, 0.0001) == (
        ("grpc.max_connection_age_ms", 1_800_000),
        ("grpc.max_connection_age_grace_ms", 1),
    )


def test_a_second_server_on_a_port_fails() -> None:
    server = LoopServer()
    server.deploy(Deployment())
    server.add_insecure_port("127.0.0.1:0")
    try:
        server.start()
        (port,) = server.ports
        assert port > 0

        async def again() -> None:
            other = _unopened_service()
            with pytest.raises(RuntimeError, match=r"[Ff]ailed to bind|address already in use"):
                other.listen(f"127.0.0.1:{port}")

        server.run(again())
    finally:
        server.stop()


def test_limits_are_set_on_purpose() -> None:
    options = dict(OPTIONS)
    assert options["grpc.so_reuseport"] == 0
    assert options["grpc.max_receive_message_length"] == 5 * 1024**2
    assert options["grpc.keepalive_time_ms"] == 60_000


def test_a_message_above_16_mib_is_refused(served: Served) -> None:
    with pytest.raises(grpc.RpcError) as refused:
        publish(served.stub, nomad(key="k" * 17 * 1024**2))
    assert refusal(refused.value)[0] == grpc.StatusCode.RESOURCE_EXHAUSTED


class TestDrain:
    def test_streams_end_with_their_position_and_health_says_no(self, address: str) -> None:
        with serving(address) as one:
            seq = publish(one.stub, nomad()).seq
            health: Any = health_pb2_grpc.HealthStub(one.channel)
            watching = health.Watch(health_pb2.HealthCheckRequest(), timeout=PATIENCE_S)
            assert next(watching).status == SERVING
            call = one.stub.Subscribe(
                event_service_pb2.SubscribeRequest(after_seq=0), timeout=PATIENCE_S
            )
            assert [record.seq for record in next(call).batch.records] == [seq]
            assert next(call).HasField("heartbeat")
            with ThreadPoolExecutor(1) as pool:
                draining = pool.submit(one.run, one.deployment.service.drain(PATIENCE_S))
                assert next(watching).status == NOT_SERVING
                with pytest.raises(grpc.RpcError) as ended:
                    next(call)
                watching.cancel()
                draining.result(PATIENCE_S)
            assert refusal(ended.value)[0] == grpc.StatusCode.UNAVAILABLE
            assert dict(call.trailing_metadata())["tidings-position"] == str(seq)

    def test_what_was_begun_is_committed_and_answered(self, address: str) -> None:
        with serving(address) as one:
            one.server.call(one.store.may_append.clear)
            call = one.stub.Publish.future(
                event_service_pb2.PublishRequest(draft=draft(nomad())), timeout=PATIENCE_S
            )
            assert one.store.is_appending.wait(PATIENCE_S)
            with ThreadPoolExecutor(1) as pool:
                draining = pool.submit(one.run, one.deployment.service.drain(PATIENCE_S))
                one.server.call(one.store.may_append.set)
                assert call.result(PATIENCE_S).seq == 2
                draining.result(PATIENCE_S)
            with pytest.raises(grpc.RpcError) as refused:
                publish(one.stub, nomad())
            assert refusal(refused.value)[0] == grpc.StatusCode.UNAVAILABLE

    @scenario
    async def test_a_server_that_never_started_can_be_drained(self) -> None:
        await _unopened_service().drain(0.0)


def _unopened_service() -> Service:
    clock = DayClock()
    views = Views.of(load(), clock)
    store = MemoryStore(clock=clock)
    log = EventLog(store, clock=clock, envelope_of=views.envelope_of, projections=views.projections)
    assert asyncio.get_running_loop().is_running()
    return Service(log, views, clock=clock, token=secrets.token_bytes)
