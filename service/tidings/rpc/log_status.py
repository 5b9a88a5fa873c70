"""GetLogStatus: what the log holds, for callers that may know."""

from __future__ import annotations

import asyncio

from tidings.access.guards import guarded
from tidings.access.rights import Rights
from tidings.core.record import SYSTEMS, Bounds
from tidings.core.selection import Everything, Selection
from tidings.core.version import VERSION
from tidings.dialects.rules import timestamp
from tidings.dialects.systems import system_number
from tidings.log.event_log import EventLog
from tidings.log.retention_rule import WHOLE_LOG, Keep, rules_of
from tidings.rpc.index import Index
from tidings.rpc.metrics import Metrics
from tidings.rpc.sources.registry import SourceRegistry
from tidings.v1 import event_service_pb2 as pb

LASTING = ("Subscribe", "List")
"""Methods with long-running calls."""

_MOST = 2**64 - 1
"""What a field can say; a bound in bytes may be larger."""


class LogStatus:
    """Answers from the store, as it is at this moment."""

    def __init__(
        self,
        log: EventLog,
        metrics: Metrics,
        sources: SourceRegistry,
        index: Index | None = None,
    ) -> None:
        self._index = index
        self._log = log
        self._sources = sources
        self._metrics = metrics
        self._counts: dict[str, tuple[tuple[int, int, int], int, int]] = {}

    async def get(self, rights: Rights) -> pb.GetLogStatusResponse:
        """Return what these rights may know.

        A system of which they allow only some events is left out: its count would reveal others.

        Raises:
            StoreUnavailable: the store cannot be read.
        """
        every = Selection.of({system: Everything() for system in SYSTEMS})
        whole = guarded(every, rights).whole_systems
        rules = await rules_of(self._log.state)
        answer = pb.GetLogStatusResponse(
            log_id=self._log.log_id,
            version=VERSION,
            systems=[
                await self._of_system(system, rules.get(system))
                for system in SYSTEMS
                if system in whole
            ],
            head_seq=(await self._log.bounds()).end_seq,
            sources=self._sources.seen_by(rights),
        )
        if rights.management:
            answer.store.kind = self._log.store_kind
            size_bytes = await self._log.size_bytes()
            if size_bytes is not None:
                answer.store.size_bytes = size_bytes
            of_all = rules.get(WHOLE_LOG)
            if of_all and of_all.max_bytes is not None:
                answer.store.retention_max_bytes = min(of_all.max_bytes, _MOST)
            extent = await self._index.extent() if self._index else None
            if extent is not None:
                answer.index.through_seq = extent.through_seq
            await self._show_disk(answer.store)
            self._show_work(answer.work)
            answer.open_calls.extend(
                pb.OpenCalls(method=method, count=self._metrics.open_count(method))
                for method in LASTING
            )
        return answer

    async def _show_disk(self, store: pb.StoreStatus) -> None:
        disk = await asyncio.to_thread(self._metrics.disk)
        if disk is not None:
            store.disk_free_bytes, store.disk_size_bytes = disk

    def _show_work(self, work: pb.WorkStatus) -> None:
        work.publish_count, seconds = self._metrics.publishes()
        work.publish_time.FromNanoseconds(round(seconds * 1e9))
        work.subscriber_count = len(self._metrics.subscribers)
        work.slowest_subscriber_lag = self._metrics.slowest_lag()

    async def _of_system(self, system: str, rule: Keep | None) -> pb.EventSystemStatus:
        bounds = await self._log.bounds(system)
        status = pb.EventSystemStatus(system=system_number(system))
        if rule is not None:
            status.retention.CopyFrom(_retention(rule))
        if bounds.trimmed_through:
            status.trimmed_through_seq = bounds.trimmed_through
        if bounds.last_seq:
            status.first_seq, status.last_seq = bounds.first_seq, bounds.last_seq
            status.record_count, status.size_bytes = await self._count(system, bounds)
            newest = await self._log.read_last(system, 1)
            if newest and not newest[0].is_damaged:
                status.last_recorded_at.CopyFrom(timestamp(newest[0].recorded_at_us))
        return status

    async def _count(self, system: str, bounds: Bounds) -> tuple[int, int]:
        """Return the number and bytes of a system's records.

        A store counts them one by one: once for the same bounds.
        """
        held = bounds.first_seq, bounds.last_seq, bounds.trimmed_through
        known = self._counts.get(system)
        if known is None or known[0] != held:
            count = await self._log.count(system, bounds.last_seq)
            size_bytes = await self._log.estimate_bytes(system, bounds.last_seq, count)
            known = self._counts[system] = held, count, size_bytes
        return known[1:]


def _retention(rule: Keep) -> pb.Retention:
    retention = pb.Retention(min_records=rule.min_count)
    if rule.max_age_s is not None:
        retention.max_age.FromNanoseconds(round(rule.max_age_s * 1e9))
    if rule.max_count is not None:
        retention.max_records = rule.max_count
    if rule.max_bytes is not None:
        retention.max_bytes = min(rule.max_bytes, _MOST)
    return retention
