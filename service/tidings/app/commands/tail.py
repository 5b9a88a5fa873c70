"""`tidings tail`: print events as they arrive, from a time or position on, or the last ones."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import signal
from collections.abc import Iterable

import grpc

from tidings.app.client import client_channel, explain
from tidings.app.commands.asked import asked
from tidings.app.commands.asking import newest
from tidings.app.commands.record_lines import print_record, tell_gaps
from tidings.app.commands.selection import warnings
from tidings.app.commands.tail_request import build_request, read_request
from tidings.app.commands.tail_stream import Stream
from tidings.app.settings import Settings
from tidings.app.terminal import complain, flush, is_colored, say
from tidings.v1 import event_pb2, event_service_pb2_grpc
from tidings.v1 import event_service_pb2 as pb


def run(settings: Settings, arguments: argparse.Namespace) -> int:
    """Print until interrupted or done; status 1 when the service refuses or does not answer.

    Raises:
        BadSetting: an option is not valid.
    """
    request = asked(build_request, arguments)
    for warning in warnings(arguments):
        complain("tail", f"warning: {warning}")
    return asyncio.run(_until_told(_Tail(settings, arguments, request)))


async def _until_told(tail: _Tail) -> int:
    """Run it; SIGINT and SIGTERM end it, and are not a failure."""
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
        """Print the last records of the query; new ones follow after them."""
        found = await newest(stub, read_request(self._request), count)
        tell_gaps("tail", found.gaps)
        self._print(found.records)
        self._request.log_id = found.log_id
        self._request.after_seq = found.through_seq

    async def _print_on(self, stub: event_service_pb2_grpc.EventServiceAsyncStub) -> None:
        stream = Stream(stub, self._request, self._tell)
        async with contextlib.aclosing(stream.responses()) as responses:
            async for response in responses:
                if response.HasField("gap"):
                    tell_gaps("tail", [response.gap])
                self._print(response.batch.records)
                if response.HasField("heartbeat") and not self._follows:
                    return

    def _print(self, records: Iterable[event_pb2.EventRecord]) -> None:
        for record in records:
            for line in print_record(record, self._form, colored=self._colored):
                say(line)
        flush()

    def _tell(self, reason: str | None) -> None:
        if reason is None:
            complain("tail", "the service is back; going on")
        else:
            complain("tail", f"the service is lost; trying again ({reason.splitlines()[0]})")
