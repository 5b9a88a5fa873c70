"""Reads the log as a client of its service, and keeps the index up to date.

Publishers and readers come first: it has the lowest priority of the operating system, replays in
large batches as fast as it can, and pauses at the head of the log, so that batches are large there
too. Whatever happens to the file or to the log, it resumes from the file's position, or builds the
index again.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import ParamSpec, TypeVar

import grpc
import structlog
from google.protobuf.duration_pb2 import Duration

from tidings.core.backoff import Backoff
from tidings.core.clock import Clock
from tidings.core.tracing import Tracer, span_of
from tidings.dialects.dialect import Dialect
from tidings.dialects.systems import system_name
from tidings.index.entries import Entry, entry_of, unknown
from tidings.index.file import IndexFile
from tidings.v1 import event_service_pb2 as pb
from tidings.v1 import event_service_pb2_grpc

LOG_ID_KEY = "tidings-log-id"

FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.1, 5.0
HEARTBEAT_S = 1.0
SILENCE_S = 10.0
"""How long a stream may be silent."""

AWAKE_S, REST_S = 0.05, 0.2
"""How long it reads at the head before it pauses, and for how long."""

LARGE_RECORDS, LARGE_BYTES = 500, 64 * 1024
"""A message with as much of either is one of many: there is no pause before the backlog was
read."""

TRIM_EVERY_S = 60.0
VACUUM_PAGES = 4000
"""Of 4 KiB, given back to the file system each time."""

BATCH_RECORDS = 5000
BATCH_BYTES = 16 * 1024**2
"""Of one transaction."""

_Call = grpc.aio.UnaryStreamCall[pb.SubscribeRequest, pb.SubscribeResponse]
_OTHER_LOG = frozenset({grpc.StatusCode.FAILED_PRECONDITION, grpc.StatusCode.OUT_OF_RANGE})
_UNKNOWN = frozenset({pb.GAP_REASON_DAMAGED, pb.GAP_REASON_TOO_LARGE})

_log = structlog.get_logger("tidings.index")

P = ParamSpec("P")
T = TypeVar("T")


class _Lost(Exception):
    """The file that is being written was deleted."""


class Updater:
    """Keeps the index of one log up to date. `run` it once, until it is cancelled."""

    def __init__(
        self,
        channel: grpc.aio.Channel,
        directory: Path,
        dialects: Mapping[str, Dialect],
        clock: Clock,
        tracer: Tracer | None = None,
    ) -> None:
        self._tracer = tracer
        self._stub = event_service_pb2_grpc.EventServiceStub(channel)
        self._file = IndexFile(directory)
        self._thread = ThreadPoolExecutor(1, "tidings-index")
        self._dialects = dialects
        self._clock = clock
        self._waiting: list[Entry] = []
        self._waiting_bytes = 0
        self._through_seq = 0
        self._trim_at_s = 0.0
        self._is_told = False

    async def run(self) -> None:
        """Follow the log until cancelled, whatever ends a stream."""
        pauses = Backoff(FIRST_PAUSE_S, LONGEST_PAUSE_S)
        try:
            while True:
                try:
                    await self._follow(pauses)
                except grpc.aio.AioRpcError as error:
                    if error.code() in _OTHER_LOG:
                        _log.info("another log is there now; the index is made anew")
                        await self._in_thread(self._file.delete)
                    elif self._is_told:  # else there was none: the service is unavailable
                        _log.info("the service's stream ended", code=error.code().name)
                except _Lost:
                    _log.info("the index was deleted, and is made anew")
                except TimeoutError:
                    _log.warning("the service's stream fell silent")
                except (sqlite3.Error, OSError) as error:
                    _log.warning("the index is made anew: it cannot be used", problem=str(error))
                    await self._in_thread(self._file.delete)
                await asyncio.sleep(pauses.next_s())
        finally:
            # queued after the work of a cancelled task in the thread: SQLite crashes when a
            # connection is closed while in use
            self._thread.submit(self._file.close)
            self._thread.shutdown()

    async def _in_thread(self, do: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Call something with the file, in its one thread. Cancelling does not stop it there."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, partial(do, *args, **kwargs))

    async def _follow(self, pauses: Backoff) -> None:
        """Read one stream to its end, from the file's position."""
        extent = await self._in_thread(self._file.open)
        self._waiting, self._waiting_bytes = [], 0
        self._is_told = False
        request = pb.SubscribeRequest(
            after_seq=extent.through_seq if extent else 0,
            log_id=extent.log_id if extent else "",
            payload_format=pb.PAYLOAD_FORMAT_STORED,
            heartbeat_interval=Duration(seconds=int(HEARTBEAT_S)),
        )
        call: _Call = self._stub.Subscribe(request)
        try:
            async with asyncio.timeout(SILENCE_S) as silence:
                metadata = await call.initial_metadata()
                log_id = str(metadata.get(LOG_ID_KEY, ""))
                # a failed call has none, and raises when its messages are read
                if extent is None and log_id:
                    await self._in_thread(self._file.start_anew, log_id)
                self._through_seq = request.after_seq
                loop = asyncio.get_running_loop()
                rest_at_s = loop.time() + AWAKE_S
                async for message in call:
                    pauses.reset()
                    self._is_told = True
                    size_bytes = message.ByteSize()  # which encodes it: once is enough
                    await self._take(message, size_bytes)
                    if len(message.batch.records) >= LARGE_RECORDS or size_bytes >= LARGE_BYTES:
                        rest_at_s = loop.time() + AWAKE_S
                    elif loop.time() >= rest_at_s:
                        await asyncio.sleep(REST_S)
                        rest_at_s = loop.time() + AWAKE_S
                    silence.reschedule(loop.time() + SILENCE_S)
        finally:
            call.cancel()

    async def _take(self, message: pb.SubscribeResponse, size_bytes: int) -> None:
        """Take a message; entries are written when there are enough, and at each heartbeat."""
        match message.WhichOneof("part"):
            case "batch":
                # at once, while what was parsed is in the processor's caches
                self._waiting += [
                    entry_of(record, self._dialects) for record in message.batch.records
                ]
                self._waiting_bytes += size_bytes
                if len(self._waiting) >= BATCH_RECORDS or self._waiting_bytes >= BATCH_BYTES:
                    await self._write(message.batch.records[-1].seq)
            case "gap":
                if message.gap.reason in _UNKNOWN:
                    self._waiting.append(unknown(message.gap.first_seq))
            case "heartbeat":
                await self._write(message.heartbeat.seq)
                await self._trim()

    async def _write(self, through_seq: int) -> None:
        waiting, self._waiting, self._waiting_bytes = self._waiting, [], 0
        with span_of(self._tracer if waiting else None, "index") as span:
            await self._in_thread(self._write_at_once, waiting, through_seq)
            span["tidings.records"] = len(waiting)
            span["tidings.last_seq"] = through_seq
        self._through_seq = max(through_seq, self._through_seq)

    def _write_at_once(self, waiting: list[Entry], through_seq: int) -> None:
        if not self._file.is_in_place:
            raise _Lost
        if through_seq > self._through_seq:
            self._file.add(waiting, through_seq)

    async def _trim(self) -> None:
        """Delete what retention has deleted, from time to time."""
        now_s = self._clock.monotonic_s()
        if now_s < self._trim_at_s:
            return
        self._trim_at_s = now_s + TRIM_EVERY_S
        status = await self._stub.GetLogStatus(pb.GetLogStatusRequest(), timeout=SILENCE_S)
        first = [each.first_seq for each in status.systems if each.HasField("first_seq")]
        keep_from = min([*first, self._through_seq + 1])
        trimmed = {system_name(each.system): each.trimmed_through_seq for each in status.systems}
        await self._in_thread(self._file.drop_before, keep_from)
        await self._in_thread(self._file.drop_trimmed, trimmed)
        await self._in_thread(self._file.give_back, VACUUM_PAGES)
