"""`tidings top`: how many events there are of each system, type and source, live on a terminal."""

from __future__ import annotations

import argparse
import asyncio
import datetime as dt
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import grpc

from tidings.app.client import client_channel, explain
from tidings.app.columns import columns
from tidings.app.commands.bounds import bound, seconds_of
from tidings.app.commands.paging import CALL_S
from tidings.app.commands.record_lines import local_time
from tidings.app.commands.selection import narrow, warnings
from tidings.app.settings import BadSetting, Settings
from tidings.app.terminal import complain, flush, say, visible, visible_json
from tidings.dialects.systems import system_name
from tidings.v1 import asking_pb2, event_service_pb2_grpc
from tidings.v1 import json_runtime as rt

if TYPE_CHECKING:
    from google.protobuf.timestamp_pb2 import Timestamp

    from tidings.v1.event_service_pb2_grpc import EventServiceAsyncStub  # exists in the stubs only

_PAUSE_S = 2.0
_NONE = "-"
_KEYS = {
    "system": asking_pb2.COUNT_KEY_SYSTEM,
    "type": asking_pb2.COUNT_KEY_TYPE,
    "source": asking_pb2.COUNT_KEY_SOURCE,
}
_START = "from"
_HOME, _REST_OF_LINE, _REST = "\x1b[H", "\x1b[K", "\x1b[J"


def run(settings: Settings, arguments: argparse.Namespace) -> int:
    """Count, and keep counting on a terminal; status 1 when the service refuses or does not answer.

    Raises:
        BadSetting: an option is not valid.
    """
    keys = [key for key in _KEYS if key in (arguments.by or _KEYS)]
    totals_by = [key for key in _KEYS if key in (arguments.totals_by or ())]
    request = asking_pb2.CountRecordsRequest(
        group_by=[_KEYS[key] for key in keys], totals_by=[_KEYS[key] for key in totals_by]
    )
    try:
        if arguments.every is not None:
            request.bucket.FromSeconds(seconds_of("--every", arguments.every))
            keys = [_START, *keys]
        narrow(request, arguments)
        bound(request, arguments, now=dt.datetime.now(dt.UTC))  # noqa: TID251
    except ValueError as error:
        raise BadSetting(str(error)) from None
    for warning in warnings(arguments):
        complain("top", f"warning: {warning}")
    is_live = sys.stdout.isatty() and not arguments.once and arguments.output == "text"
    try:
        return asyncio.run(_print(settings, request, arguments, keys, totals_by, is_live=is_live))
    except KeyboardInterrupt:
        if not is_live:
            raise
        return 0  # how it ends


async def _print(
    settings: Settings,
    request: asking_pb2.CountRecordsRequest,
    arguments: argparse.Namespace,
    keys: Sequence[str],
    totals_by: Sequence[str],
    *,
    is_live: bool,
) -> int:
    tally, totals = Tally(), Tally()
    async with client_channel(settings) as channel:
        stub: EventServiceAsyncStub = event_service_pb2_grpc.EventServiceStub(channel)
        try:
            async for _ in counted(stub, request, tally, totals, is_live=is_live):
                if arguments.output == "json":
                    rows = [*as_json(tally, keys), *as_json(totals, totals_by)]
                    say(visible_json(rt.dumps(rows).decode()))
                    return 0
                lines = [*as_text(tally, keys, arguments.count)]
                if totals_by:
                    lines += ["", *as_text(totals, totals_by, arguments.count)]
                if is_live:
                    _repaint(lines)
                else:
                    for line in lines:
                        say(line)
        except grpc.aio.AioRpcError as error:
            complain("top", explain(error, settings.upstream))
            return 1
    return 0


def _repaint(lines: Sequence[str]) -> None:
    say(_HOME + "\n".join(f"{line}{_REST_OF_LINE}" for line in lines) + _REST)
    flush()


class Row(NamedTuple):
    """What events are counted by; "" = not by that, or there is none."""

    start: str
    system: str
    type: str
    source: str


@dataclass(slots=True)
class Tally:
    """How many events there are of each row, and when the last one was stored."""

    counts: dict[Row, int] = field(default_factory=dict)
    last: dict[Row, Timestamp] = field(default_factory=dict)

    def add(self, counts: Sequence[asking_pb2.Count]) -> None:
        """Add what a later part of the log holds."""
        for count in counts:
            start = local_time(count.start_time) if count.HasField("start_time") else ""
            row = Row(start, system_name(count.system), count.type, count.source)
            self.counts[row] = self.counts.get(row, 0) + count.events
            self.last[row] = count.last_time

    def rows(self) -> list[Row]:
        """Return the rows, by time and then those with the most events first."""
        return sorted(self.counts, key=lambda row: (row.start, -self.counts[row], row))


async def counted(
    stub: EventServiceAsyncStub,
    request: asking_pb2.CountRecordsRequest,
    tally: Tally,
    totals: Tally,
    *,
    is_live: bool,
    pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> AsyncGenerator[None, None]:
    """Count stored events and yield once; live, then also new events, repeatedly.

    Raises:
        grpc.aio.AioRpcError: the service does not answer, or refuses the request.
    """
    asked = asking_pb2.CountRecordsRequest()
    asked.CopyFrom(request)
    while True:
        answer = await stub.CountRecords(asked, timeout=CALL_S)
        tally.add(answer.counts)
        totals.add(answer.totals)
        asked.page_token = answer.next_page_token
        if answer.next_page_token:
            continue
        yield
        if not is_live:
            return
        asked.after_seq, asked.log_id = answer.through_seq, answer.log_id
        await pause(_PAUSE_S)


def as_text(tally: Tally, keys: Sequence[str], limit: int = 0) -> Iterator[str]:
    """Yield a table of the rows, those with the most events first; `limit` 0 = all of them."""
    rows = [
        (f"{tally.counts[row]}", *_named(row, keys), local_time(tally.last[row]))
        for row in tally.rows()
    ]
    shown = rows[:limit] if limit else rows
    yield from columns([("events", *keys, "last stored"), *shown])
    if len(shown) < len(rows):
        yield f"and {len(rows) - len(shown)} more"


def as_json(tally: Tally, keys: Sequence[str]) -> list[rt.Json]:
    """Return the same as JSON values."""
    return [
        {
            **dict(zip(keys, _values(row, keys), strict=True)),
            "events": tally.counts[row],
            "lastTime": tally.last[row].ToJsonString(),
        }
        for row in tally.rows()
    ]


def _named(row: Row, keys: Sequence[str]) -> Iterator[str]:
    return (visible(value) or _NONE for value in _values(row, keys))


def _values(row: Row, keys: Sequence[str]) -> Iterator[str]:
    return (value for key, value in zip((_START, *_KEYS), row, strict=True) if key in keys)
