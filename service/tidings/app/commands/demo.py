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
from tidings.gateway.upload.draft_stream import DraftStream, refusal_by
from tidings.gateway.upstream.client import PublishCall
from tidings.v1 import event_pb2, event_service_pb2, event_service_pb2_grpc

_NAMES = {
    "nomad": "Nomad",
    "consul": "Consul",
    "docker_cloud": "Docker Cloud",
    "puppet": "Puppet",
    "feldera": "Feldera",
}
_ALREADY_EXISTS: int = grpc.StatusCode.ALREADY_EXISTS.value[0]


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

    def take(self, draft: event_pb2.Draft, result: event_service_pb2.PublishResult) -> None:
        """Count the answer to one draft.

        Published at another time the hour has other times, and a key that is stored is refused for
        it: that event is there.
        """
        system = str(draft.events[0].WhichOneof("body"))
        if not result.HasField("error"):
            if result.stored.duplicate:
                self.kept += 1
            else:
                self.seqs.append(result.stored.seq)
                self.systems[system] += 1
        elif result.error.code == _ALREADY_EXISTS:
            self.kept += 1
        else:
            self.refused.append((_NAMES[system], result.error.message))

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

        async def open_call() -> PublishCall:
            return stub.PublishStream()

        if refusal := await refusal_by(open_call):
            raise refusal
        drafts = DraftStream(open_call)
        waiting = iter(hour)
        try:
            async with asyncio.TaskGroup() as tasks:
                running = tasks.create_task(drafts.run())
                for draft in hour:
                    await drafts.add(draft)
                drafts.finish()
                while results := await drafts.take():
                    for result in results:
                        outcome.take(next(waiting), result)
                running.cancel()
        except* grpc.aio.AioRpcError as group:
            raise group.exceptions[0] from None
    return outcome
