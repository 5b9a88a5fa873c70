"""`tidings demo`: fill a log with a recorded hour of all systems, as sample data."""

from __future__ import annotations

import argparse
import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import grpc

from tidings.app.client import client_channel, explain
from tidings.app.clock import SystemClock
from tidings.app.demo import day
from tidings.app.demo.day import DAY_US
from tidings.app.demo.hour import drafts
from tidings.app.demo.recorded import PlayedClock, record
from tidings.app.settings import BadSetting, Settings
from tidings.app.terminal import complain, say
from tidings.core.errors import StoreCorrupt, StoreLocked, StoreUnavailable
from tidings.core.failures import only_of
from tidings.gateway.upload.draft_stream import DraftStream, refusal_by
from tidings.gateway.upstream.client import PublishCall
from tidings.store.sqlite.file import FILE_NAME
from tidings.store.sqlite.opening import open_sqlite
from tidings.v1 import event_pb2, event_service_pb2, event_service_pb2_grpc
from tidings.v1.systems import SYSTEMS

_ALREADY_EXISTS: int = grpc.StatusCode.ALREADY_EXISTS.value[0]


def run(settings: Settings, arguments: argparse.Namespace) -> int:
    """Publish the hour that ends now and print the outcome; status 1 when any was refused.

    With `--day` yesterday is written to a new log instead.
    """
    now_us = SystemClock().now_us()
    if arguments.day is not None:
        return _write(arguments.day, (now_us // DAY_US - 1) * DAY_US)
    if arguments.into is not None:
        settings = replace(settings, upstream=arguments.into)
    if not settings.upstream:  # an unset variable of a script must not write to some directory
        raise BadSetting("--into: expected HOST:PORT")
    try:
        outcome = asyncio.run(_publish(settings, drafts(now_us)))
    except grpc.aio.AioRpcError as error:
        complain("demo", explain(error, settings.upstream))
        return 1
    for line in outcome.told():
        say(line)
    for (system, problem), count in Counter(outcome.refused).items():
        complain("demo", f"{system}: {count} records refused: {problem}")
    return 1 if outcome.refused else 0


def _write(folder: Path, start_us: int) -> int:
    """Write the day into a new log; status 1 when there is one, or it cannot be written."""
    if (folder / FILE_NAME).exists():
        complain("demo", f"{folder} holds a log already")
        return 1

    async def written() -> int:
        clock = PlayedClock(start_us)
        store = await open_sqlite(folder, clock=clock, durability="relaxed")
        try:
            return await record(day.drafts(start_us), store, clock)
        finally:
            await store.close()

    try:
        count = asyncio.run(written())
    except (StoreLocked, StoreCorrupt, StoreUnavailable) as error:
        complain("demo", str(error))
        return 1
    say(f"stored {count} records of yesterday; to serve them: tidings serve --data {folder}")
    return 0


@dataclass(slots=True)
class Outcome:
    """The outcome of the hour: positions of new records, of how many systems, and refusals."""

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
            self.refused.append((_title(system), result.error.message))

    def told(self) -> list[str]:
        """Return the text for people."""
        lines = []
        if self.seqs:
            parts = ", ".join(
                f"{self.systems[system]} {_title(system)}"
                for system in SYSTEMS
                if self.systems[system]
            )
            lines.append(f"stored {len(self.seqs)} records, seq {self.seqs[0]} to {self.seqs[-1]}")
            lines[0] += f": {parts}"
        if self.kept:
            lines.append(f"{self.kept} records were there already")
        return lines


def _title(system: str) -> str:
    return system.replace("_", " ").title()


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
        except BaseExceptionGroup as group:
            failure = only_of(group, grpc.aio.AioRpcError)
            if failure is None:
                raise
            raise failure from None
    return outcome
