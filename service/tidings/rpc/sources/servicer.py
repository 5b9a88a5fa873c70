"""SourceService: who may see and run sources, and the steps of RunSource."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import suppress

from tidings.core.clock import Clock
from tidings.core.errors import BadRequest, LogClosed, OrderRefused
from tidings.dialects.dialect import Dialect
from tidings.dialects.rules import timestamp
from tidings.dialects.systems import system_name, system_number
from tidings.rpc.authorize import Access, Caller, Context
from tidings.rpc.outcomes import outcome_of
from tidings.rpc.sources.lease import RENEW_S, Leases
from tidings.rpc.sources.registry import SourceRegistry, Tell
from tidings.rpc.sources.rules import MAX_SOURCES, check_claim, check_name, stale_after
from tidings.rpc.sources.session import Session
from tidings.v1 import source_pb2
from tidings.v1 import source_service_pb2 as pb

_OWN = "tidings"
NOT_YET = "not connected yet"


class SourceServicer:
    """Serves SourceService."""

    def __init__(
        self,
        registry: SourceRegistry,
        leases: Leases,
        dialects: Mapping[str, Dialect],
        access: Access,
        clock: Clock,
        tell: Tell,
        log_id: str,
    ) -> None:
        self._log_id = log_id
        self._registry = registry
        self._leases = leases
        self._access = access
        self._clock = clock
        self._tell = tell
        self._closing = asyncio.Event()
        self._open_count = 0
        self._emptied = asyncio.Event()
        self._alone = _systems_with_one_source(dialects.values())

    async def close(self, within_s: float) -> None:
        """End every run, once stored that its recorder left. Before the log closes."""
        self._closing.set()
        self._leases.close()
        with suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                while self._open_count:
                    self._emptied.clear()
                    await self._emptied.wait()

    async def ListSources(
        self, request: pb.ListSourcesRequest, context: Context
    ) -> pb.ListSourcesResponse:
        """List the sources whose systems the caller may read."""
        rights = (await self._access.caller(context)).rights
        return pb.ListSourcesResponse(sources=self._registry.seen_by(rights))

    async def ForgetSource(
        self, request: pb.ForgetSourceRequest, context: Context
    ) -> pb.ForgetSourceResponse:
        """Delete a source that does not run."""
        (await self._access.caller(context)).need_management("forget sources")
        check_name(request.source, "source")
        await self._registry.forget(request.source)
        return pb.ForgetSourceResponse()

    async def RunSource(
        self, requests: AsyncIterator[pb.RunSourceRequest], context: Context
    ) -> None:
        """Run a source for as long as the call lasts."""
        caller = await self._access.caller(context)
        claim = await _claim(requests)
        _check_rights(caller, claim)

        def recheck(changed: Caller) -> None:
            _check_rights(changed, claim)

        self._open_count += 1
        try:
            running = self._run(caller, claim, requests, context)
            await self._access.staying(caller, recheck, running)
        finally:
            self._open_count -= 1
            self._emptied.set()

    async def _run(
        self,
        caller: Caller,
        claim: pb.SourceClaim,
        requests: AsyncIterator[pb.RunSourceRequest],
        context: Context,
    ) -> None:
        def taken(known: source_pb2.SourceStatus | None) -> source_pb2.SourceStatus:
            if known is not None and known.required:
                _check_required(self._access.again(caller))
            return self._taken(claim, known)

        async def stands_by() -> None:
            await context.write(pb.RunSourceResponse(standby=pb.SourceStandby()))

        lease = await self._leases.acquire(claim.source, taken, stands_by)
        try:
            session = Session(lease, self._registry, self._clock, self._tell)
            grant = pb.SourceGrant(log_id=self._log_id)
            if lease.status.HasField("position"):
                grant.position = lease.status.position
            await context.write(pb.RunSourceResponse(grant=grant))
            await self._take_reports(session, requests, context)
        finally:
            self._leases.release(claim.source)

    async def _take_reports(
        self, session: Session, requests: AsyncIterator[pb.RunSourceRequest], context: Context
    ) -> None:
        async def take() -> None:
            async for request in requests:
                if request.WhichOneof("part") != "report":
                    raise BadRequest("report", "is required after the claim")
                if await session.report(request.report):
                    await context.write(pb.RunSourceResponse(accepted=pb.SourceAccepted()))

        async def renew() -> None:
            while self._leases.is_shared:
                await asyncio.sleep(RENEW_S)
                await session.renew()

        failure: Exception | None = None
        try:
            async with asyncio.TaskGroup() as tasks:
                both = {
                    tasks.create_task(outcome_of(take())),
                    tasks.create_task(outcome_of(self._until_closed())),
                }
                if self._leases.is_shared:
                    both.add(tasks.create_task(outcome_of(renew())))
                done, _ = await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
                failure = next((each.result() for each in done if each.result()), None)
                for task in both:
                    task.cancel()
        finally:
            # also when the recorder was killed, which cancels this task, but only once
            await outcome_of(session.leave())
        if failure is not None:
            raise failure

    async def _until_closed(self) -> None:
        await self._closing.wait()
        raise LogClosed

    def _taken(
        self, claim: pb.SourceClaim, known: source_pb2.SourceStatus | None
    ) -> source_pb2.SourceStatus:
        """Return what is known of a source once this claim has it.

        Raises:
            OrderRefused: another source has the name or the ids.
        """
        if known is None and self._registry.count >= MAX_SOURCES:
            raise OrderRefused(
                claim.source,
                f"the log knows {MAX_SOURCES} sources, and no more; forget one that is not run"
                " any more",
            )
        if known is not None and known.system != claim.system:
            raise OrderRefused(
                claim.source,
                "the source's name belongs to another system; forget that source first",
            )
        if claim.system in self._alone and self._registry.others_of(claim.system, claim.source):
            raise OrderRefused(
                claim.source,
                f"the ids of {system_name(claim.system)} are one space: a log has one source of it,"
                " and another one is known; forget that first",
            )
        status = source_pb2.SourceStatus()
        if known is not None:
            status.CopyFrom(known)
        if known is None or known.connected:
            status.since.CopyFrom(timestamp(self._clock.now_us()))
            status.reason = NOT_YET
        status.connected = False
        status.source, status.system, status.address = claim.source, claim.system, claim.address
        status.stale_after.CopyFrom(stale_after(claim))
        status.required = claim.required
        status.node = self._leases.node
        return status


def _systems_with_one_source(dialects: Collection[Dialect]) -> frozenset[int]:
    return frozenset(system_number(each.system) for each in dialects if each.ordered)


def _check_rights(caller: Caller, claim: pb.SourceClaim) -> None:
    if not caller.rights.may_publish(system_name(claim.system)):
        caller.refuse("publish events of", system_name(claim.system))
    if claim.required:
        _check_required(caller)


def _check_required(caller: Caller) -> None:
    if not caller.rights.may_publish(_OWN):  # that the service is not ready, Tidings says
        caller.refuse("run a required source without the right to publish", _OWN)


async def _claim(requests: AsyncIterator[pb.RunSourceRequest]) -> pb.SourceClaim:
    async for request in requests:
        if request.WhichOneof("part") != "claim":
            break
        check_claim(request.claim)
        return request.claim
    raise BadRequest("claim", "is required, as the first request")
