"""A service that answers what a test says, and remembers what it was asked."""

from __future__ import annotations

import asyncio
import functools
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from tests.kit.http import Http, gateway
from tests.patience import PATIENCE_S
from tests.rpc.serving import LoopServer
from tidings.core.errors import TidingsError
from tidings.rpc.status import abort, status_of
from tidings.v1 import (
    access_service_pb2,
    access_service_pb2_grpc,
    asking_pb2,
    event_pb2,
    event_service_pb2_grpc,
    objects_pb2,
)
from tidings.v1 import event_service_pb2 as pb

Context = Any
Failure = tuple[grpc.StatusCode, str] | TidingsError


class FakeService(event_service_pb2_grpc.EventServiceServicer):
    """Answers what the doors of Nomad and Consul ask; `http` is the gateway before it.

    `whose` is what Authenticate says, None = there is no access control, and `loses_access` that it
    cannot say. `failure` ends every other call, before anything else: a code and a text, or an
    error of the service in all its riches. `messages` are what a stream brings; after them it ends
    with `stream_failure`, or stays open while `stays_open`. `held` makes a waiting List hang until
    it is cancelled. After `fails_after_reads` pages ReadRecords fails. `breaks_after` is how many
    drafts an upload stores before it fails with `stream_failure`, once.
    """

    def __init__(self) -> None:
        self.requests: list[Any] = []
        self.metadata: list[dict[str, str]] = []
        self.drafts: list[event_pb2.Draft] = []
        self.whose: access_service_pb2.AuthenticateResponse | None = None
        self.loses_access = False
        self.credentials: list[str] = []  # of Authenticate
        self.failure: Failure | None = None
        self.stream_failure: Failure | None = None
        self.breaks_after: int | None = None
        self.messages: list[pb.SubscribeResponse] = []
        self.stays_open = True
        self.held = False
        self.list_response = pb.ListResponse(index=1)
        self.fire_response = pb.FireResponse()
        self.page = pb.ReadRecordsResponse(log_id="a-log")
        self.fails_after_reads: int | None = None
        self.http: Http  # set by `faking`
        self.is_held = threading.Event()
        self.has_ended = threading.Event()
        self._more: asyncio.Queue[pb.SubscribeResponse | None] = asyncio.Queue()

    async def Authenticate(
        self, request: access_service_pb2.AuthenticateRequest, context: Context
    ) -> access_service_pb2.AuthenticateResponse:
        if self.loses_access:
            await context.abort(grpc.StatusCode.UNAVAILABLE, "going down")
        assert self.whose is not None
        self.credentials.append(request.credential)
        return self.whose

    async def Fire(self, request: pb.FireRequest, context: Context) -> pb.FireResponse:
        await self._begin(request, context)
        return self.fire_response

    async def List(self, request: pb.ListRequest, context: Context) -> pb.ListResponse:
        await self._begin(request, context)
        if self.held and request.index:
            self.is_held.set()
            try:
                await asyncio.Event().wait()
            finally:
                self.has_ended.set()
        return self.list_response

    async def ReadRecords(
        self, request: pb.ReadRecordsRequest, context: Context
    ) -> pb.ReadRecordsResponse:
        await self._begin(request, context)
        if self.fails_after_reads == 0:
            await context.abort(grpc.StatusCode.INTERNAL, "it fails")
        if self.fails_after_reads is not None:
            self.fails_after_reads -= 1
        return self.page

    async def GetRecord(
        self, request: pb.GetRecordRequest, context: Context
    ) -> pb.GetRecordResponse:
        await self._begin(request, context)
        return pb.GetRecordResponse(record=self.page.records[0])

    async def CountRecords(
        self, request: asking_pb2.CountRecordsRequest, context: Context
    ) -> asking_pb2.CountRecordsResponse:
        await self._begin(request, context)
        return asking_pb2.CountRecordsResponse()

    async def ListObjects(
        self, request: objects_pb2.ListObjectsRequest, context: Context
    ) -> objects_pb2.ListObjectsResponse:
        await self._begin(request, context)
        return objects_pb2.ListObjectsResponse()

    async def GetObjectHistory(
        self, request: objects_pb2.GetObjectHistoryRequest, context: Context
    ) -> objects_pb2.GetObjectHistoryResponse:
        await self._begin(request, context)
        return objects_pb2.GetObjectHistoryResponse()

    async def GetLogStatus(
        self, request: pb.GetLogStatusRequest, context: Context
    ) -> pb.GetLogStatusResponse:
        await self._begin(request, context)
        return pb.GetLogStatusResponse()

    async def Subscribe(
        self, request: pb.SubscribeRequest, context: Context
    ) -> AsyncIterator[pb.SubscribeResponse]:
        await self._begin(request, context)
        await context.send_initial_metadata((("tidings-log-id", "a-log"),))
        try:
            for message in self.messages:
                yield message
            while self.stays_open and (more := await self._more.get()) is not None:
                yield more
        finally:
            self.has_ended.set()
        if self.stream_failure is not None:
            await _end(context, self.stream_failure)

    async def PublishStream(
        self, requests: AsyncIterator[pb.PublishStreamRequest], context: Context
    ) -> AsyncIterator[pb.PublishStreamResponse]:
        await self._begin(None, context)
        try:
            async for request in requests:
                response = pb.PublishStreamResponse()
                for draft in request.drafts:
                    if self.breaks_after == len(self.drafts) and self.stream_failure is not None:
                        self.breaks_after = None
                        yield response
                        await _end(context, self.stream_failure)
                    response.results.append(self._publish(draft))
                yield response
        finally:
            self.has_ended.set()

    def bring(self, *messages: pb.SubscribeResponse | None) -> None:
        """Send more to the stream that is open; None ends it."""
        for message in messages:
            self.http.loop.call(functools.partial(self._more.put_nowait, message))

    def _publish(self, draft: event_pb2.Draft) -> pb.PublishResult:
        self.drafts.append(draft)
        return pb.PublishResult(stored=pb.PublishResponse(seq=len(self.drafts) + 1))

    async def _begin(self, request: Any, context: Context) -> None:
        self.requests.append(request)
        found = dict(context.invocation_metadata() or ())
        for of_the_transport in ("user-agent", "x-request-id"):
            found.pop(of_the_transport, None)
        self.metadata.append(found)
        if self.failure is not None:
            await _end(context, self.failure)


