"""`tidings info`: what a service's log holds."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Iterator

import grpc
from google.protobuf import json_format

from tidings.app.client import client_channel, explain
from tidings.app.columns import columns, shown_bytes
from tidings.app.commands.source import as_text as sources_as_text
from tidings.app.settings import Settings
from tidings.app.terminal import complain, say, visible
from tidings.core.setting_kinds import DURATION
from tidings.dialects.systems import system_name
from tidings.v1 import event_service_pb2 as pb
from tidings.v1 import event_service_pb2_grpc

_CALL_S = 30.0
_NONE = "-"
_HEAD = ("system", "records", "size", "first", "last", "gone through", "newest", "retention")


def run(settings: Settings, arguments: argparse.Namespace) -> int:
    """Print it and return the exit status."""
    return asyncio.run(_print(settings, arguments.output))


async def _print(settings: Settings, form: str) -> int:
    async with client_channel(settings) as channel:
        stub: event_service_pb2_grpc.EventServiceAsyncStub
        stub = event_service_pb2_grpc.EventServiceStub(channel)
        try:
            status = await stub.GetLogStatus(pb.GetLogStatusRequest(), timeout=_CALL_S)
        except grpc.aio.AioRpcError as error:
            complain("info", explain(error, settings.upstream))
            return 1
    if form == "json":
        say(json_format.MessageToJson(status))
    else:
        for line in as_text(status):
            say(line)
    return 0


def as_text(status: pb.GetLogStatusResponse) -> Iterator[str]:
    """Yield the lines for people."""
    yield f"log      {visible(status.log_id)}"
    yield f"head     {status.head_seq}"
    yield f"version  {visible(status.version)}"
    if status.HasField("store"):
        store = status.store
        size = f", {shown_bytes(store.size_bytes)}" if store.HasField("size_bytes") else ""
        free = (
            f", {shown_bytes(store.disk_free_bytes)} free"
            if store.HasField("disk_free_bytes")
            else ""
        )
        yield f"store    {visible(store.kind)}{size}{free}"
        if store.HasField("retention_max_bytes"):
            yield f"keeps    {shown_bytes(store.retention_max_bytes)} of records"
    if status.HasField("index"):
        yield f"index    through {status.index.through_seq}"
    if status.open_calls:
        calls = ", ".join(f"{visible(each.method)} {each.count}" for each in status.open_calls)
        yield f"readers  {calls}"
    if status.systems:
        yield ""
        yield from columns([_HEAD, *map(_row, status.systems)])
    if status.sources:
        yield ""
        yield from sources_as_text(status.sources)


def _row(system: pb.EventSystemStatus) -> tuple[str, ...]:
    newest = system.last_recorded_at.ToJsonString() if system.HasField("last_recorded_at") else ""
    return (
        system_name(system.system),
        str(system.record_count),
        shown_bytes(system.size_bytes),
        str(system.first_seq or _NONE),
        str(system.last_seq or _NONE),
        str(system.trimmed_through_seq or _NONE),
        newest or _NONE,
        _retention(system) or "everything",
    )


def _retention(system: pb.EventSystemStatus) -> str:
    keep = system.retention
    bounds = []
    if keep.HasField("max_age"):
        bounds.append(DURATION.show(keep.max_age.ToNanoseconds() / 1e9))
    if keep.HasField("max_records"):
        bounds.append(f"{keep.max_records} records")
    if keep.HasField("max_bytes"):
        bounds.append(shown_bytes(keep.max_bytes))
    if bounds and keep.min_records > 1:
        bounds.append(f"at least {keep.min_records} records")
    return ", ".join(bounds)
