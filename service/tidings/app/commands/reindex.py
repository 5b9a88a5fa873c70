"""`tidings reindex`: delete the index of a log, and show the progress of the new one."""

from __future__ import annotations

import argparse
import asyncio
import time

import grpc

from tidings.app.client import client_channel, explain, is_unreached
from tidings.app.commands.paging import CALL_S
from tidings.app.commands.progress import Line, bar_of
from tidings.app.settings import Settings
from tidings.app.terminal import complain, say
from tidings.index.file import FILE_NAME, delete_index
from tidings.v1 import event_service_pb2 as pb
from tidings.v1 import event_service_pb2_grpc

_EVERY_S = 0.2
_REST = 10
"""Times as long as an answer took: the service counts a log of millions, and makes the index."""

_PATIENCE_S = 45.0
"""For the first of the new index: a process that has died again and again is started so late."""


def run(settings: Settings, arguments: argparse.Namespace) -> int:
    """Do it and return the exit status."""
    del arguments
    if not settings.data.is_dir():
        complain("reindex", f"{settings.data}: no such directory")
        return 1
    delete_index(settings.data)
    return asyncio.run(_watch(settings))


async def _watch(settings: Settings) -> int:
    """Print the progress of the new index, until it holds what the log holds now."""
    began_s = time.monotonic()
    line = Line()
    async with client_channel(settings) as channel:
        stub: event_service_pb2_grpc.EventServiceAsyncStub
        stub = event_service_pb2_grpc.EventServiceStub(channel)
        wanted_seq = 0
        while True:
            asked_s = time.monotonic()
            try:
                status = await stub.GetLogStatus(pb.GetLogStatusRequest(), timeout=CALL_S)
            except grpc.aio.AioRpcError as error:
                if not is_unreached(error):
                    complain("reindex", explain(error, settings.upstream))
                    return 1
                say(f"{FILE_NAME} is deleted; the next tidings serve makes it anew")
                return 0
            if not status.HasField("store"):
                complain("reindex", "how far the index is, is told to management rights alone")
                return 1
            wanted_seq = wanted_seq or status.head_seq
            answered_s = time.monotonic()
            seconds = answered_s - began_s
            through_seq = status.index.through_seq
            if status.HasField("index") and through_seq >= wanted_seq:
                line.end(f"the index holds the log through {through_seq}, after {seconds:.1f} s")
                return 0
            if not status.HasField("index") and seconds > _PATIENCE_S:
                complain("reindex", "the service makes no index of this directory")
                return 1
            line.show(f"{bar_of(through_seq / wanted_seq)}  through {through_seq} of {wanted_seq}")
            await asyncio.sleep(max(_EVERY_S, _REST * (answered_s - asked_s)))
