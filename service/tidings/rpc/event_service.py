"""EventService: each method says who does its work, and nothing else."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import grpc

from tidings.core.errors import LogClosed, StoreUnavailable
from tidings.dialects.dialect import Dialect
from tidings.log.event_log import EventLog
from tidings.rpc.cluster_events import ClusterEvents
from tidings.rpc.job_events import JobEvents
from tidings.rpc.publishing import Publisher, publish_response
from tidings.rpc.subscribing import Subscriptions
from tidings.rpc.user_events import ListWatch, fire, wait_s_of
from tidings.v1 import event_service_pb2 as pb

Context = grpc.aio.ServicerContext[Any, Any]

LOG_ID_KEY = "tidings-log-id"
POSITION_KEY = "tidings-position"

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
    ) -> None:
        self._log = log
        self._publisher = publisher
        self._subscriptions = subscriptions
        self._lists = lists
        self._jobs = jobs
        self._clusters = clusters
        self._consul = consul

    async def Publish(self, request: pb.PublishRequest, context: Context) -> pb.PublishResponse:
        """Store one draft."""
        stored, _ = await self._publisher.publish(request.draft, _patience_s(context))
        return publish_response(stored)

    async def PublishStream(
        self, requests: AsyncIterator[pb.PublishStreamRequest], context: Context
    ) -> None:
        """Store drafts as they come, and answer each in order."""
        await self._publisher.publish_stream(requests, context.write)

    async def Subscribe(self, request: pb.SubscribeRequest, context: Context) -> None:
        """Stream the log."""
        subscription = await self._subscriptions.check(request)
        try:
            await context.send_initial_metadata(((LOG_ID_KEY, self._log.log_id),))
            await subscription.run(context.write)
        except (LogClosed, StoreUnavailable):
            context.set_trailing_metadata(((POSITION_KEY, str(subscription.position)),))
            raise
        finally:
            subscription.close()

    async def Fire(self, request: pb.FireRequest, context: Context) -> pb.FireResponse:
        """Store a Consul user event and return it."""
        return await fire(request, self._publisher, self._consul, _patience_s(context))

    async def List(self, request: pb.ListRequest, context: Context) -> bytes:
        """Return Consul's list of user events, perhaps after a wait; an encoded ListResponse."""
        wait_s = wait_s_of(request, context.time_remaining())
        await self._lists.wait_for_other(request.name, request.index, wait_s)
        return self._lists.answer(request.name)

    async def GetJobEvents(
        self, request: pb.GetJobEventsRequest, context: Context
    ) -> pb.GetJobEventsResponse:
        """Return a page of a Puppet job's events."""
        return await self._jobs.get(request)

    async def GetClusterEvent(
        self, request: pb.GetClusterEventRequest, context: Context
    ) -> pb.GetClusterEventResponse:
        """Return one of Feldera's cluster events."""
        return self._clusters.get(request)

    async def ListClusterEvents(
        self, request: pb.ListClusterEventsRequest, context: Context
    ) -> pb.ListClusterEventsResponse:
        """Return Feldera's cluster events."""
        return self._clusters.list(request)


def _patience_s(context: Context) -> float | None:
    remaining_s: float | None = context.time_remaining()
    return None if remaining_s is None else max(0.0, remaining_s - ANSWER_AHEAD_S)
