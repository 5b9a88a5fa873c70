"""The monitor: looks at three services every few seconds and publishes what the rules ask for."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping

import grpc
import structlog

from tidings.monitor.probe import probe
from tidings.monitor.rules import Health, Rounds, shortened, status_after
from tidings.v1 import event_pb2, event_service_pb2, event_service_pb2_grpc, feldera_pb2

_log = structlog.get_logger("tidings.monitor")

SERVICES = ("api", "compiler", "runner")
CALL_S = 10.0
RESOURCES_INFO = "Not available: Tidings watches services, not the resources behind them"
"""Always fine, as in Feldera's community edition."""

Probe = Callable[[str], Awaitable[Health]]


class Monitor:
    """Watches one cluster, as a client of the service; `targets` has a URL for each service."""

    def __init__(
        self,
        stub: event_service_pb2_grpc.EventServiceAsyncStub,
        targets: Mapping[str, str],
        *,
        ask: Probe = probe,
    ) -> None:
        self._stub = stub
        self._targets = targets
        self._ask = ask
        self._rounds = Rounds()

    async def run(
        self, interval_s: float, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    ) -> None:
        """Do a round, pause, and so on until cancelled."""
        while True:
            await self.round()
            await sleep(interval_s)

    async def round(self) -> bool:
        """Look at every service once and say whether a row was to be written.

        A round that cannot read the latest event is as if it had not been.
        """
        try:
            latest = await self._latest()
        except grpc.aio.AioRpcError as error:
            _log.warning("round skipped", code=error.code().name)
            return False
        found = {name: await self._ask(self._targets[name]) for name in SERVICES}
        writes, self._rounds = self._rounds.decide(
            was_healthy=None if latest is None else latest.all_healthy,
            is_healthy=all(health.fine for health in found.values()),
        )
        if writes:
            await self._write(_row(latest, found))
        return writes

    async def _latest(self) -> feldera_pb2.FelderaClusterEvent | None:
        request = event_service_pb2.GetClusterEventRequest(event_id="latest")
        try:
            answer = await self._stub.GetClusterEvent(request, timeout=CALL_S)
        except grpc.aio.AioRpcError as error:
            if error.code() is grpc.StatusCode.NOT_FOUND:
                return None
            raise
        return answer.event

    async def _write(self, row: feldera_pb2.FelderaClusterEvent) -> None:
        draft = event_pb2.Draft(events=[event_pb2.Event(feldera=row, source="monitor")])
        try:
            await self._stub.Publish(event_service_pb2.PublishRequest(draft=draft), timeout=CALL_S)
        except grpc.aio.AioRpcError as error:
            _log.warning("row not written", code=error.code().name)


def _row(
    latest: feldera_pb2.FelderaClusterEvent | None, found: Mapping[str, Health]
) -> feldera_pb2.FelderaClusterEvent:
    row = feldera_pb2.FelderaClusterEvent()
    for name, health in found.items():
        previous = getattr(latest, f"{name}_status") if latest is not None else None
        setattr(row, f"{name}_status", status_after(previous, fine=health.fine))
        setattr(row, f"{name}_self_info", shortened(health.info))
        setattr(row, f"{name}_resources_info", RESOURCES_INFO)
    return row
