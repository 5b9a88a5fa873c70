"""One recorder while it runs a source: what its reports change."""

from __future__ import annotations

from tidings.core.clock import Clock
from tidings.dialects.rules import timestamp
from tidings.rpc.sources.lease import Lease
from tidings.rpc.sources.registry import SourceRegistry, Tell, state_event
from tidings.rpc.sources.rules import check_report
from tidings.v1 import source_pb2, tidings_event_pb2
from tidings.v1 import source_service_pb2 as pb

LEFT = "its recorder left"


class Session:
    """Takes the reports of the recorder that holds a lease, in order, one at a time."""

    def __init__(self, lease: Lease, registry: SourceRegistry, clock: Clock, tell: Tell) -> None:
        self._lease = lease
        self._registry = registry
        self._clock = clock
        self._tell = tell
        self._status = source_pb2.SourceStatus()
        self._status.CopyFrom(lease.status)
        registry.show(self._status)

    async def report(self, report: pb.SourceReport) -> bool:
        """Take a report; return whether it is to be answered, since it had to be stored.

        Raises:
            BadRequest: it breaks a rule; nothing of it is used.
            StateConflict: another recorder has the source now.
            LogClosed, StoreUnavailable: it may not be stored; send it again.
        """
        check_report(report)
        after = _with(self._status, report)
        if report.HasField("gap"):
            after.gaps += 1
            await self._tell(self._gap(report.gap), "", report.copied_from)
        if report.HasField("state"):
            await self._tell(self._state(report.state), "", report.copied_from)
        is_change = await self._change(after, report)
        has_position = report.HasField("position")
        if has_position or is_change or report.HasField("gap"):
            await self._lease.write(after)
        self._status = after
        self._registry.show(after)
        return has_position or report.HasField("gap") or report.HasField("state")

    async def renew(self) -> None:
        """Renew the lease, so that this recorder is not considered dead."""
        await self._lease.write(self._status)
        self._registry.show(self._status)

    async def leave(self) -> None:
        """Release the source: the next recorder need not wait."""
        after = source_pb2.SourceStatus()
        after.CopyFrom(self._status)
        after.node = ""
        if after.connected:
            report = pb.SourceReport(connected=False, reason=LEFT)
            after = _with(after, report)
            await self._change(after, report)
        self._registry.show(after)
        await self._lease.write(after)

    async def _change(self, after: source_pb2.SourceStatus, report: pb.SourceReport) -> bool:
        """Report a connection that was made or lost, before it is stored."""
        if not report.HasField("connected") or report.connected == self._status.connected:
            return False
        after.since.CopyFrom(timestamp(self._clock.now_us()))
        await self._tell(state_event(after), "", ())
        return True

    def _gap(self, gap: tidings_event_pb2.SourceGap) -> tidings_event_pb2.TidingsEvent:
        told = tidings_event_pb2.TidingsEvent(source_gap=gap)
        told.source_gap.source = self._status.source
        told.source_gap.system = self._status.system
        return told

    def _state(self, state: tidings_event_pb2.SourceState) -> tidings_event_pb2.TidingsEvent:
        told = tidings_event_pb2.TidingsEvent(source_state=state)
        told.source_state.source = f"{self._status.source}/{state.source}"
        return told


def _with(status: source_pb2.SourceStatus, report: pb.SourceReport) -> source_pb2.SourceStatus:
    after = source_pb2.SourceStatus()
    after.CopyFrom(status)
    if report.HasField("connected"):
        after.connected = report.connected
        after.reason = "" if report.connected else report.reason
        if report.connected:
            after.ClearField("stale_since")
    elif report.reason and not after.connected:
        after.reason = report.reason
    if report.HasField("position"):
        after.position = report.position
    after.events += report.events
    after.bytes += report.bytes
    after.errors += report.errors
    for name in ("last_event_at", "lag"):
        if report.HasField(name):
            getattr(after, name).CopyFrom(getattr(report, name))
    return after
