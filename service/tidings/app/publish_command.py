"""`tidings publish`: hand in drafts from a file or standard input, one proto3 JSON draft a line."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import AsyncIterator
from typing import IO

import grpc
from google.protobuf.json_format import Parse, ParseError

from tidings.app.client import client_channel, explain
from tidings.app.settings import Settings
from tidings.app.terminal import complain, say
from tidings.v1 import event_pb2, event_service_pb2, event_service_pb2_grpc

_LOST = "Internal error from Core"


def run(settings: Settings, arguments: argparse.Namespace) -> int:
    """Publish every line and print one answer a line; status 1 when any was refused."""
    if arguments.file == "-":
        return asyncio.run(_publish(settings, sys.stdin.buffer))
    try:
        with open(arguments.file, "rb") as file:  # noqa: PTH123 - as - stands for stdin above
            return asyncio.run(_publish(settings, file))
    except OSError as error:
        complain("publish", f"{error.filename}: {error.strerror}")
        return 1


async def _publish(settings: Settings, file: IO[bytes]) -> int:
    failed = False
    sent: asyncio.Queue[tuple[int, str | None]] = asyncio.Queue()  # bounded by the stream's window

    async def requests() -> AsyncIterator[event_service_pb2.PublishStreamRequest]:
        number = 0
        while line := await asyncio.to_thread(file.readline):
            number += 1
            if not line.strip():
                continue
            try:
                draft = Parse(line, event_pb2.Draft())
            except (ParseError, UnicodeDecodeError) as error:
                sent.put_nowait((number, str(error)))
                # An empty draft keeps the answers in step; the service refuses it and stores
                # nothing.
                draft = event_pb2.Draft()
            else:
                sent.put_nowait((number, None))
            yield event_service_pb2.PublishStreamRequest(drafts=[draft])

    async with client_channel(settings) as channel:
        stub = event_service_pb2_grpc.EventServiceStub(channel)
        try:
            async for response in stub.PublishStream(requests()):
                for result in response.results:
                    number, problem = sent.get_nowait()
                    if result.HasField("error"):
                        failed = True
                        complain("publish", f"line {number}: {problem or result.error.message}")
                    else:
                        again = " duplicate" if result.stored.duplicate else ""
                        say(f"line {number}: seq {result.stored.seq}{again}")
        except grpc.aio.AioRpcError as error:
            complain("publish", explain(await reason_of(error, stub), settings.upstream))
            return 1
    return 1 if failed else 0


async def reason_of(
    error: grpc.aio.AioRpcError, stub: event_service_pb2_grpc.EventServiceAsyncStub
) -> grpc.aio.AioRpcError:
    """Return why a stream of drafts ended; one without drafts says what grpc lost.

    A write that meets the end of a call takes the place of the status that came with it.

    Source: grpcio 1.85, grpc/aio/_call.py, `_write`.
    """
    if error.details() != _LOST:
        return error
    try:
        async for _ in stub.PublishStream(iter(())):
            pass
    except grpc.aio.AioRpcError as reason:
        return reason
    return error
