"""EventService: each method says who does its work, and nothing else."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from typing import Any

import grpc

from tidings.core.errors import (
    BadRequest,
    Denied,
    LogClosed,
    NotFound,
    StoreUnavailable,
    Unauthenticated,
)
from tidings.dialects.dialect import Dialect
from tidings.log.event_log import EventLog
from tidings.rpc.authorize import Access, Caller
from tidings.rpc.consul import ListWatch, check_event, fire, wait_s_of
from tidings.rpc.feldera import ClusterEvents
from tidings.rpc.publishing import Publisher
from tidings.rpc.puppet import JobEvents
from tidings.rpc.results import publish_response
from tidings.rpc.stream_rights import check_stream
from tidings.rpc.subscribing import Subscriptions
from tidings.v1 import event_service_pb2 as pb

Context = grpc.aio.ServicerContext[Any, Any]

LOG_ID_KEY = "tidings-log-id"
POSITION_KEY = "tidings-position"
RIGHTS_KEY = "tidings-rights"

ANSWER_AHEAD_S = 0.1
"""How long before its deadline a publisher hears that the queue is full."""


class EventServicer:
    """Serves EventService. Subscribe and List hand out encoded messages (`tidings.rpc.server`)."""

    def __init__(
        self,
        log: EventLog,
        publisher: Publisher,
        subscriptions: Subscriptions,
        lists: ListWatch,
        jobs: JobEvents,
        clusters: ClusterEvents,
        consul: Dialect,
        access: Access,
    ) -> None:
        self._log = log
        self._publisher = publisher
        self._subscriptions = subscriptions
        self._lists = lists
        self._jobs = jobs
        self._clusters = clusters
        self._consul = consul
        self._access = access

    async def Publish(self, request: pb.PublishRequest, context: Context) -> pb.PublishResponse:
        """Store one draft."""
        allow = may_publish(await self._access.caller(context))
        try:
            stored, _ = await self._publisher.publish(request.draft, _patience_s(context), allow)
        except BadRequest as error:
            error.holder = "draft"
            raise
        return publish_response(stored)

    async def PublishStream(
        self, requests: AsyncIterator[pb.PublishStreamRequest], context: Context
    ) -> None:
        """Store drafts as they come, and answer each in order."""
        caller = await self._access.caller(context)
        now = [caller]
        may_publish(caller)

        def recheck(changed: Caller) -> None:
            may_publish(changed)
            now[0] = changed

        def allow(system: str) -> None:
            may_publish(now[0])(system)

        streaming = self._publisher.publish_stream(requests, context.write, allow)
        await self._access.staying(caller, recheck, streaming)

    async def Subscribe(self, request: pb.SubscribeRequest, context: Context) -> None:
        """Stream the log."""
        caller = await self._access.caller(context)
        check_stream(caller, request)
        subscription = await self._subscriptions.check(
            request,
            caller.rights,
            peer=context.peer(),
            ends_at_us=caller.principal.expires_at_us,
        )

        def recheck(changed: Caller) -> None:
            check_stream(changed, request)
            subscription.restrict(changed.rights)

        async def stream() -> None:
            await context.send_initial_metadata(
                (
                    (LOG_ID_KEY, self._log.log_id),
                    (POSITION_KEY, str(subscription.position)),
                    (RIGHTS_KEY, caller.rights.digest),
                )
            )
            await subscription.run(context.write)

        try:
            await self._access.staying(caller, recheck, stream())
        except (LogClosed, StoreUnavailable, Unauthenticated, Denied):
            context.set_trailing_metadata(((POSITION_KEY, str(subscription.position)),))
            raise
        finally:
            subscription.close()

    async def Fire(self, request: pb.FireRequest, context: Context) -> pb.FireResponse:
        """Store a Consul user event and return it."""
        try:
            caller = await self._access.caller(context)
            if not caller.rights.may_fire(request.name):
                caller.refuse("event:write", request.name)
        except (Unauthenticated, Denied):
            check_event(request, self._consul)  # Consul looks at the filters first
            raise
        return await fire(request, self._publisher, self._consul, _patience_s(context))

    async def List(self, request: pb.ListRequest, context: Context) -> bytes:
        """Return Consul's list of user events, perhaps after a wait; an encoded ListResponse."""
        caller = await self._access.caller(context)
        wait_s = wait_s_of(request, context.time_remaining())
        if request.index and not request.page_token:
            wait_s = await self._hear_of(request.index, wait_s)
            waiting = self._lists.wait_for_other(request.name, request.index, wait_s, caller.rights)
            await self._access.staying(caller, lambda _changed: None, waiting)
        # rights may have changed meanwhile
        return self._lists.answer(
            request.name,
            self._access.again(caller).rights,
            page_size=request.page_size,
            page_token=request.page_token,
        )

    async def GetJobEvents(
        self, request: pb.GetJobEventsRequest, context: Context
    ) -> pb.GetJobEventsResponse:
        """Return a page of a Puppet job's events."""
        await self._need_read(context, "puppet")
        return await self._jobs.get(request)

    async def GetClusterEvent(
        self, request: pb.GetClusterEventRequest, context: Context
    ) -> pb.GetClusterEventResponse:
        """Return one of Feldera's cluster events."""
        await self._need_read(context, "feldera")
        with suppress(NotFound):
            return self._clusters.get(request)
        await self._log.catch_up()  # another node may have stored it
        return self._clusters.get(request)

    async def ListClusterEvents(
        self, request: pb.ListClusterEventsRequest, context: Context
    ) -> pb.ListClusterEventsResponse:
        """Return Feldera's cluster events."""
        await self._need_read(context, "feldera")
        return self._clusters.list(request)

    async def _hear_of(self, index: int, wait_s: float) -> float:
        """Wait for an index that another node may have told of; return what is left of a wait."""
        if index <= self._log.last_seq:
            return wait_s
        loop = asyncio.get_running_loop()
        ends_at_s = loop.time() + wait_s
        with suppress(TimeoutError):
            async with asyncio.timeout_at(ends_at_s):
                await self._log.catch_up(index)
        return max(0.0, ends_at_s - loop.time())

    async def _need_read(self, context: Context, system: str) -> None:
        caller = await self._access.caller(context)
        if not caller.rights.may_read(system):
            caller.refuse("read", system)


def may_publish(caller: Caller) -> Callable[[str], None]:
    """Return what refuses systems of which the caller may not publish.

    Raises:
        Denied, Unauthenticated: he may not publish anything.
    """
    if not caller.rights.may_publish_anything():
        caller.refuse("publish", "events")

    def allow(system: str) -> None:
        if not caller.rights.may_publish(system):
            caller.refuse("publish events of", system)

    return allow


def _patience_s(context: Context) -> float | None:
    remaining_s: float | None = context.time_remaining()
    return None if remaining_s is None else max(0.0, remaining_s - ANSWER_AHEAD_S)
