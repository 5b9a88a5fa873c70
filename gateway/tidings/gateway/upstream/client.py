"""The service, as the gateway reaches it: its calls.

Calls wait for an unavailable service (`retries`), so that a new request is delayed and does not
fail.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar

import grpc
from google.protobuf.message import Message

from tidings.gateway.transcode.call import AnswerStream, call_unary
from tidings.gateway.transcode.metadata import Metadata
from tidings.gateway.transcode.routes import Route
from tidings.gateway.upstream.channel import open_channel
from tidings.gateway.upstream.concurrency_limit import ConcurrencyLimit
from tidings.gateway.upstream.credentials import secret_in
from tidings.gateway.upstream.failures import reads_again, was_not_begun
from tidings.gateway.upstream.origin import with_origin
from tidings.gateway.upstream.request_ids import named, note_caller
from tidings.gateway.upstream.retries import Retries
from tidings.v1 import access_service_pb2
from tidings.v1 import event_service_pb2 as pb
from tidings.v1.access_service_pb2_grpc import AccessServiceStub
from tidings.v1.event_service_pb2_grpc import EventServiceStub

if TYPE_CHECKING:
    from tidings.v1.access_service_pb2_grpc import AccessServiceAsyncStub
    from tidings.v1.event_service_pb2_grpc import EventServiceAsyncStub  # exists in the stubs only

T = TypeVar("T")
PublishCall = grpc.aio.StreamStreamCall[pb.PublishStreamRequest, pb.PublishStreamResponse]

LOG_ID_KEY = "tidings-log-id"
POSITION_KEY = "tidings-position"
RIGHTS_KEY = "tidings-rights"

# Streams that are being opened at a time. gRPC keeps the memory of a call, on both sides, for later
# calls, so a thundering herd would allocate it for each of its streams. And a stream that is opened
# early is one that later readers can share. Opening takes a millisecond; only a check that asks a
# third party (an issuer of JWTs) takes longer.
OPENINGS = 64
OPENING_S = 0.25
# Other calls at a time. The service queues a bounded number of calls and cancels those beyond it,
# and no client retries a CANCELLED call.
CALLS = 128
_CALL_S = 0.1
_WAITING_S = 0.02  # of blocking lists, which cost nothing while they wait

STORING = "tidings.v1.EventService.Publish"
"""The service's health check of storing records."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A Subscribe call that has passed all checks. `log_id` says which log its positions are of.

    It begins past `position`; None = the service is an older one, which does not say. Of two calls
    with equal `rights` the one may hold what the other may.
    """

    answers: AnswerStream
    log_id: str
    position: int | None
    rights: str


class Upstream:
    """One channel to the service. Made inside the running loop; `async with` closes it.

    `target` is "HOST:PORT" or "unix:PATH"; `patience_s` says how long a new request waits for a
    service that is away. With credentials it speaks TLS, and the service's certificate is for
    `tls_name`, "" = the host.
    """

    def __init__(
        self,
        target: str,
        *,
        patience_s: float = 10.0,
        credentials: grpc.ChannelCredentials | None = None,
        tls_name: str = "",
    ) -> None:
        self._target = target
        self.retries = Retries(patience_s)
        self._openings = ConcurrencyLimit(OPENINGS, OPENING_S)
        self._calls = ConcurrencyLimit(CALLS, _CALL_S)
        self._waiting = ConcurrencyLimit(CALLS, _WAITING_S)
        self._tls_name = tls_name
        self.renew(credentials)

    def renew(self, credentials: grpc.ChannelCredentials | None) -> None:
        """Use these credentials for new calls, on a channel of their own.

        Calls in flight keep their channel, which closes with the last of them.
        """
        self._channel = open_channel(self._target, credentials, self._tls_name)
        self._stub: EventServiceAsyncStub = EventServiceStub(self._channel)
        self._access: AccessServiceAsyncStub = AccessServiceStub(self._channel)
        self.retries.renew(self._channel)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, at: TracebackType | None
    ) -> None:
        await self._channel.close()

    async def authenticate(self, credential: Metadata) -> access_service_pb2.AuthenticateResponse:
        """Return the principal of a credential, or the problem with it.

        Raises:
            grpc.aio.AioRpcError: the service stayed away.
        """
        request = access_service_pb2.AuthenticateRequest(credential=secret_in(credential))
        return await self._read(
            lambda: self._access.Authenticate(
                request, metadata=named(()), timeout=self.retries.limit_s
            )
        )

    async def subscribe(self, request: pb.SubscribeRequest, credential: Metadata) -> Opened:
        """Open a stream and return it once all checks have passed.

        Raises:
            grpc.aio.AioRpcError: a check failed, or the service stayed away.
        """

        async def attempt() -> Opened:
            async with asyncio.timeout(self.retries.limit_s), self._openings.passing():
                call: Any = self._stub.Subscribe(request, metadata=named(credential))
                answers = AnswerStream(call)
                found = dict(await answers.opened())
                note_caller(found.items())
            if LOG_ID_KEY not in found:
                # An early error may look like an opened stream; the first read raises it.
                await answers.take()
            position = found.get(POSITION_KEY)
            return Opened(
                answers,
                str(found.get(LOG_ID_KEY, "")),
                None if position is None else int(position),
                str(found.get(RIGHTS_KEY, "")),
            )

        return await self.retries.call(attempt, reads_again)

    async def fire(self, request: pb.FireRequest, metadata: Metadata) -> pb.FireResponse:
        """Fire an event. Retried only when the service said that it had not begun.

        Raises:
            grpc.aio.AioRpcError: it was refused, or the service stayed away.
        """

        def attempt() -> Awaitable[pb.FireResponse]:
            return self._stub.Fire(
                request, metadata=named(with_origin(metadata)), timeout=self.retries.limit_s
            )

        return await self.retries.call(attempt, was_not_begun, self._calls)

    async def list(
        self, request: pb.ListRequest, metadata: Metadata, deadline_s: float
    ) -> pb.ListResponse:
        """List events, all pages; a blocking call that broke is retried.

        Raises:
            grpc.aio.AioRpcError: it was refused, or the service stayed away.
        """

        def page() -> Awaitable[pb.ListResponse]:
            return self._stub.List(request, metadata=named(metadata), timeout=deadline_s)

        limit = self._waiting if request.index else self._calls
        answer = await self.retries.call(page, reads_again, limit)
        while answer.next_page_token:
            request = pb.ListRequest(name=request.name, page_token=answer.next_page_token)
            following = await self._read(page)
            answer.events.extend(following.events)
            answer.next_page_token = following.next_page_token
        return answer

    async def get_job_events(
        self, request: pb.GetJobEventsRequest, metadata: Metadata, deadline_s: float
    ) -> pb.GetJobEventsResponse:
        """Return a page of a job's events.

        Raises:
            grpc.aio.AioRpcError: it was refused, or the service stayed away.
        """
        return await self._read(
            lambda: self._stub.GetJobEvents(request, metadata=named(metadata), timeout=deadline_s)
        )

    async def get_cluster_event(
        self, request: pb.GetClusterEventRequest, metadata: Metadata, deadline_s: float
    ) -> pb.GetClusterEventResponse:
        """Return one cluster event.

        Raises:
            grpc.aio.AioRpcError: it was refused, or the service stayed away.
        """
        return await self._read(
            lambda: self._stub.GetClusterEvent(
                request, metadata=named(metadata), timeout=deadline_s
            )
        )

    async def list_cluster_events(
        self, request: pb.ListClusterEventsRequest, metadata: Metadata, deadline_s: float
    ) -> pb.ListClusterEventsResponse:
        """Return the cluster events that are shown, all pages.

        Raises:
            grpc.aio.AioRpcError: it was refused, or the service stayed away.
        """

        def page() -> Awaitable[pb.ListClusterEventsResponse]:
            return self._stub.ListClusterEvents(
                request, metadata=named(metadata), timeout=deadline_s
            )

        answer = await self._read(page)
        while answer.next_page_token:
            request = pb.ListClusterEventsRequest(
                fields=request.fields, page_token=answer.next_page_token
            )
            following = await self._read(page)
            answer.events.extend(following.events)
            answer.next_page_token = following.next_page_token
        return answer

    async def unary(
        self, route: Route, request: Message, metadata: Metadata, deadline_s: float
    ) -> Message:
        """Call any unary RPC, and return its answer.

        Raises:
            grpc.aio.AioRpcError: it was refused, or the service stayed away.
        """

        def attempt() -> Awaitable[Message]:
            origin = with_origin(metadata)
            return call_unary(
                route,
                self._channel,
                request,
                metadata=named(origin),
                deadline_s=deadline_s,
                hear=note_caller,
            )

        return await self.retries.call(attempt, was_not_begun, self._calls)

    async def read(
        self, route: Route, request: Message, metadata: Metadata, deadline_s: float
    ) -> Message:
        """Call any idempotent unary RPC; retried where that may help.

        Raises:
            grpc.aio.AioRpcError: it was refused, or the service stayed away.
        """
        return await self._read(
            lambda: call_unary(
                route,
                self._channel,
                request,
                metadata=named(metadata),
                deadline_s=deadline_s,
                hear=note_caller,
            )
        )

    async def publish_stream(
        self, metadata: Metadata, *, once_it_stores: bool = False
    ) -> PublishCall:
        """Open a stream for drafts on a service that serves, or that can store, at this moment.

        Raises:
            grpc.aio.AioRpcError: the service stayed away, or went on without storing.
        """
        until_s = asyncio.get_running_loop().time() + self.retries.limit_s
        await self.retries.until_serving(until_s, STORING if once_it_stores else "")
        return self._stub.PublishStream(metadata=named(with_origin(metadata)))

    async def _read(self, attempt: Callable[[], Awaitable[T]]) -> T:
        return await self.retries.call(attempt, reads_again, self._calls)
