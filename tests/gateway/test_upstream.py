"""The service as the gateway reaches it: what is waited for, and what is tried again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, NoReturn

import grpc
import pytest
from google.rpc import error_details_pb2, status_pb2
from grpc_health.v1 import health, health_pb2, health_pb2_grpc

from tests.kit.loop import becomes, scenario
from tests.patience import PATIENCE_S
from tidings.gateway.transcode.status import DETAILS_KEY
from tidings.gateway.upstream import client as upstreams
from tidings.gateway.upstream.client import LOG_ID_KEY, POSITION_KEY, Upstream
from tidings.gateway.upstream.failures import Failure, reason_of
from tidings.v1 import event_service_pb2 as pb
from tidings.v1 import event_service_pb2_grpc
from tidings.v1.errors_pb2 import ErrorReason

Context = grpc.aio.ServicerContext[Any, Any]
Code = grpc.StatusCode


class Events(event_service_pb2_grpc.EventServiceServicer):
    """Fails as often as it is told to, then answers. `failures` are codes with reasons."""

    def __init__(self, *failures: tuple[grpc.StatusCode, str]) -> None:
        self.failures = list(failures)
        self.calls = 0
        self.opens_first = False
        self.checked = asyncio.Event()
        """Until it is set no stream is opened, and nothing is listed."""
        self.checked.set()

    async def _perhaps_fail(self, context: Context) -> None:
        self.calls += 1
        if self.failures:
            await abort(context, *self.failures.pop(0))

    async def Fire(self, request: pb.FireRequest, context: Context) -> pb.FireResponse:
        await self._perhaps_fail(context)
        return pb.FireResponse()

    async def List(self, request: pb.ListRequest, context: Context) -> pb.ListResponse:
        await self._perhaps_fail(context)
        await self.checked.wait()
        return pb.ListResponse(index=7)

    async def Subscribe(
        self, request: pb.SubscribeRequest, context: Context
    ) -> AsyncIterator[pb.SubscribeResponse]:
        await self._perhaps_fail(context)
        await self.checked.wait()
        start = ((LOG_ID_KEY, "the log"), (POSITION_KEY, str(request.after_seq)))
        await context.send_initial_metadata(start)
        yield pb.SubscribeResponse(heartbeat=pb.Heartbeat(seq=request.after_seq))


def make_events(*failures: tuple[grpc.StatusCode, str]) -> Events:
    return Events(*failures)  # type: ignore[abstract]  # the rest is refused as unimplemented


def reason_name(error: Failure) -> str:
    reason = reason_of(error)
    return ErrorReason.Name(reason).removeprefix("ERROR_REASON_") if reason else ""


async def abort(context: Context, code: grpc.StatusCode, reason: str) -> NoReturn:
    status = status_pb2.Status(code=code.value[0], message="no")
    if reason:
        status.details.add().Pack(error_details_pb2.ErrorInfo(reason=reason))
        status.details.add().Pack(error_details_pb2.RetryInfo())
    await context.abort(code, "no", ((DETAILS_KEY, status.SerializeToString()),))


@asynccontextmanager
async def served(events: Events, address: str = "127.0.0.1:0") -> AsyncIterator[str]:
    server = grpc.aio.server(options=(("grpc.so_reuseport", 0),))
    event_service_pb2_grpc.add_EventServiceServicer_to_server(events, server)
    healthy = health.aio.HealthServicer()
    health_pb2_grpc.add_HealthServicer_to_server(healthy, server)
    port = server.add_insecure_port(address)
    await server.start()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        await server.stop(None)


@asynccontextmanager
async def an_upstream(
    *failures: tuple[grpc.StatusCode, str], patience_s: float = 5.0
) -> AsyncIterator[tuple[Upstream, Events]]:
    events = make_events(*failures)
    async with served(events) as target, Upstream(target, patience_s=patience_s) as upstream:
        yield upstream, events


GOING_DOWN = (Code.UNAVAILABLE, "GOING_DOWN")
STORE = (Code.UNAVAILABLE, "STORE_UNAVAILABLE")
BROKEN = (Code.UNAVAILABLE, "")


@pytest.mark.parametrize("failure", [GOING_DOWN, BROKEN])
@scenario
async def test_reads_are_tried_again(failure: tuple[grpc.StatusCode, str]) -> None:
    async with an_upstream(failure, failure) as (upstream, events):
        assert (await upstream.list(pb.ListRequest(), (), 5.0)).index == 7
        assert events.calls == 3
        opened = await upstream.subscribe(pb.SubscribeRequest(after_seq=9), ())
        assert (opened.log_id, opened.position) == ("the log", 9)
        message = await opened.answers.take()
        assert isinstance(message, pb.SubscribeResponse)
        assert message.heartbeat.seq == 9
        assert await opened.answers.take() is None


@scenario
async def test_an_event_is_fired_again_only_if_it_was_not_begun() -> None:
    async with an_upstream(GOING_DOWN) as (upstream, events):
        await upstream.fire(pb.FireRequest(), ())
        assert events.calls == 2
        events.failures = [BROKEN]
        with pytest.raises(Failure) as caught:
            await upstream.fire(pb.FireRequest(), ())
        assert caught.value.code() is Code.UNAVAILABLE
        assert events.calls == 3


CANCELLED = (Code.CANCELLED, "")
LATER = (Code.RESOURCE_EXHAUSTED, "BUSY")


@pytest.mark.parametrize("failure", [CANCELLED, LATER])
@scenario
async def test_what_a_crowded_service_has_no_place_for_is_read_again(
    failure: tuple[grpc.StatusCode, str],
) -> None:
    async with an_upstream(failure) as (upstream, events):
        assert (await upstream.list(pb.ListRequest(), (), 5.0)).index == 7
        events.failures = [failure]
        (await upstream.subscribe(pb.SubscribeRequest(), ())).answers.cancel()
        assert events.calls == 4


@scenario
async def test_an_event_is_fired_again_when_the_service_asks_to_come_again() -> None:
    async with an_upstream(LATER) as (upstream, events):
        await upstream.fire(pb.FireRequest(), ())
        assert events.calls == 2


@scenario
async def test_nobody_is_told_that_he_has_cancelled_what_the_service_has() -> None:
    """Clients come again after UNAVAILABLE, and no client does after CANCELLED."""
    async with an_upstream(CANCELLED, patience_s=0.5) as (upstream, events):
        with pytest.raises(Failure) as caught:
            await upstream.fire(pb.FireRequest(), ())
        assert caught.value.code() is Code.UNAVAILABLE
        assert events.calls == 1, "it may have been fired"
        events.failures = [CANCELLED] * 1000
        with pytest.raises(Failure) as caught:
            await upstream.list(pb.ListRequest(), (), 5.0)
        assert caught.value.code() is Code.UNAVAILABLE


@pytest.mark.parametrize("index", [0, 5])
@scenario
async def test_a_herd_of_calls_comes_to_the_service_a_few_at_a_time(
    monkeypatch: pytest.MonkeyPatch, index: int
) -> None:
    monkeypatch.setattr(upstreams, "_CALL_S", 3600.0)
    monkeypatch.setattr(upstreams, "_WAITING_S", 3600.0)
    size = 3 * upstreams.CALLS
    async with an_upstream(patience_s=PATIENCE_S) as (upstream, events):
        events.checked.clear()
        async with asyncio.TaskGroup() as tasks:
            for _ in range(size):
                tasks.create_task(upstream.list(pb.ListRequest(index=index), (), 60.0))
            await becomes(lambda: events.calls == upstreams.CALLS)
            # by when others would have come
            assert await upstream.retries.failing("", 5.0) is None
            assert events.calls == upstreams.CALLS
            events.checked.set()
        assert events.calls == size


@pytest.mark.parametrize(
    "failure", [STORE, (Code.INVALID_ARGUMENT, ""), (Code.UNAUTHENTICATED, "")]
)
@scenario
async def test_what_does_not_pass_is_told_at_once(failure: tuple[grpc.StatusCode, str]) -> None:
    async with an_upstream(failure, failure) as (upstream, events):
        with pytest.raises(Failure) as caught:
            await upstream.list(pb.ListRequest(), (), 5.0)
        assert (caught.value.code(), reason_name(caught.value)) == failure
        with pytest.raises(Failure) as caught:
            await upstream.subscribe(pb.SubscribeRequest(), ())
        assert (caught.value.code(), reason_name(caught.value)) == failure
        assert events.calls == 2


@scenario
async def test_patience_ends() -> None:
    async with an_upstream(*[GOING_DOWN] * 1000, patience_s=0.5) as (upstream, events):
        with pytest.raises(Failure) as caught:
            await upstream.list(pb.ListRequest(), (), 5.0)
        assert caught.value.code() is Code.UNAVAILABLE
        assert events.calls > 1


@scenario
async def test_a_crowd_of_streams_is_opened_a_few_at_a_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Of the calls that are being checked at once neither side gives the memory back."""
    monkeypatch.setattr(upstreams, "OPENING_S", 3600.0)
    size = 3 * upstreams.OPENINGS
    async with an_upstream(patience_s=PATIENCE_S) as (upstream, events):
        events.checked.clear()
        async with asyncio.TaskGroup() as tasks:
            openings = [
                tasks.create_task(upstream.subscribe(pb.SubscribeRequest(), ()))
                for _ in range(size)
            ]
            await becomes(lambda: events.calls == upstreams.OPENINGS)
            await upstream.fire(pb.FireRequest(), ())  # came behind them
            assert events.calls == upstreams.OPENINGS + 1
            events.checked.set()
        for opening in openings:
            opening.result().answers.cancel()
        assert events.calls == size + 1


