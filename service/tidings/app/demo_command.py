"""`tidings demo`: fill a log with a recorded hour of all five systems, to have something to see."""

from __future__ import annotations

import argparse
import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import grpc

from tidings.app.client import client_channel, explain
from tidings.app.clock import SystemClock
from tidings.app.demo.hour import drafts
from tidings.app.settings import Settings
from tidings.app.terminal import complain, say
from tidings.v1 import event_pb2, event_service_pb2, event_service_pb2_grpc

_NAMES = {
    "nomad": "Nomad",
    "consul": "Consul",
    "docker_cloud": "Docker Cloud",
    "puppet": "Puppet",
    "feldera": "Feldera",
}
_OF_THE_RECORD = (grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.FAILED_PRECONDITION)
_PATIENCE_S = 30.0


def run(settings: Settings, arguments: argparse.Namespace) -> int:
    """Publish the hour that ends now and say what became of it; status 1 when any was refused."""
    if arguments.into is not None:
        settings = replace(settings, upstream=arguments.into)
    if not settings.upstream:  # a variable of a script that is not set must lead nowhere
        complain("demo", "--into: expected HOST:PORT")
        return 2
    hour = drafts(SystemClock().now_us())
    try:
        outcome = asyncio.run(_publish(settings, hour))
    except grpc.aio.AioRpcError as error:
        complain("demo", explain(error, settings.upstream))
        return 1
    for line in outcome.told():
        say(line)
    for (system, problem), count in Counter(outcome.refused).items():
        complain("demo", f"{system}: {count} records refused: {problem}")
    return 1 if outcome.refused else 0


@dataclass(slots=True)
class Outcome:
    """What became of the hour: positions of new records, of how many systems, and refusals."""

    seqs: list[int] = field(default_factory=list)
    systems: Counter[str] = field(default_factory=Counter)
    kept: int = 0
    refused: list[tuple[str, str]] = field(default_factory=list)

    def stored(self, system: str, answer: event_service_pb2.PublishResponse) -> None:
        """Count a record that is new, or was there."""
        if answer.duplicate:
            self.kept += 1
        else:
            self.seqs.append(answer.seq)
            self.systems[system] += 1

    def refuse(self, system: str, error: grpc.aio.AioRpcError) -> None:
        """Count a record that was refused.

        Published at another time the hour has other times, and a key that is stored is refused for
        it: that event is there.

        Raises:
            grpc.aio.AioRpcError: it is not this record that was refused, but all.
        """
        if error.code() is grpc.StatusCode.ALREADY_EXISTS:
            self.kept += 1
        elif error.code() in _OF_THE_RECORD:
            self.refused.append((_NAMES[system], error.details() or ""))
        else:
            raise error

    def told(self) -> list[str]:
        """Return what people are told of it."""
        lines = []
        if self.seqs:
            parts = ", ".join(
                f"{self.systems[system]} {name}"
                for system, name in _NAMES.items()
                if self.systems[system]
            )
            lines.append(f"stored {len(self.seqs)} records, seq {self.seqs[0]} to {self.seqs[-1]}")
            lines[0] += f": {parts}"
        if self.kept:
            lines.append(f"{self.kept} records were there already")
        return lines


async def _publish(settings: Settings, hour: Sequence[event_pb2.Draft]) -> Outcome:
    outcome = Outcome()
    async with client_channel(settings) as channel:
        stub = event_service_pb2_grpc.EventServiceStub(channel)
        for draft in hour:
            system = str(draft.events[0].WhichOneof("body"))
            try:
                request = event_service_pb2.PublishRequest(draft=draft)
                outcome.stored(system, await stub.Publish(request, timeout=_PATIENCE_S))
            except grpc.aio.AioRpcError as error:
                outcome.refuse(system, error)
    return outcome
