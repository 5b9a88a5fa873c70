"""EventService: each method only delegates its work."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass
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
from tidings.rpc import request_ids
from tidings.rpc.authorize import Access, Caller
from tidings.rpc.backing_up import LogBackups
from tidings.rpc.consul import ListWatch, check_event, fire, may_fire, wait_s_of
from tidings.rpc.counting import Counts
from tidings.rpc.deadlines import time_to_wait
from tidings.rpc.feldera import ClusterEvents
from tidings.rpc.log_status import LogStatus
from tidings.rpc.objects.history import ObjectHistories
from tidings.rpc.objects.listing import ObjectLists
from tidings.rpc.publishers import stamp_of
from tidings.rpc.publishing import Publisher
from tidings.rpc.puppet import JobEvents
from tidings.rpc.reading import Reads
from tidings.rpc.stream_rights import check_stream, check_systems
from tidings.rpc.subscribing import Subscriptions
from tidings.v1 import asking_pb2, backup_pb2, objects_pb2, selection_pb2
from tidings.v1 import event_service_pb2 as pb

Context = grpc.aio.ServicerContext[Any, Any]

LOG_ID_KEY = "tidings-log-id"
POSITION_KEY = "tidings-position"
RIGHTS_KEY = "tidings-rights"


@dataclass(frozen=True, slots=True)
class Workers:
    """The objects that do the work of the methods."""

    publisher: Publisher
    subscriptions: Subscriptions
    reads: Reads
    counts: Counts
    objects: ObjectLists
    histories: ObjectHistories
    status: LogStatus
    lists: ListWatch
    jobs: JobEvents
    clusters: ClusterEvents
    backups: LogBackups


class EventServicer:
    """Serves EventService. Some methods hand out encoded messages (`tidings.rpc.server`)."""

    def __init__(
        self,
        log: EventLog,
        workers: Workers,
        consul: Dialect,
        access: Access,
        *,
        compress_streams: bool = False,
    ) -> None:
        self._log = log
        self._publisher = workers.publisher
        self._subscriptions = workers.subscriptions
        self._reads = workers.reads
        self._counts = workers.counts
        self._objects = workers.objects
        self._histories = workers.histories
        self._status = workers.status
        self._lists = workers.lists
        self._jobs = workers.jobs
        self._clusters = workers.clusters
        self._backups = workers.backups
        self._consul = consul
        self._access = access
        self._compress_streams = compress_streams

    async def Publish(self, request: pb.PublishRequest, context: Context) -> pb.PublishResponse:
        """Store one draft."""
        caller = await self._access.caller(context)
        stamp = stamp_of(caller.principal, context)
        try:
            stored, _ = await self._publisher.publish(
                request.draft, _patience_s(context), may_publish(caller), stamp
            )
        except BadRequest as error:
            error.holder = "draft"
            raise
        return pb.PublishResponse(
            seq=stored.seq, duplicate=stored.duplicate, log_id=self._log.log_id
        )

    async def PublishStream(
        self, requests: AsyncIterator[pb.PublishStreamRequest], context: Context
    ) -> None:
        """Store drafts as they arrive, and answer each in order."""
        caller = await self._access.caller(context)
        now = [caller]
        stamp = stamp_of(caller.principal, context)
        may_publish(caller)

        def recheck(changed: Caller) -> None:
            may_publish(changed)
            now[0] = changed

        def allow(system: str) -> None:
            may_publish(now[0])(system)

        # before anything may end the call: gRPC cannot end one that is cancelled meanwhile
        log_id = (LOG_ID_KEY, self._log.log_id)
        await context.send_initial_metadata((log_id, *request_ids.entries()))
        storing = self._publisher.publish_stream(requests, _writing(context), allow, stamp)
        await self._access.staying(caller, recheck, storing)

    async def Subscribe(self, request: pb.SubscribeRequest, context: Context) -> None:
        """Stream the log."""
        caller = await self._access.caller(context)
        check_stream(caller, request.selection)
        subscription = await self._subscriptions.check(
            request,
            caller.rights,
            peer=context.peer(),
            ends_at_us=caller.principal.expires_at_us,
        )

        def recheck(changed: Caller) -> None:
            check_stream(changed, request.selection)
            subscription.restrict(changed.rights)

        write = context.write if self._compress_streams else _writing(context)
        try:
            # before anything may end the call: gRPC cannot end one that is cancelled meanwhile
            await context.send_initial_metadata(
                (
                    (LOG_ID_KEY, self._log.log_id),
                    (POSITION_KEY, str(subscription.position)),
                    (RIGHTS_KEY, caller.rights.digest),
                    *request_ids.entries(),
                )
            )
            await self._access.staying(caller, recheck, subscription.run(write))
        except (LogClosed, StoreUnavailable, Unauthenticated, Denied):
            position = (POSITION_KEY, str(subscription.position))
            context.set_trailing_metadata((position, *request_ids.entries()))
            raise
        finally:
            subscription.close()

    async def ReadRecords(self, request: pb.ReadRecordsRequest, context: Context) -> bytes:
        """Return a page of stored records; an encoded ReadRecordsResponse."""
        caller = await self._access.caller(context)
        check_stream(caller, request.selection)
        return await self._reads.read(request, caller.rights, context.time_remaining())

    async def GetRecord(
        self, request: pb.GetRecordRequest, context: Context
    ) -> pb.GetRecordResponse:
        """Return one record."""
        caller = await self._access.caller(context)
        check_stream(caller, selection_pb2.Selection())
        return await self._reads.get(request, caller.rights)

    async def CountRecords(
        self, request: asking_pb2.CountRecordsRequest, context: Context
    ) -> asking_pb2.CountRecordsResponse:
        """Count stored events."""
        caller = await self._access.caller(context)
        check_stream(caller, request.selection)
        return await self._counts.count(request, caller.rights, context.time_remaining())

    async def ListObjects(self, request: objects_pb2.ListObjectsRequest, context: Context) -> bytes:
        """Return a page of the objects that existed at a time; an encoded ListObjectsResponse."""
        caller = await self._access.caller(context)
        check_systems(caller, request.systems)
        return await self._objects.list(request, caller.rights, context.time_remaining())

    async def GetObjectHistory(
        self, request: objects_pb2.GetObjectHistoryRequest, context: Context
    ) -> bytes:
        """Return a page of the versions of an object; an encoded GetObjectHistoryResponse."""
        caller = await self._access.caller(context)
        check_systems(caller, [request.system])
        return await self._histories.get(request, caller.rights, context.time_remaining())

    async def GetLogStatus(
        self, request: pb.GetLogStatusRequest, context: Context
    ) -> pb.GetLogStatusResponse:
        """Return what the log holds."""
        caller = await self._access.caller(context)
        check_stream(caller, selection_pb2.Selection())
        return await self._status.get(caller.rights)

    async def BackupLog(self, request: backup_pb2.BackupLogRequest, context: Context) -> None:
        """Stream a copy of the log."""
        caller = await self._access.caller(context)

        def check(caller: Caller) -> None:
            caller.need_management("back up the log")

        check(caller)
        await self._backups.check(request)
        running = self._backups.run(request, _writing(context), peer=context.peer())
        await self._access.staying(caller, check, running)

    async def Fire(self, request: pb.FireRequest, context: Context) -> pb.FireResponse:
        """Store a Consul user event and return it."""
        try:
            caller = await self._access.caller(context)
            if not may_fire(caller.rights, request.name):
                caller.refuse("event:write", request.name)
        except (Unauthenticated, Denied):
            check_event(request, self._consul)  # Consul checks the filters first
            raise
        stamp = stamp_of(caller.principal, context)
        return await fire(request, self._publisher, self._consul, _patience_s(context), stamp)

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
        """Wait for an index that another node may have returned; return what is left of a wait."""
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
    """Return a function that refuses systems for which the caller may not publish.

    Raises:
        Denied, Unauthenticated: the caller may not publish anything.
    """
    if not caller.rights.may_publish_anything():
        caller.refuse("publish", "events")

    def allow(system: str) -> None:
        if not caller.rights.may_publish(system):
            caller.refuse("publish events of", system)

    return allow


def _writing(context: Context) -> Callable[[Any], Coroutine[Any, Any, None]]:
    """Return a function that writes messages of a stream without the cost of compression."""

    async def write(message: Any) -> None:  # noqa: ANN401 - a message, or its bytes
        context.disable_next_message_compression()
        await context.write(message)

    return write


def _patience_s(context: Context) -> float | None:
    remaining_s: float | None = context.time_remaining()
    return None if remaining_s is None else time_to_wait(remaining_s)
