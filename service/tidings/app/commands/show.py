"""`tidings show`: all of one record, and the records before and after it."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Iterator, Sequence

import grpc
import msgspec

from tidings.app.client import client_channel, explain
from tidings.app.commands.asking import newest
from tidings.app.commands.output import output_of
from tidings.app.commands.paging import CALL_S, pages
from tidings.app.commands.record_lines import (
    json_line,
    payload_format_of,
    print_record,
    tell_gaps,
)
from tidings.app.settings import Settings
from tidings.app.terminal import complain, is_colored, say, visible
from tidings.v1 import event_pb2, event_service_pb2_grpc
from tidings.v1 import event_service_pb2 as pb

_BY_NOBODY_KNOWN = "on this machine, without a credential"
Records = Sequence[event_pb2.EventRecord]


def run(settings: Settings, arguments: argparse.Namespace) -> int:
    """Print it; status 1 when there is no such record, or the service fails or refuses."""
    try:
        before, record, after = asyncio.run(_ask(settings, arguments))
    except grpc.aio.AioRpcError as error:
        complain("show", explain(error, settings.upstream))
        return 1
    colored = is_colored(arguments.color)
    if arguments.output == "text":
        for line in as_text(before, record, after, colored=colored):
            say(line)
        return 0
    output = output_of(arguments.output, colored=colored)
    for line in (*output.add([*before, record, *after], log_id=""), *output.end()):
        say(line)
    return 0


async def _ask(
    settings: Settings, arguments: argparse.Namespace
) -> tuple[Records, event_pb2.EventRecord, Records]:
    """Return some records before a record, it, and some after it, oldest first."""
    seq, count = arguments.seq, arguments.context
    form = payload_format_of("json")
    async with client_channel(settings) as channel:
        stub: event_service_pb2_grpc.EventServiceAsyncStub
        stub = event_service_pb2_grpc.EventServiceStub(channel)
        asked = pb.GetRecordRequest(seq=seq, payload_format=form)
        record = (await stub.GetRecord(asked, timeout=CALL_S)).record
        if not count:
            return [], record, []
        earlier = await newest(
            stub, pb.ReadRecordsRequest(before_seq=seq, payload_format=form), count
        )
        later = pb.ReadRecordsRequest(after_seq=seq, payload_format=form)
        after: list[event_pb2.EventRecord] = []
        gaps = list(earlier.gaps)
        async for page in pages(stub.ReadRecords, later, "records", count):
            after += page.records
            gaps += page.gaps
    tell_gaps("show", gaps)
    return earlier.records, record, after


def as_text(
    before: Records, record: event_pb2.EventRecord, after: Records, *, colored: bool
) -> Iterator[str]:
    """Yield a record in full, and a line for each event of those around it."""
    for other in before:
        yield from print_record(other, "text", colored=colored)
    if before:
        yield ""
    yield from _in_full(record, colored=colored)
    if after:
        yield ""
    for other in after:
        yield from print_record(other, "text", colored=colored)


def _in_full(record: event_pb2.EventRecord, *, colored: bool) -> Iterator[str]:
    yield from print_record(record, "text", colored=colored)
    if record.HasField("publisher"):
        by = record.publisher
        named = (("as", by.principal), ("from", by.peer), ("through", by.door))
        words = [f"{word} {visible(value)}" for word, value in named if value]
        yield f"  published {' '.join(words) or _BY_NOBODY_KNOWN}"
    indented = msgspec.json.format(json_line(record).encode(), indent=2).decode()
    yield from (f"  {line}" for line in indented.splitlines())
