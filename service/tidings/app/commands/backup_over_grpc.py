"""`tidings backup --upstream ADDRESS`: a backup of a log whose disk cannot be reached."""

from __future__ import annotations

import asyncio
import time
from functools import partial
from pathlib import Path

import grpc

from tidings.app.client import client_channel, explain
from tidings.app.commands import check as check_command
from tidings.app.commands.progress import Line, bar_of
from tidings.app.fetched_backup import Fetch, Fetched, Lost
from tidings.app.own_secret import take_own_secret
from tidings.app.settings import Settings
from tidings.app.terminal import complain
from tidings.core.errors import StoreCorrupt, StoreLocked, StoreUnavailable, StoreUnfit
from tidings.store.sqlite.check import check_sqlite
from tidings.store.sqlite.incoming import IncomingBackup, incoming
from tidings.v1 import event_service_pb2_grpc

_PLAIN_EVERY_S = 10.0
_MEGABYTE = 1_000_000


def fetch(settings: Settings, target: Path) -> int:
    """Begin or continue the backup in a directory until it is complete, and check it."""
    try:
        with incoming(target) as backup:
            try:
                status = asyncio.run(_fetch_into(settings, backup))
            except StoreUnavailable as error:
                complain("backup", f"{error}{_kept_through(backup.origin.through_seq)}")
                return 1
    except (StoreLocked, StoreCorrupt, StoreUnfit, StoreUnavailable) as error:
        complain("backup", str(error))
        return 1
    if status:
        return status
    return check_command.check("backup", partial(check_sqlite, target))


async def _fetch_into(settings: Settings, backup: IncomingBackup) -> int:
    line = Line(plain_every_s=_PLAIN_EVERY_S)
    began_s = time.monotonic()

    def told(done: Fetched) -> None:
        line.show(_told(done, time.monotonic() - began_s))

    def told_lost(reason: str) -> None:
        line.end(f"tidings backup: {reason}: trying again, from {backup.origin.through_seq} on")

    async with client_channel(settings, take_own_secret()) as channel:
        stub: event_service_pb2_grpc.EventServiceAsyncStub
        stub = event_service_pb2_grpc.EventServiceStub(channel)
        fetch = Fetch(stub, backup, told, told_lost)
        try:
            await fetch.run()
        except grpc.aio.AioRpcError as error:
            complain("backup", explain(error, settings.upstream) + _advice(error, backup))
            return 1
        except Lost as lost:
            complain("backup", f"{lost}{_kept_through(backup.origin.through_seq)}")
            return 1
    line.end(_told(fetch.done, time.monotonic() - began_s))
    if fetch.done.keys_untold:
        complain(
            "backup",
            f"warning: {fetch.done.keys_untold} keys of publishers are not in it, since the log"
            " does not know their text: what was published with them would be stored again",
        )
    return 0


def _told(done: Fetched, seconds: float) -> str:
    megabytes = done.size_bytes / _MEGABYTE
    rate = megabytes / max(seconds, 0.001)
    return (
        f"{bar_of(done.through_seq / max(done.end_seq, done.through_seq, 1))}  through"
        f" {done.through_seq} of {max(done.end_seq, done.through_seq)}, {done.records} records,"
        f" {megabytes:.1f} MB, {rate:.1f} MB/s"
    )


def _advice(error: grpc.aio.AioRpcError, backup: IncomingBackup) -> str:
    match error.code():
        case grpc.StatusCode.FAILED_PRECONDITION | grpc.StatusCode.OUT_OF_RANGE:
            return ": the backup is of another log or what it was before: take another directory"
        case grpc.StatusCode.UNIMPLEMENTED:
            return ": its Tidings is older than this one"
    return _kept_through(backup.origin.through_seq)


def _kept_through(through_seq: int) -> str:
    """Return the text about an incomplete backup; "" = there is none."""
    if not through_seq:
        return ""
    return f"; what came through {through_seq} is kept, and the same command goes on there"