@scenario
async def test_who_waits_behind_a_crowd_that_stays_is_told_in_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(upstreams, "OPENINGS", 1)
    monkeypatch.setattr(upstreams, "OPENING_S", 3600.0)
    async with an_upstream(patience_s=0.5) as (upstream, events):
        events.checked.clear()
        openings = [upstream.subscribe(pb.SubscribeRequest(), ()) for _ in range(100)]
        async with asyncio.timeout(20.0):  # one after the other they would need 50 s
            outcomes = await asyncio.gather(*openings, return_exceptions=True)
        for outcome in outcomes:
            assert isinstance(outcome, Failure)
            assert outcome.code() is Code.UNAVAILABLE


@scenario
async def test_a_service_that_is_away_is_waited_for() -> None:
    events = make_events()
    async with served(events) as target:
        pass
    async with Upstream(target, patience_s=20.0) as upstream, asyncio.TaskGroup() as tasks:
        assert await upstream.retries.failing("", 0.1) == ""
        fired = tasks.create_task(upstream.fire(pb.FireRequest(), ()))
        opened = tasks.create_task(upstream.subscribe(pb.SubscribeRequest(), ()))
        await asyncio.wait([fired, opened], timeout=0.5)
        assert not fired.done()
        async with served(events, target):
            await fired
            assert (await opened).log_id == "the log"
            assert await upstream.retries.failing("", 5.0) is None
            (await opened).answers.cancel()


