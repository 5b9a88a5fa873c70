"""grpc.health.v1: what watchers hear, and that none of them holds anybody up."""

from __future__ import annotations

import asyncio
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from tests.patience import PATIENCE_S
from tests.rpc.raw_http2 import NO_WINDOW, raw_client
from tests.rpc.serving import Served, refusal
from tidings.log.checks import WRITE

SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING
PUBLISH = "tidings.v1.EventService.Publish"


@pytest.fixture
def health(served: Served) -> Any:
    return health_pb2_grpc.HealthStub(served.channel)


def watch(health: Any, name: str) -> Any:
    return health.Watch(health_pb2.HealthCheckRequest(service=name), timeout=PATIENCE_S)


def fail(served: Served, reason: str) -> None:
    served.run(served.deployment.service._health._tell(WRITE, reason))  # noqa: SLF001 - as a check


@pytest.mark.parametrize("dead_count", [0, 5])
def test_a_watcher_who_does_not_read_keeps_nobody_waiting(
    served: Served, health: Any, dead_count: int
) -> None:
    with raw_client(served.address) as dead:
        dead.greet(NO_WINDOW)
        for name in ("", PUBLISH):
            for _ in range(dead_count):
                request = health_pb2.HealthCheckRequest(service=name).SerializeToString()
                dead.call("Watch", request, service="grpc.health.v1.Health")
        watching, all_of_it = watch(health, PUBLISH), watch(health, "")
        assert (next(watching).status, next(all_of_it).status) == (SERVING, SERVING)
        fail(served, "the disk is full")
        assert next(watching).status == NOT_SERVING
        fail(served, "")
        assert next(watching).status == SERVING
        served.run(served.deployment.service.drain(0.1))
        assert (next(watching).status, next(all_of_it).status) == (NOT_SERVING, NOT_SERVING)


def test_all_names_are_listed(served: Served, health: Any) -> None:
    request: Any = vars(health_pb2)["HealthListRequest"]
    fail(served, "the disk is full")
    statuses = health.List(request(), timeout=PATIENCE_S).statuses
    found = {name: answer.status for name, answer in statuses.items()}
    assert found.pop(PUBLISH) == NOT_SERVING
    assert found.pop("tidings.v1.AccessService") == NOT_SERVING
    assert {"", "tidings.v1.EventService"} <= found.keys()
    assert set(found.values()) == {SERVING}


def test_a_name_of_nobodys_is_not_found_and_watched_as_unknown(health: Any) -> None:
    with pytest.raises(grpc.RpcError) as refused:
        health.Check(health_pb2.HealthCheckRequest(service="none"), timeout=PATIENCE_S)
    assert refusal(refused.value)[0] == grpc.StatusCode.NOT_FOUND
    watching = watch(health, "none")
    assert next(watching).status == health_pb2.HealthCheckResponse.SERVICE_UNKNOWN
    watching.cancel()


def test_who_leaves_a_watch_leaves_no_traceback(served: Served, health: Any) -> None:
    unheard: list[Any] = []

    def hear(_loop: object, context: Any) -> None:
        unheard.append(context)

    served.server.call(lambda: asyncio.get_running_loop().set_exception_handler(hear))
    for _ in range(20):
        watch(health, PUBLISH).cancel()
        fail(served, "now")
        fail(served, "")
    assert next(watch(health, PUBLISH)).status == SERVING
    assert unheard == []
