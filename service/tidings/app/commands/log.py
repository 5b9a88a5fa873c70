"""`tidings log`: print what is stored, between two times or positions, or the last of it."""

from __future__ import annotations

import argparse
import asyncio
import contextlib

import grpc

from tidings.app.client import client_channel, explain
from tidings.app.commands.asked import asked
from tidings.app.commands.asking import Newest, newest
from tidings.app.commands.log_request import build_request
from tidings.app.commands.output import Output, output_of
from tidings.app.commands.paging import pages
from tidings.app.commands.record_lines import tell_gaps
from tidings.app.commands.selection import warnings
from tidings.app.settings import Settings
from tidings.app.terminal import complain, flush, is_colored, say
from tidings.v1 import event_service_pb2 as pb
from tidings.v1 import event_service_pb2_grpc


def run(settings: Settings, arguments: argparse.Namespace) -> int:
    """Print it; status 1 when the service refuses or does not answer.

    Raises:
        BadSetting: an option is not valid.
    """
    request = asked(build_request, arguments)
    for warning in warnings(arguments):
        complain("log", f"warning: {warning}")
    output = output_of(arguments.output, colored=is_colored(arguments.color))
    return asyncio.run(_print(settings, request, arguments.count, output))


async def _print(
    settings: Settings, request: pb.ReadRecordsRequest, count: int, output: Output
) -> int:
    async with client_channel(settings) as channel:
        stub: event_service_pb2_grpc.EventServiceAsyncStub
        stub = event_service_pb2_grpc.EventServiceStub(channel)
        try:
            if count and request.order == pb.READ_ORDER_OLDEST_FIRST:
                found = await newest(stub, request, count)
                _print_page(found, output)
            else:
                found_pages = pages(stub.ReadRecords, request, "records", count)
                async with contextlib.aclosing(found_pages) as answers:
                    async for page in answers:
                        _print_page(page, output)
        except grpc.aio.AioRpcError as error:
            complain("log", explain(error, settings.upstream))
            return 1
    for line in output.end():
        say(line)
    return 0


def _print_page(page: Newest | pb.ReadRecordsResponse, output: Output) -> None:
    tell_gaps("log", page.gaps)
    for line in output.add(page.records, page.log_id):
        say(line)
    flush()
