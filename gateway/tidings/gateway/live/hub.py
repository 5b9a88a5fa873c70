"""Shared streams: many HTTP readers on one upstream call, printed once.

How this works: every reader opens an upstream call of its own, from where it asked to start. The
service checks the caller and returns that position; if readers with an equal key already read from
there, the call ends again and they share those readers' stream, which is paced. A heartbeat says
that it has reached the head of the log. If no stream of that key is live, it becomes the live one;
else its readers continue with the live one. A stream keeps its newest lines, bounded; a reader
holds a place in it, never a queue.

One rule decides who may read from a live stream: it must hold everything past the reader's position
(`LineTail.covers_after`). Lines that were dropped, and a gap that the stream has received, end at a
position that a reader has to pass by another stream. So a reader whose lines were dropped goes back
to a stream from its position; so does one that joined ahead of the live stream when that receives a
gap beyond its position. Both join again when they have caught up.

The last reader that leaves ends the upstream call; the end of that call ends its readers.
"""

from __future__ import annotations

import asyncio
from collections.abc import Hashable
from typing import Any

from tidings.gateway.live.reader import Reader
from tidings.gateway.live.stream import Stream
from tidings.gateway.live.stream_key import StreamKey
from tidings.gateway.live.tail import Line
from tidings.gateway.metrics import Metrics
from tidings.gateway.upstream.client import Opened, Upstream
from tidings.v1 import event_service_pb2 as pb

# Of one stream. Between them readers who fall behind for a moment find their lines in memory.
_MAX_STREAM_BYTES = 4 * 1024**2
_MIN_STREAM_BYTES = 16 * 1024


class StreamHub:
    """All streams of one gateway. `tasks` is the group that they run in."""

    def __init__(
        self, upstream: Upstream, tasks: asyncio.TaskGroup, *, tail_bytes: int, metrics: Metrics
    ) -> None:
        self.metrics = metrics
        self.draining = False
        self._upstream = upstream
        self._tasks = tasks
        self._tail_bytes = tail_bytes
        self._streams: set[Stream[Any]] = set()
        self._live: dict[StreamKey[Any], Stream[Any]] = {}
        self._by_entry: dict[Hashable, Stream[Any]] = {}

    async def read(self, key: StreamKey[Line], request: pb.SubscribeRequest) -> Reader[Line]:
        """Return a reader from the request's start on; the rest of the request is the key's.

        While draining it is a reader at its end, and the client reconnects.

        Raises:
            grpc.aio.AioRpcError: the service refused, or stayed away; nothing is open.
        """
        reader = Reader(self, key, request)
        if not self.draining:
            await reader.open()
        return reader

    async def open(
        self, key: StreamKey[Line], request: pb.SubscribeRequest
    ) -> tuple[Stream[Line], Opened]:
        """Return a stream from the request's start on, joined, and what the service said of it.

        A thundering herd replays its backlog once, not once per reader: the process would keep the
        memory of the messages of all those calls.

        Raises:
            grpc.aio.AioRpcError: as `read`.
        """
        opened = await self._upstream.subscribe(request, key.credential)
        entry: Hashable = object()
        if opened.position is not None:
            # With the rights, which may have changed since the shared stream read its records; and
            # with the kind of start, since only the earliest gets no gap for what is gone already.
            is_earliest = request.position == pb.START_POSITION_EARLIEST
            entry = (key, opened.rights, opened.log_id, opened.position, is_earliest)
        stream = self._by_entry.get(entry)
        if stream is not None and stream.is_joinable:
            opened.answers.cancel()
        else:
            stream = Stream(self, key, entry, opened.answers, opened.position)
            self._by_entry[entry] = stream
            self._streams.add(stream)
            stream.start(self._tasks)
        stream.join()
        if self.draining:
            stream.stop()
        return stream, opened

    def live(self, stream: Stream[Line]) -> Stream[Line]:
        """Return the live stream of a stream's key: from now on this one, if there was none."""
        live = self._live.setdefault(stream.key, stream)
        if live is stream:
            stream.go_live()
            self.metrics.live_streams.set(len(self._live))
        return live

    def forget(self, stream: Stream[Any]) -> None:
        """Take a stream out, so that nobody joins it any more."""
        self._streams.discard(stream)
        if self._by_entry.get(stream.entry) is stream:
            del self._by_entry[stream.entry]
        if self._live.get(stream.key) is stream:
            del self._live[stream.key]
            self.metrics.live_streams.set(len(self._live))

    def drain(self) -> None:
        """End every reader after what is there; new ones end at once."""
        self.draining = True
        for stream in list(self._streams):
            stream.stop()

    @property
    def stream_bytes(self) -> int:
        """How much each stream may keep: an equal share within bounds."""
        share = self._tail_bytes // max(1, len(self._streams))
        return max(_MIN_STREAM_BYTES, min(_MAX_STREAM_BYTES, share))
