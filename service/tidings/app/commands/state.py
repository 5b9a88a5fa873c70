"""`tidings state`: the objects that existed at a time, as in their newest events."""

from __future__ import annotations

import argparse
import asyncio
import datetime as dt
import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import grpc
from google.protobuf import json_format

from tidings.app.client import client_channel, explain
from tidings.app.columns import columns
from tidings.app.commands.asked import asked
from tidings.app.commands.bounds import time_of
from tidings.app.commands.objects import kind_of
from tidings.app.commands.paging import pages
from tidings.app.commands.record_lines import local_time
from tidings.app.settings import Settings
from tidings.app.terminal import complain, say, visible, visible_json
from tidings.dialects.systems import system_name, system_number
from tidings.v1 import event_service_pb2_grpc, objects_pb2
from tidings.v1 import json_runtime as rt

if TYPE_CHECKING:
    from tidings.v1.event_service_pb2_grpc import EventServiceAsyncStub  # exists in the stubs only

_NONE = "-"
_UUID = re.compile(r"([0-9a-f]{8})(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_SHORT = r"\1"  # as Nomad's command line shortens them
_HEAD = ("id", "name", "namespace", "status", "of", "source", "seq", "since")
_ALWAYS = {"id", "status", "seq", "since"}
_Kind = tuple[str, str]


def run(settings: Settings, arguments: argparse.Namespace) -> int:
    """Print them; status 1 when the service refuses or does not answer.

    Raises:
        BadSetting: an option is not valid.
    """
    request = asked(build_request, arguments)
    try:
        found, known_since = asyncio.run(_ask(settings, request))
    except grpc.aio.AioRpcError as error:
        complain("state", explain(error, settings.upstream))
        return 1
    if known_since and request.HasField("at") and request.at.ToDatetime() < known_since:
        since = known_since.replace(tzinfo=dt.UTC).astimezone().isoformat(" ", "seconds")
        complain("state", f"what is kept is complete only since {since}: some may be missing")
    for line in _printed(found, arguments.output):
        say(line)
    return 0


def build_request(
    arguments: argparse.Namespace, now: dt.datetime
) -> objects_pb2.ListObjectsRequest:
    """Return the request of the options.

    Raises:
        ValueError: `--at` is not a time.
    """
    is_text = arguments.output == "text"
    request = objects_pb2.ListObjectsRequest(
        systems=map(system_number, arguments.system or ()),
        kinds=[kind_of(kind) for kind in arguments.kinds],
        ids=arguments.id or (),
        namespace=arguments.namespace,
        sources=arguments.source or (),
        parents=[_parent(text) for text in arguments.parent or ()],
        statuses=arguments.status or (),
        view=objects_pb2.OBJECT_VIEW_BASIC if is_text else objects_pb2.OBJECT_VIEW_FULL,
    )
    if arguments.at is not None:
        request.at.FromDatetime(time_of("--at", arguments.at, now))
    return request


def _parent(text: str) -> str:
    kind, slash, rest = text.partition("/")
    return f"{kind_of(kind)}/{rest}" if slash else text


async def _ask(
    settings: Settings, request: objects_pb2.ListObjectsRequest
) -> tuple[list[objects_pb2.ObjectState], dt.datetime | None]:
    """Return the objects, and the time from which the log has all events."""
    found: list[objects_pb2.ObjectState] = []
    known: dt.datetime | None = None
    async with client_channel(settings) as channel:
        stub: EventServiceAsyncStub = event_service_pb2_grpc.EventServiceStub(channel)
        async for page in pages(stub.ListObjects, request):
            found += page.objects
            known = page.known_since.ToDatetime() if page.HasField("known_since") else None
    return found, known


def _printed(found: Sequence[objects_pb2.ObjectState], form: str) -> Iterator[str]:
    if form == "text":
        yield from as_text(found)
        return
    lines = [visible_json(rt.dumps(json_format.MessageToDict(state)).decode()) for state in found]
    if form == "ndjson":
        yield from lines
    else:
        rows = ",\n".join(lines)
        yield f"[{rows}]"


def as_text(found: Sequence[objects_pb2.ObjectState]) -> Iterator[str]:
    """Yield a table for each kind, by system and kind; empty columns are left out."""
    kinds: dict[_Kind, list[objects_pb2.ObjectState]] = {}
    for state in found:
        kinds.setdefault((system_name(state.system), state.kind), []).append(state)
    for number, (system, kind) in enumerate(sorted(kinds)):
        states = sorted(kinds[system, kind], key=lambda state: (state.name, state.id))
        if number:
            yield ""
        yield f"{visible(system)} {visible(kind)}: {len(states)}"
        rows = [_row(state) for state in states]
        used = [
            place
            for place, name in enumerate(_HEAD)
            if name in _ALWAYS or any(row[place] != _NONE for row in rows)
        ]
        yield from columns([[row[place] for place in used] for row in (_HEAD, *rows)])


def _row(state: objects_pb2.ObjectState) -> Sequence[str]:
    parts = " ".join(f"{count} {name}" for name, count in sorted(state.parts.items()))
    name = state.name if state.name != state.id else ""
    values = (
        state.id,
        name,
        state.namespace,
        " ".join(filter(None, (state.status, f"({parts})" if parts else ""))),
        " ".join(_UUID.sub(_SHORT, parent) for parent in state.parents),
        state.source,
        str(state.seq),
        local_time(state.recorded_at),
    )
    return [visible(value) or _NONE for value in values]
