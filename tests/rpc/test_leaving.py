"""Callers who leave at the wrong moment: cancelled, counted so, and nobody's mistake."""

from __future__ import annotations

import asyncio
import gc
import random
from collections.abc import Awaitable, Callable
from typing import Any

import grpc
import pytest

from tests.kit.jumping import turns
from tests.kit.loop import scenario
from tests.rpc import events
from tests.rpc.credentials import ROOT_SECRET, bearer, guarded
from tests.rpc.serving import Deployment, Served, draft, serving
from tidings.core.errors import BadRequest
from tidings.rpc.detached_write import DetachedWrite
from tidings.v1 import event_service_pb2 as pb
from tidings.v1.event_service_pb2_grpc import EventServiceStub

ROOT = bearer(ROOT_SECRET)
ROUNDS = 6
READ_ERRORS = (grpc.RpcError, asyncio.CancelledError, asyncio.InvalidStateError)

Stub: Any = EventServiceStub  # its stubs are for threads


async def subscriber(stub: Any, rng: random.Random) -> Any:
    call = stub.Subscribe(pb.SubscribeRequest(position=pb.START_POSITION_EARLIEST), metadata=ROOT)
    if rng.random() < 0.5:
        await call.read()
    return call


async def publisher(stub: Any, rng: random.Random) -> Any:
    call = stub.PublishStream(metadata=ROOT)
    for _ in range(rng.randrange(3)):
        drafts = [draft(events.nomad(key="k" * 500)) for _ in range(40)]
        await call.write(pb.PublishStreamRequest(drafts=drafts))
        if rng.random() < 0.5:
            await call.read()
    return call


async def lister(stub: Any, rng: random.Random) -> Any:
    return stub.List(pb.ListRequest(index=rng.randrange(2)), metadata=ROOT)


async def lone(stub: Any, _rng: random.Random) -> Any:
    return stub.Publish(pb.PublishRequest(draft=draft(events.consul())), metadata=ROOT)


KINDS: tuple[Callable[[Any, random.Random], Awaitable[Any]], ...] = (
    *(subscriber, subscriber, subscriber),
    *(publisher, publisher, lister, lone),
)


@pytest.mark.parametrize("is_guarded", [False, True])
@pytest.mark.parametrize("closes_connection", [False, True])
def test_whoever_leaves_when_he_likes_is_logged_as_cancelled_and_nothing_else(
    address: str,
    lines: list[Any],
    is_guarded: bool,  # noqa: FBT001
    closes_connection: bool,  # noqa: FBT001
) -> None:
    unheard: list[Any] = []

    async def leaving(stub: Any, kind: Callable[..., Awaitable[Any]], rng: random.Random) -> None:
        try:
            call = await kind(stub, rng)
        except READ_ERRORS:
            return
        await turns(rng.choice((0, 1, 5, 50)))
        if not closes_connection:
            call.cancel()

    async def crowd() -> None:
        rng = random.Random(11)
        options = [("grpc.use_local_subchannel_pool", 1)]
        for _ in range(ROUNDS):
            async with grpc.aio.insecure_channel(address, options) as channel:
                stub = Stub(channel)
                kinds = rng.sample(KINDS * 4, len(KINDS) * 4)
                await asyncio.gather(*(leaving(stub, kind, rng) for kind in kinds))
                await stub.Publish(
                    pb.PublishRequest(draft=draft(events.nomad(key="x" * 2000))), metadata=ROOT
                )

    deployment = guarded() if is_guarded else Deployment()
    # gRPC hands each loop of a process what came for the others: the clients' stays open meanwhile
    with serving(address, deployment) as served, asyncio.Runner() as clients:

        def hear(_loop: object, context: Any) -> None:
            unheard.append(context)

        served.server.call(lambda: asyncio.get_running_loop().set_exception_handler(hear))
        clients.run(crowd())
        settled(served)
        served.server.call(lambda: asyncio.get_running_loop().set_exception_handler(None))
        codes = {(line["method"], line["code"]) for line in lines if line["event"] == "call"}
    assert [line for line in lines if line["event"] != "call"] == []
    assert unheard == []
    assert ("Subscribe", "CANCELLED") in codes
    assert ("PublishStream", "CANCELLED") in codes
    assert {code for _, code in codes} <= {"OK", "CANCELLED", "UNAVAILABLE"}


def settled(served: Served) -> None:
    """Wait until every call but one's own was counted and logged."""
    gauge = served.deployment.service.metrics.open_calls
    while sum(sample.value for family in gauge.collect() for sample in family.samples):
        served.stub.List(pb.ListRequest(), metadata=ROOT)
        served.server.call(lambda: None)


@scenario
async def test_a_write_that_was_closed_hears_no_more_of_its_end() -> None:
    done = asyncio.get_running_loop().create_future()
    failures: list[Any] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, what: failures.append(what))

    async def write(_message: bytes) -> None:
        await done

    loose = DetachedWrite(write)
    loose.begin(b"one")
    done.set_result(None)  # its callback is on its way
    loose.close()
    await turns()
    assert (failures, loose.is_busy) == ([], False)


@scenario
async def test_a_write_that_fails_after_it_was_closed_is_heard_of() -> None:
    waits_for: list[asyncio.Future[None]] = [asyncio.get_running_loop().create_future()]
    failures: list[Any] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, what: failures.append(what))

    async def write(_message: bytes) -> None:
        await waits_for[0]

    loose = DetachedWrite(write)
    loose.begin(b"one")
    loose.close()
    waits_for[0].set_exception(grpc.aio.InternalError("left"))
    await turns()
    waits_for.clear()
    gc.collect()
    assert failures == []


class Left(Exception):
    """Stands for a mistake that is not of leaving."""


@pytest.mark.parametrize(
    ("raised", "expected"),
    [
        (grpc.aio.InternalError("left"), "CANCELLED"),
        (ExceptionGroup("", [grpc.aio.InternalError("left")]), "CANCELLED"),
        (grpc.aio.UsageError("wrong use"), "INTERNAL"),
        (ExceptionGroup("", [grpc.aio.InternalError("left"), Left()]), "INTERNAL"),
        (Left(), "INTERNAL"),
        (BadRequest("field", "is bad"), "INVALID_ARGUMENT"),
    ],
)
def test_only_what_grpc_says_of_a_call_that_ended_counts_as_leaving(
    served: Served, lines: list[Any], raised: Exception, expected: str
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise raised

    served.deployment.log.append = broken  # type: ignore[method-assign,assignment]  # a bug
    with pytest.raises(grpc.RpcError) as ended:
        served.stub.Publish(pb.PublishRequest(draft=draft(events.nomad())), timeout=5)
    call: Any = ended.value
    settled(served)
    codes = [line["code"] for line in lines if line.get("method") == "Publish" and "code" in line]
    assert codes == [expected]
    assert any(line["event"] == "call failed" for line in lines) == (expected == "INTERNAL")
    assert call.code().name == expected