async def _end(context: Context, failure: Failure) -> NoReturn:
    if isinstance(failure, TidingsError):
        await abort(context, status_of(failure))
    await context.abort(*failure)
    raise AssertionError


class _Health(health_pb2_grpc.HealthServicer):
    """Everything serves, but for access control that there is not, or of which nobody knows."""

    def __init__(self, service: FakeService) -> None:
        self._service = service

    async def Check(self, request: Any, context: Context) -> health_pb2.HealthCheckResponse:
        answer = health_pb2.HealthCheckResponse
        if request.service == "tidings.v1.AccessService":
            if self._service.loses_access:
                await context.abort(grpc.StatusCode.UNAVAILABLE, "going down")
            if self._service.whose is None:
                context.set_trailing_metadata((("tidings-reason", "no access control"),))
                return answer(status=answer.NOT_SERVING)
        return answer(status=answer.SERVING)


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
    service: Any = FakeService()  # type: ignore[abstract]  # the rest is refused as unimplemented
    server = grpc.aio.server()
    event_service_pb2_grpc.add_EventServiceServicer_to_server(service, server)
    for method in access_service_pb2.DESCRIPTOR.services_by_name["AccessService"].methods:
        if method.name != "Authenticate":
            setattr(service, method.name, None)
    access_handlers: Any = access_service_pb2_grpc
    access_handlers.add_AccessServiceServicer_to_server(service, server)
    health_pb2_grpc.add_HealthServicer_to_server(_Health(service), server)
    server.add_insecure_port(address)
    await server.start()
    return service, server


def wait_for(event: threading.Event) -> None:
    """Wait for something that the service does."""
    assert event.wait(PATIENCE_S)
