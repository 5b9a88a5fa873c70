"""`tidings tail`: print events as they come, from a time or position on, or the last ones."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import datetime as dt
import os
import signal
import sys
from collections.abc import Iterable

import grpc

from tidings.app.client import client_channel, explain
from tidings.app.commands.tail_lines import print_record
from tidings.app.commands.tail_request import build_request, warnings
from tidings.app.commands.tail_stream import Stream, head_of, last_of, newest
from tidings.app.settings import Settings
from tidings.app.terminal import complain, flush, say
from tidings.v1 import event_pb2, event_service_pb2_grpc
from tidings.v1 import event_service_pb2 as pb


def run(settings: Settings, arguments: argparse.Namespace) -> int:
    """Print until interrupted, or what there is; status 1 when the service refuses or is away."""
    try:
        request = build_request(arguments, now=dt.datetime.now(dt.UTC))  # noqa: TID251
    except ValueError as error:
        complain("tail", str(error))
        return 2
    for warning in warnings(arguments):
        complain("tail", f"warning: {warning}")
    return asyncio.run(_until_told(_Tail(settings, arguments, request)))


def is_colored(choice: str) -> bool:
    """Say whether to colour: as told, or where it is seen and not unwanted (no-color.org)."""
    if choice != "auto":
        return choice == "always"
    is_dumb = os.environ.get("TERM") == "dumb"
    return sys.stdout.isatty() and not is_dumb and not os.environ.get("NO_COLOR")


async def _until_told(tail: _Tail) -> int:
    """Run it; SIGINT and SIGTERM are how it ends, and no failure."""
    running = asyncio.current_task()
    assert running is not None
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, running.cancel)
    try:
        await tail.run()
    except grpc.aio.AioRpcError as error:
        complain("tail", explain(error, tail.upstream))
        return 1
    except (asyncio.CancelledError, BrokenPipeError):
        with contextlib.suppress(BrokenPipeError):
            flush()
    return 0


class _Tail:
    """One run of the command."""

    def __init__(
        self, settings: Settings, arguments: argparse.Namespace, request: pb.SubscribeRequest
    ) -> None:
        self.upstream = settings.upstream
        self._settings = settings
        self._count: int | None = arguments.count
        self._follows = arguments.follow or arguments.count is None
        self._has_start = arguments.since is not None
        self._form: str = arguments.output
        self._colored = is_colored(arguments.color)
        self._request = request

    async def run(self) -> None:
        async with client_channel(self._settings) as channel:
            stub = event_service_pb2_grpc.EventServiceStub(channel)
            if self._count:
                await self._print_last(stub, self._count)
                if not self._follows:
                    return
            await self._print_on(stub)

    async def _print_last(
        self, stub: event_service_pb2_grpc.EventServiceAsyncStub, count: int
    ) -> None:
        """Print the last records of those that are asked for; what is new begins behind them."""
        log_id, head = await head_of(stub, self._request)
        if self._has_start:
            found = await last_of(stub, self._request, count, head)
        else:
            found = await newest(stub, self._request, count, head)
        self._print(found)
        self._request.log_id = log_id
        self._request.after_seq = head

    async def _print_on(self, stub: event_service_pb2_grpc.EventServiceAsyncStub) -> None:
        stream = Stream(stub, self._request, self._tell)
        async with contextlib.aclosing(stream.responses()) as responses:
            async for response in responses:
                if response.HasField("gap"):
                    gap = response.gap
                    complain("tail", f"gap: {gap.first_seq} to {gap.last_seq}: {gap.reason}")
                self._print(response.records)
                if response.HasField("heartbeat") and not self._follows:
                    return

    def _print(self, records: Iterable[event_pb2.Record]) -> None:
        for record in records:
            for line in print_record(record, self._form, colored=self._colored):
                say(line)
        flush()

    def _tell(self, reason: str | None) -> None:
        if reason is None:
            complain("tail", "the service is back; going on")
        else:
            complain("tail", f"the service is lost; trying again ({reason.splitlines()[0]})")
