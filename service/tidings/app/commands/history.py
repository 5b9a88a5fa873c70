"""`tidings history`: the versions of an object, and what changed from one to the next."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import datetime as dt
from collections.abc import AsyncGenerator, Iterator, Sequence
from typing import TYPE_CHECKING

import grpc
import msgspec
from google.protobuf import json_format

from tidings.app.client import client_channel, explain
from tidings.app.commands.asked import asked
from tidings.app.commands.bounds import time_of
from tidings.app.commands.objects import object_of, systems_with
from tidings.app.commands.paging import pages
from tidings.app.commands.record_lines import local_time
from tidings.app.settings import Settings
from tidings.app.terminal import complain, flush, is_colored, say, visible, visible_json
from tidings.dialects.systems import system_name, system_number
from tidings.v1 import event_service_pb2_grpc, objects_pb2
from tidings.v1 import json_runtime as rt

if TYPE_CHECKING:
    from tidings.v1.event_service_pb2_grpc import EventServiceAsyncStub  # exists in the stubs only

_RED, _GREEN, _YELLOW, _CYAN = 31, 32, 33, 36
"""As `git log -p` has them."""


def run(settings: Settings, arguments: argparse.Namespace) -> int:
    """Print it; status 1 when there is no such object, or the service refuses or does not answer.

    Raises:
        BadSetting: an option is not valid.
    """
    request = asked(build_request, arguments)
    systems = arguments.system or systems_with(request.kind)
    return asyncio.run(_print(settings, request, systems, arguments))


def build_request(
    arguments: argparse.Namespace, now: dt.datetime
) -> objects_pb2.GetObjectHistoryRequest:
    """Return the requests of the options, one for each possible system.

    Raises:
        ValueError: the object or a time is not valid.
    """
    kind, identity = object_of(arguments.object)
    request = objects_pb2.GetObjectHistoryRequest(
        kind=kind, id=identity, namespace=arguments.namespace, changed_only=not arguments.all
    )
    if arguments.source is not None:
        request.source = arguments.source
    if arguments.since is not None:
        request.from_time.FromDatetime(time_of("--since", arguments.since, now))
    if arguments.until is not None:
        request.until_time.FromDatetime(time_of("--until", arguments.until, now))
    return request


async def _print(
    settings: Settings,
    request: objects_pb2.GetObjectHistoryRequest,
    systems: Sequence[str],
    arguments: argparse.Namespace,
) -> int:
    printer = _Printer(
        arguments.output, is_whole=arguments.diff, colored=is_colored(arguments.color)
    )
    async with client_channel(settings) as channel:
        stub: EventServiceAsyncStub = event_service_pb2_grpc.EventServiceStub(channel)
        try:
            for system in systems:
                request.system = system_number(system)
                async with contextlib.aclosing(versions(stub, request, arguments.count)) as found:
                    async for version in found:
                        for line in printer.lines(version):
                            say(line)
                        flush()
                if printer.count:
                    break
        except grpc.aio.AioRpcError as error:
            complain("history", explain(error, settings.upstream))
            return 1
    for line in printer.end():
        say(line)
    if not printer.count:
        complain("history", "no such object, or none that may be read, in what is kept")
    return 0 if printer.count else 1


async def versions(
    stub: EventServiceAsyncStub, request: objects_pb2.GetObjectHistoryRequest, count: int = 0
) -> AsyncGenerator[objects_pb2.ObjectVersion, None]:
    """Yield the versions of an object, the newest first: all, or the newest `count`.

    Raises:
        grpc.aio.AioRpcError: the service does not answer, or refuses the request.
    """
    answers = pages(stub.GetObjectHistory, request, "versions", count)
    async with contextlib.aclosing(answers):
        async for page in answers:
            for version in page.versions:
                yield version


class _Printer:
    """Prints versions in a form; `is_whole` = with what changed."""

    def __init__(self, form: str, *, is_whole: bool, colored: bool) -> None:
        self._form = form
        self._is_whole = is_whole
        self._colored = colored
        self.count = 0

    def lines(self, version: objects_pb2.ObjectVersion) -> Iterator[str]:
        """Yield the lines of the next version."""
        self.count += 1
        if self._form == "text":
            if self._is_whole:
                if self.count > 1:
                    yield ""
                yield from as_diff(version, colored=self._colored)
            else:
                yield as_line(version, colored=self._colored)
            return
        line = visible_json(rt.dumps(json_format.MessageToDict(version)).decode())
        if self._form == "json":
            yield f"{'[' if self.count == 1 else ','}{line}"
        else:
            yield line

    def end(self) -> Iterator[str]:
        """Yield the lines after the last."""
        if self._form == "json":
            yield "]" if self.count else "[]"


def as_line(version: objects_pb2.ObjectVersion, *, colored: bool) -> str:
    """Return one line with the state of the object, and how much changed."""
    state = version.object
    seq = _painted(f"{state.seq:>8}", _YELLOW, colored=colored)
    words = (visible(state.type), visible(state.status), _changed(version))
    return f"{seq}  {local_time(state.recorded_at)}  {'  '.join(filter(None, words))}"


def as_diff(version: objects_pb2.ObjectVersion, *, colored: bool) -> Iterator[str]:
    """Yield a version as `git log -p` prints a commit: what it is, and what changed."""
    state = version.object
    yield _painted(f"seq {state.seq}", _YELLOW, colored=colored)
    identity = f"{system_name(state.system)} {state.kind}/{state.id}"
    if state.name and state.name != state.id:
        identity += f" ({state.name})"
    happened = local_time(version.occurred_at) if version.HasField("occurred_at") else ""
    for name, value in (
        ("Object", identity),
        ("Namespace", state.namespace),
        ("Type", state.type),
        ("Status", state.status),
        ("Source", state.source),
        ("Stored", local_time(state.recorded_at)),
        ("Happened", happened),
    ):
        if value:
            yield f"{f'{name}:':<11}{visible(value)}"
    if version.deleted or version.first_known or not version.changes:
        yield ""
        yield f"    {_changed(version)}"
    for change in version.changes:
        yield ""
        yield _painted(f"@@ {visible(change.pointer) or '/'} @@", _CYAN, colored=colored)
        for sign, text, color in (("-", change.old_json, _RED), ("+", change.new_json, _GREEN)):
            for line in _indented(text):
                yield _painted(f"{sign}{line}", color, colored=colored)
    if version.more_changes:
        yield ""
        yield "    and more than fits in an answer"


def _changed(version: objects_pb2.ObjectVersion) -> str:
    if version.deleted:
        return "deleted"
    if version.first_known:
        return "the first that is known"
    count = len(version.changes)
    more = " and more" if version.more_changes else ""
    return f"{count} change{'' if count == 1 else 's'}{more}" if count else "no change"


def _indented(text: str) -> list[str]:
    if not text:
        return []
    return msgspec.json.format(visible_json(text).encode(), indent=2).decode().splitlines()


def _painted(text: str, color: int, *, colored: bool) -> str:
    return f"\x1b[{color}m{text}\x1b[0m" if colored else text
