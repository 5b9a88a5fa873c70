"""The service, as the gateway reaches it: the only file with a channel.

A service that is away for a moment (a restart) is waited for, so that a new request meets a pause
and not an error. What is tried again is only what cannot have happened twice by it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar

import grpc
from google.protobuf.message import Message
from grpc_health.v1 import health_pb2, health_pb2_grpc

from tidings.gateway.transcode.call import AnswerStream, call_unary
from tidings.gateway.transcode.metadata import Metadata
from tidings.gateway.transcode.routes import Route
from tidings.gateway.upstream.backoff import Backoff
from tidings.gateway.upstream.concurrency_limit import Turnstile
from tidings.gateway.upstream.credentials import secret_in
from tidings.gateway.upstream.failures import (
    Failure,
    away,
    reads_again,
    retry_after_s,
    told,
    was_not_begun,
)
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
REASON_KEY = "tidings-reason"

# The service's own limit; what it answers fits into what gRPC takes by itself.
_MAX_REQUEST_BYTES = 5 * 1024**2
_OPTIONS = (
    ("grpc.max_send_message_length", _MAX_REQUEST_BYTES),
    # Its defaults, 1 s growing to 120, would leave a service that is back again unnoticed.
    ("grpc.initial_reconnect_backoff_ms", 50),
    ("grpc.min_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 500),
    ("grpc.keepalive_time_ms", 30_000),
    ("grpc.keepalive_timeout_ms", 10_000),
    ("grpc.use_local_subchannel_pool", 1),  # two gateways of one process are two clients
)
# Of streams that are being opened. What gRPC takes for a call, on both sides, it keeps for later
# ones, so a crowd that comes at once would make all of it be there for each at the same time; and
# who is opened early starts what others can share. Opening takes a millisecond, so that few lose
# nothing; what holds the service up for longer is a check that has to ask somebody else.
OPENINGS = 64
OPENING_S = 0.25
# Of other calls at once. Thousands would be more than a service holds for whom it has not begun
# with; it cancels those beyond that, which no client takes for a call to come again.
CALLS = 128
_CALL_S = 0.1
_WAITING_S = 0.02  # of lists that wait by themselves, which is no work

STORING = "tidings.v1.EventService.Publish"
"""What the service's health calls storing records."""
# For a look at the service once nobody waits for it any more.
_LAST_LOOK_S = 0.5


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
        self._patience_s = patience_s
        self._openings = Turnstile(OPENINGS, OPENING_S)
        self._calls = Turnstile(CALLS, _CALL_S)
        self._waiting = Turnstile(CALLS, _WAITING_S)
        self._waits: set[asyncio.Timeout] = set()  # for a service that is away
        self._is_draining = False
        self._options = (
            (*_OPTIONS, ("grpc.ssl_target_name_override", tls_name)) if tls_name else _OPTIONS
        )
        self.renew(credentials)

    def renew(self, credentials: grpc.ChannelCredentials | None) -> None:
        """Begin calls from now on with these credentials, on a channel of their own.

        Calls that go on keep theirs: it ends with the last of them.
        """
        self._channel = (
            grpc.aio.insecure_channel(self._target, options=self._options)
            if credentials is None
            else grpc.aio.secure_channel(self._target, credentials, options=self._options)
        )
        self._stub: EventServiceAsyncStub = EventServiceStub(self._channel)
        self._access: AccessServiceAsyncStub = AccessServiceStub(self._channel)
        self._health: Any = health_pb2_grpc.HealthStub(self._channel)  # its stubs are for threads

    def drain(self) -> None:
        """Wait no longer for a service that is away, from now on: it may be going down as well."""
        self._is_draining = True
        for wait in self._waits:
            if not wait.expired():
                wait.reschedule(0.0)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, at: TracebackType | None
    ) -> None:
        await self._channel.close()

    async def authenticate(
        self, credential: Metadata
    ) -> access_service_pb2.AuthenticateResponse | None:
        """Ask whose a credential is, or why it is nobody's; None = there is no access control.

        Raises:
            grpc.aio.AioRpcError: the service stayed away.
        """
        request = access_service_pb2.AuthenticateRequest(credential=secret_in(credential))

        async def attempt() -> access_service_pb2.AuthenticateResponse | None:
            try:
                return await self._access.Authenticate(request, timeout=self._patience_s)
            except Failure as error:
                if error.code() is grpc.StatusCode.UNIMPLEMENTED:
                    return None
                raise

        return await self._patiently(attempt, reads_again, self._calls)

    async def subscribe(self, request: pb.SubscribeRequest, credential: Metadata) -> Opened:
        """Open a stream and return it once all checks have passed.

        Raises:
            grpc.aio.AioRpcError: a check failed, or the service stayed away.
        """

        async def attempt() -> Opened:
            async with asyncio.timeout(self._patience_s), self._openings.passing():
                call: Any = self._stub.Subscribe(request, metadata=credential)
                answers = AnswerStream(call)
                found = dict(await answers.opened())
            if LOG_ID_KEY not in found:
                # An early error may look like an opened stream; its first message tells.
                await answers.take()
            position = found.get(POSITION_KEY)
            return Opened(
                answers,
                str(found.get(LOG_ID_KEY, "")),
                None if position is None else int(position),
                str(found.get(RIGHTS_KEY, "")),
            )

        return await self._patiently(attempt, reads_again)

    async def fire(self, request: pb.FireRequest, metadata: Metadata) -> pb.FireResponse:
        """Fire an event. Tried again only when the service said that it had not begun.

        Raises:
            grpc.aio.AioRpcError: it was refused, or the service stayed away.
        """

        async def attempt() -> pb.FireResponse:
            return await self._stub.Fire(request, metadata=metadata, timeout=self._patience_s)

        return await self._patiently(attempt, was_not_begun, self._calls)

    async def list(
        self, request: pb.ListRequest, metadata: Metadata, deadline_s: float
    ) -> pb.ListResponse:
        """List events, all pages; a call that broke while it waited is begun again.

        Raises:
            grpc.aio.AioRpcError: it was refused, or the service stayed away.
        """

        async def page() -> pb.ListResponse:
            return await self._stub.List(request, metadata=metadata, timeout=deadline_s)

        crowd = self._waiting if request.index else self._calls
        answer = await self._patiently(page, reads_again, crowd)
        while answer.next_page_token:
            request = pb.ListRequest(name=request.name, page_token=answer.next_page_token)
            following = await self._patiently(page, reads_again, self._calls)
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

        async def attempt() -> pb.GetJobEventsResponse:
            return await self._stub.GetJobEvents(request, metadata=metadata, timeout=deadline_s)

        return await self._patiently(attempt, reads_again, self._calls)

    async def get_cluster_event(
        self, request: pb.GetClusterEventRequest, metadata: Metadata, deadline_s: float
    ) -> pb.GetClusterEventResponse:
        """Return one cluster event.

        Raises:
            grpc.aio.AioRpcError: it was refused, or the service stayed away.
        """

        async def attempt() -> pb.GetClusterEventResponse:
            return await self._stub.GetClusterEvent(request, metadata=metadata, timeout=deadline_s)

        return await self._patiently(attempt, reads_again, self._calls)

    async def list_cluster_events(
        self, request: pb.ListClusterEventsRequest, metadata: Metadata, deadline_s: float
    ) -> pb.ListClusterEventsResponse:
        """Return the cluster events that are shown, all pages.

        Raises:
            grpc.aio.AioRpcError: it was refused, or the service stayed away.
        """

        async def page() -> pb.ListClusterEventsResponse:
            return await self._stub.ListClusterEvents(
                request, metadata=metadata, timeout=deadline_s
            )

        answer = await self._patiently(page, reads_again, self._calls)
        while answer.next_page_token:
            request = pb.ListClusterEventsRequest(
                fields=request.fields, page_token=answer.next_page_token
            )
            following = await self._patiently(page, reads_again, self._calls)
            answer.events.extend(following.events)
            answer.next_page_token = following.next_page_token
        return answer

    async def unary(
        self, route: Route, request: Message, metadata: Metadata, deadline_s: float
    ) -> Message:
        """Call any RPC that answers once, and return its answer.

        Raises:
            grpc.aio.AioRpcError: it was refused, or the service stayed away.
        """

        async def attempt() -> Message:
            return await call_unary(
                route, self._channel, request, metadata=metadata, deadline_s=deadline_s
            )

        return await self._patiently(attempt, was_not_begun, self._calls)

    async def publish_stream(
        self, metadata: Metadata, *, once_it_stores: bool = False
    ) -> PublishCall:
        """Open a stream for drafts on a service that serves, or that can store, at this moment.

        Raises:
            grpc.aio.AioRpcError: the service stayed away, or went on without storing.
        """
        until_s = asyncio.get_running_loop().time() + self._patience_s
        await self._until_serving(until_s, STORING if once_it_stores else "")
        return self._stub.PublishStream(metadata=metadata)

    async def failing(self, service: str, within_s: float) -> str | None:
        """Ask the service's health by a name ("" = all of it); return why it does not serve.

        That is a few words, "" where they are not known. None = it serves, or does not know the
        name, being an older one. No answer within the time is a failure.
        """
        request = health_pb2.HealthCheckRequest(service=service)
        call = self._health.Check(request, timeout=within_s)
        try:
            answer = await call
            trailing = dict(await call.trailing_metadata())
        except Failure as error:
            return None if error.code() is grpc.StatusCode.NOT_FOUND else ""
        if answer.status == health_pb2.HealthCheckResponse.SERVING:
            return None
        return str(trailing.get(REASON_KEY, ""))

    async def _patiently(
        self,
        attempt: Callable[[], Awaitable[T]],
        may_repeat: Callable[[Failure], bool],
        crowd: Turnstile | None = None,
    ) -> T:
        loop = asyncio.get_running_loop()
        until_s = loop.time() + self._patience_s
        backoff = Backoff()
        if self._channel.get_state(try_to_connect=True) is not grpc.ChannelConnectivity.READY:
            await self._until_serving(until_s)
        while True:
            began_s = loop.time()
            try:
                if crowd is None:
                    return await attempt()
                async with crowd.passing():
                    return await attempt()
            except TimeoutError:
                raise away() from None
            except Failure as error:
                # One that has waited long before it broke gets its patience anew.
                if began_s + self._patience_s < loop.time():
                    until_s = loop.time() + self._patience_s
                if not may_repeat(error) or loop.time() >= until_s:
                    raise told(error) from error
                pause_s = max(backoff.next_s(), backoff.later(retry_after_s(error) or 0.0))
            await asyncio.sleep(min(pause_s, max(0.0, until_s - loop.time())))
            await self._until_serving(until_s)

    async def _until_serving(self, until_s: float, name: str = "") -> None:
        """Wait for what health calls by a name, "" = all of the service."""
        backoff = Backoff()
        now_s = asyncio.get_running_loop().time()
        wait = asyncio.timeout_at(
            min(until_s, now_s + _LAST_LOOK_S) if self._is_draining else until_s
        )
        self._waits.add(wait)
        try:
            async with wait:
                while True:
                    if await self._says_serving(name, until_s - now_s):
                        return
                    await asyncio.sleep(backoff.next_s())
        except TimeoutError:
            raise away() from None
        finally:
            self._waits.discard(wait)

    async def _says_serving(self, name: str, within_s: float) -> bool:
        """Wait for a connection and ask the service; an older one is asked by the call itself."""
        try:
            answer = await self._health.Check(
                health_pb2.HealthCheckRequest(service=name),
                timeout=max(within_s, 0.0),
                wait_for_ready=True,
            )
        except Failure as error:
            return error.code() in (grpc.StatusCode.UNIMPLEMENTED, grpc.StatusCode.NOT_FOUND)
        return bool(answer.status == health_pb2.HealthCheckResponse.SERVING)
