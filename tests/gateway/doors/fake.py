"""A service that answers what a test says, and remembers what it was asked."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from typing import Any

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc

from tests.gateway.doors.rig import Http, gateway
from tests.patience import PATIENCE_S
from tests.rpc.serving import LoopServer
from tidings.v1 import event_service_pb2 as pb
from tidings.v1 import event_service_pb2_grpc

Context = Any


class FakeService(event_service_pb2_grpc.EventServiceServicer):
    """Answers Fire, List and Subscribe. `failure` ends every call, before anything else.

    `messages` are what a stream brings; after them it ends with `stream_failure`, or stays open
    when `stays_open`. `held` makes List wait until the call is cancelled.
    """

    def __init__(self) -> None:
        self.requests: list[Any] = []
        self.metadata: list[dict[str, str]] = []
        self.failure: tuple[grpc.StatusCode, str] | None = None
        self.stream_failure: tuple[grpc.StatusCode, str] | None = None
        self.messages: list[pb.SubscribeResponse] = []
        self.stays_open = True
        self.held = False
        self.list_response = pb.ListResponse(index=1)
        self.fire_response = pb.FireResponse()
        self.http: Http  # set by `faking`
        self.is_held = threading.Event()
        self.has_ended = threading.Event()
        self._more: asyncio.Queue[pb.SubscribeResponse | None] = asyncio.Queue()

    async def Fire(self, request: pb.FireRequest, context: Context) -> pb.FireResponse:
        await self._begin(request, context)
        return self.fire_response

    async def List(self, request: pb.ListRequest, context: Context) -> pb.ListResponse:
        await self._begin(request, context)
        if self.held and request.index:
            await self._hold()
        return self.list_response

    async def Subscribe(
        self, request: pb.SubscribeRequest, context: Context
    ) -> AsyncIterator[pb.SubscribeResponse]:
        await self._begin(request, context)
        await context.send_initial_metadata((("tidings-log-id", "a-log"),))
        for message in self.messages:
            yield message
        try:
            while self.stays_open and (more := await self._more.get()) is not None:
                yield more
        finally:
            self.has_ended.set()
        if self.stream_failure is not None:
            await context.abort(*self.stream_failure)

    def bring(self, *messages: pb.SubscribeResponse) -> None:
        """Send more to the stream that is open."""
        self.http.loop.call(lambda: [self._more.put_nowait(message) for message in messages])

    def end_stream(self) -> None:
        """End the stream that is open."""
        self.http.loop.call(lambda: self._more.put_nowait(None))

    async def _begin(self, request: Any, context: Context) -> None:
        self.requests.append(request)
        found = {key: value for key, value in context.invocation_metadata() or ()}
        found.pop("user-agent", None)
        self.metadata.append(found)
        if self.failure is not None:
            await context.abort(*self.failure)

    async def _hold(self) -> None:
        self.is_held.set()
        try:
            await asyncio.Event().wait()
        finally:
            self.has_ended.set()


@contextmanager
def faking(address: str, **settings: Any) -> Iterator[FakeService]:
    """Run a fake service at `address`, and a gateway over it."""
    loop = LoopServer()
    try:
        service, server = loop.run(_start(address))
        try:
            with gateway(loop, address, **settings) as http:
                service.http = http
                yield service
        finally:
            loop.run(server.stop(0))
    finally:
        loop.stop()


async def _start(address: str) -> tuple[FakeService, grpc.aio.Server]:
    service = FakeService()
    server = grpc.aio.server()
    event_service_pb2_grpc.add_EventServiceServicer_to_server(service, server)
    servicer = health.aio.HealthServicer()
    health_pb2_grpc.add_HealthServicer_to_server(servicer, server)
    await servicer.set("", health_pb2.HealthCheckResponse.SERVING)
    server.add_insecure_port(address)
    await server.start()
    return service, server


def wait_for(event: threading.Event) -> None:
    """Wait for something that the service does."""
    assert event.wait(PATIENCE_S)


def wait_until(condition: Callable[[], bool], event: threading.Event) -> None:
    """Wait until a condition holds that `event` announces."""
    while not condition():
        wait_for(event)
        event.clear()
