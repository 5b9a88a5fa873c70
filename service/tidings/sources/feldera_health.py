"""The health of a Feldera cluster, watched from here: rows as its own monitor would write them.

Three services are looked at every few seconds, and the rules say when there is a row. What the last
row said is the position, so that a new run goes on where the last one was.
"""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import Awaitable, Callable, Mapping

from tidings.sources.answers import members_of
from tidings.sources.health_probe import probe
from tidings.sources.health_rules import HEALTHY, Health, Rounds, shortened, status_after
from tidings.sources.http import tls_of
from tidings.sources.source import Sink
from tidings.sources.target import Target
from tidings.v1 import event_pb2, event_system_pb2, feldera_pb2

RESOURCES_INFO = "Not available: Tidings watches services, not the resources behind them"
"""Always fine, as in Feldera's community edition."""

API = "api"


class FelderaHealthSource:
    """A cluster, by the health URLs of its API server (`target`), compiler server and runner.

    Those begin with http://, https:// or grpc://. The credential is shown to the API server alone.
    """

    system = event_system_pb2.EVENT_SYSTEM_FELDERA

    def __init__(
        self,
        name: str,
        target: Target,
        *,
        compiler: str,
        runner: str,
        interval: float,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._name = name
        self._target = target
        self._urls = {API: target.url, "compiler": compiler, "runner": runner}
        self._interval_s = interval
        self._sleep = sleep

    @property
    def address(self) -> str:
        """Where its API server is."""
        return self._target.address

    async def follow(self, position: str, sink: Sink) -> None:
        """Do a round, pause, and so on. The position is the statuses of the last row, as JSON."""
        last: Mapping[str, str] = members_of(position)
        rounds = Rounds()
        while True:
            found = await self._look()
            await sink.connected()
            writes, rounds = rounds.decide(
                was_healthy=all(each == HEALTHY for each in last.values()) if last else None,
                is_healthy=all(health.fine for health in found.values()),
            )
            if writes:
                row = _row(last, found)
                last = {name: getattr(row, f"{name}_status") for name in found}
                draft = event_pb2.Draft(
                    key=f"{self._name}/{secrets.token_hex(16)}",
                    events=[event_pb2.Event(feldera=row, source=self._name)],
                )
                await sink.put(draft, json.dumps(last), row.ByteSize())
            await self._sleep(self._interval_s)

    async def _look(self) -> Mapping[str, Health]:
        token = self._target.token()
        shown = {API: {"Authorization": f"Bearer {token}"}} if token else {}
        tls = tls_of(self._target)
        return {
            name: await probe(url, shown.get(name, {}), tls) for name, url in self._urls.items()
        }


def _row(last: Mapping[str, str], found: Mapping[str, Health]) -> feldera_pb2.FelderaClusterEvent:
    row = feldera_pb2.FelderaClusterEvent()
    for name, health in found.items():
        setattr(row, f"{name}_status", status_after(last.get(name), fine=health.fine))
        setattr(row, f"{name}_self_info", shortened(health.info))
        setattr(row, f"{name}_resources_info", RESOURCES_INFO)
    return row
