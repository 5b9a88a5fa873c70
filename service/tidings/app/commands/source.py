"""`tidings source`: the sources of a log and their state; deletes one."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Iterable, Iterator

import grpc
from google.protobuf import json_format

from tidings.app.client import client_channel, explain
from tidings.app.columns import columns, shown_bytes
from tidings.app.commands.paging import CALL_S
from tidings.app.settings import Settings
from tidings.app.terminal import complain, say, visible
from tidings.dialects.systems import system_name
from tidings.v1 import source_pb2, source_service_pb2_grpc
from tidings.v1 import source_service_pb2 as pb

_NONE = "-"
_HEAD = (
    *("source", "system", "state", "since", "last event", "lag", "events", "size", "gaps"),
    *("errors", "position"),
)


def run(settings: Settings, arguments: argparse.Namespace) -> int:
    """Do it and return the exit status."""
    return asyncio.run(_call(settings, arguments))


async def _call(settings: Settings, arguments: argparse.Namespace) -> int:
    async with client_channel(settings) as channel:
        stub: source_service_pb2_grpc.SourceServiceAsyncStub
        stub = source_service_pb2_grpc.SourceServiceStub(channel)
        try:
            if arguments.action == "forget":
                request = pb.ForgetSourceRequest(source=arguments.name)
                await stub.ForgetSource(request, timeout=CALL_S)
                say(f"forgot {visible(arguments.name)}")
                return 0
            found = await stub.ListSources(pb.ListSourcesRequest(), timeout=CALL_S)
        except grpc.aio.AioRpcError as error:
            complain("source", explain(error, settings.upstream))
            return 1
    if arguments.output == "json":
        say(json_format.MessageToJson(found))
    else:
        for line in as_text(found.sources):
            say(line)
    return 0


def as_text(sources: Iterable[source_pb2.SourceStatus]) -> Iterator[str]:
    """Yield a table of the sources."""
    yield from columns([_HEAD, *map(_row, sources)])


def _row(source: source_pb2.SourceStatus) -> tuple[str, ...]:
    last = source.last_event_at.ToJsonString() if source.HasField("last_event_at") else _NONE
    return (
        visible(source.source),
        system_name(source.system),
        _state(source),
        source.since.ToJsonString(),
        last,
        f"{source.lag.ToMilliseconds() / 1000:.1f}s" if source.HasField("lag") else _NONE,
        str(source.events),
        shown_bytes(source.bytes),
        str(source.gaps),
        str(source.errors),
        visible(source.position) or _NONE,
    )


def _state(source: source_pb2.SourceStatus) -> str:
    if source.connected:
        return "connected"
    stale = "stale, " if source.HasField("stale_since") else ""
    return f"{stale}{visible(source.reason)}"