@scenario
async def test_a_service_that_stays_away_is_unavailable() -> None:
    async with served(make_events()) as target:
        pass
    async with Upstream(target, patience_s=0.3) as upstream:
        for call in (
            upstream.fire(pb.FireRequest(), ()),
            upstream.list(pb.ListRequest(), (), 5.0),
            upstream.subscribe(pb.SubscribeRequest(), ()),
            upstream.publish_stream(()),
        ):
            with pytest.raises(Failure) as caught:
                await call
            assert caught.value.code() is Code.UNAVAILABLE
            assert caught.value.details() == "the service does not answer"


@scenario
async def test_a_service_that_does_not_serve_yet_is_waited_for() -> None:
    server = grpc.aio.server()
    events, healthy = make_events(), health.aio.HealthServicer()
    event_service_pb2_grpc.add_EventServiceServicer_to_server(events, server)
    health_pb2_grpc.add_HealthServicer_to_server(healthy, server)
    await healthy.set("", health_pb2.HealthCheckResponse.NOT_SERVING)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    async with (
        Upstream(f"127.0.0.1:{port}", patience_s=20.0) as upstream,
        asyncio.TaskGroup() as tasks,
    ):
        listing = tasks.create_task(upstream.list(pb.ListRequest(), (), 5.0))
        await asyncio.wait([listing], timeout=0.3)
        assert events.calls == 0
        assert await upstream.retries.failing("", 5.0) == ""
        await healthy.set("", health_pb2.HealthCheckResponse.SERVING)
        await listing
    assert listing.result().index == 7
    await server.stop(None)


CALLS: dict[str, Callable[[Upstream], Awaitable[object]]] = {
    "list": lambda upstream: upstream.list(pb.ListRequest(), (), 5.0),
    "fire": lambda upstream: upstream.fire(pb.FireRequest(), ()),
    "subscribe": lambda upstream: upstream.subscribe(pb.SubscribeRequest(), ()),
    "publish": lambda upstream: upstream.publish_stream(()),
}


@pytest.mark.parametrize("is_begun", [True, False])
@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
@scenario
async def test_nobody_waits_for_a_service_that_is_away_on_the_way_down(
    call: Callable[[Upstream], Awaitable[object]], *, is_begun: bool
) -> None:
    async def refused(answer: Awaitable[object]) -> grpc.StatusCode:
        with pytest.raises(Failure) as caught:
            await answer
        return caught.value.code()

    async with Upstream("127.0.0.1:1", patience_s=10 * PATIENCE_S) as upstream:
        async with asyncio.TaskGroup() as tasks:
            if is_begun:
                calling = tasks.create_task(refused(call(upstream)))
                await asyncio.to_thread(lambda: None)  # it has begun to wait
                upstream.retries.drain()
            else:
                upstream.retries.drain()
                calling = tasks.create_task(refused(call(upstream)))
        assert calling.result() is Code.UNAVAILABLE


@scenario
async def test_a_service_that_serves_is_called_on_the_way_down() -> None:
    async with an_upstream() as (upstream, _):
        upstream.retries.drain()
        assert (await upstream.list(pb.ListRequest(), (), 5.0)).index == 7


@scenario
async def test_drafts_are_handed_in_again_once_they_can_be_stored() -> None:
    server = grpc.aio.server()
    healthy = health.aio.HealthServicer()
    event_service_pb2_grpc.add_EventServiceServicer_to_server(make_events(), server)
    health_pb2_grpc.add_HealthServicer_to_server(healthy, server)
    await healthy.set("", health_pb2.HealthCheckResponse.SERVING)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    async with Upstream(f"127.0.0.1:{port}", patience_s=20.0) as upstream:
        await upstream.publish_stream((), once_it_stores=True)  # to an older one
        await healthy.set(upstreams.STORING, health_pb2.HealthCheckResponse.NOT_SERVING)
        await upstream.publish_stream(())  # so that the reason is told
        opening = asyncio.ensure_future(upstream.publish_stream((), once_it_stores=True))
        await asyncio.wait([opening], timeout=0.3)
        assert not opening.done()
        await healthy.set(upstreams.STORING, health_pb2.HealthCheckResponse.SERVING)
        await opening
    await server.stop(None)
