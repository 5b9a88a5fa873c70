"""Backups over gRPC without a network: a log that is handed out, part by part, and fetched."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import grpc

from tests.kit.log import envelope_of
from tidings.app.fetched_backup import Fetch, Fetched
from tidings.core.clock import Clock
from tidings.log.event_log import EventLog
from tidings.log.limits import LogLimits
from tidings.rpc.backing_up import LogBackups
from tidings.rpc.budget import Budget, Room
from tidings.store.base import EventStore
from tidings.store.sqlite.incoming import incoming
from tidings.v1 import backup_pb2 as pb

Alter = Callable[[int, pb.BackupLogResponse], Awaitable[pb.BackupLogResponse]]
"""Makes what reaches the client of a part, given its number in its stream; or raises `failure`."""


def failure(code: grpc.StatusCode) -> grpc.aio.AioRpcError:
    """Return what a stub raises."""
    return grpc.aio.AioRpcError(code, grpc.aio.Metadata(), grpc.aio.Metadata(), f"is {code.name}")


async def as_it_is(number: int, part: pb.BackupLogResponse) -> pb.BackupLogResponse:
    """Change nothing."""
    del number
    return part


def failing_at(place: int, code: grpc.StatusCode = grpc.StatusCode.UNAVAILABLE) -> Alter:
    """Return what cuts the first stream in front of a part."""
    has_failed: list[int] = []

    async def alter(number: int, part: pb.BackupLogResponse) -> pb.BackupLogResponse:
        if number == place and not has_failed:
            has_failed.append(number)
            raise failure(code)
        return part

    return alter


@dataclass
class HandingOut:
    """Stands in for a stub of the service."""

    store: EventStore
    clock: Clock
    alter: Alter = as_it_is
    requests: list[pb.BackupLogRequest] = field(default_factory=list)

    def BackupLog(self, request: pb.BackupLogRequest) -> _Call:
        self.requests.append(request)
        return _Call(self._parts(request))

    async def _parts(
        self, request: pb.BackupLogRequest
    ) -> AsyncGenerator[pb.BackupLogResponse, None]:
        limits = LogLimits(publisher_priority_s=0)
        log = EventLog(self.store, clock=self.clock, envelope_of=envelope_of, limits=limits)
        backups = LogBackups(log, self.clock, Budget())
        await backups.check(request)
        number = 0
        async for part in backups.parts(request.after_seq, Room(Budget(), "unix")):
            yield await self.alter(number, part)
            number += 1


class _Call:
    def __init__(self, parts: AsyncGenerator[pb.BackupLogResponse, None]) -> None:
        self._parts = parts

    async def read(self) -> object:
        return await anext(self._parts, grpc.aio.EOF)

    def cancel(self) -> None:
        """Nothing runs."""


async def fetch(target: Path, service: HandingOut, **options: Any) -> Fetched:
    """Begin or continue the backup in a directory until it is complete."""

    async def at_once(_seconds: float) -> None:
        pass

    named = {
        "told": lambda _: None,
        "told_lost": lambda _: None,
        "pause": at_once,
        "now_s": lambda: 0.0,
        **options,
    }
    with incoming(target) as backup:
        making = Fetch(cast("Any", service), backup, **named)
        await making.run()
        return making.done
