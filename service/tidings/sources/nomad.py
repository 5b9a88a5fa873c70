"""Nomad: its event stream, from the index that was stored last.

Nomad's own rule of `index=N` begins with the batch at N, inclusive, if the server still holds it:
so a first line with index N proves that nothing is missing between. Any other first line may hide a
loss: Nomad's buffer is short, and nothing on the wire tells what it dropped.
"""

from __future__ import annotations

from collections.abc import Sequence

import httpx2

from tidings.gateway.doors.nomad.lines import parse_line
from tidings.gateway.upload.spelling import BadLine
from tidings.sources.failure import UpstreamFailed
from tidings.sources.http import check_answer, client_of
from tidings.sources.lines import LineSplitter
from tidings.sources.nomad_snapshot import Snapshot
from tidings.sources.source import Sink
from tidings.sources.target import Target
from tidings.v1 import event_pb2, event_system_pb2

PATH = "/v1/event/stream"

SILENCE_S = 75.0
"""Of a stream that is dead: two of Nomad's heartbeats, which come every 30 s, and some time."""

MAX_LINE_BYTES = 16 * 1024**2

BEGUN = "0"
"""The position of a source that has begun, and stored nothing of the stream: below any index."""

SNAPSHOT = "snapshot:"
"""Begins the position of a source that has recorded its snapshot, and nothing of the stream.

Without an index behind it the snapshot is not whole.
"""


class NomadSource:
    """A Nomad server. `topics` are as Nomad's query has them ("Job", "Node:*"); none = all.

    With `snapshot` a first run begins with what there is.
    """

    system = event_system_pb2.EVENT_SYSTEM_NOMAD

    def __init__(
        self,
        name: str,
        target: Target,
        *,
        topics: Sequence[str] = (),
        namespace: str = "*",
        snapshot: bool = False,
    ) -> None:
        self._name = name
        self._target = target
        self._topics = topics
        self._namespace = namespace
        self._has_snapshot = snapshot

    @property
    def address(self) -> str:
        """Where it is."""
        return self._target.address

    async def follow(self, position: str, sink: Sink) -> None:
        """Read the stream until it ends, which is a failure; before a first run the snapshot.

        The position is the index of the last line, `BEGUN`, or `SNAPSHOT` and that of the snapshot.
        """
        token = self._target.token()
        headers = {"X-Nomad-Token": token} if token else {}
        async with client_of(self._target, headers, SILENCE_S) as client:
            if position == SNAPSHOT or (self._has_snapshot and not position):
                position = await self._record_snapshot(client, position, sink)
            await self._follow_stream(client, _Course(self._name, position, sink), sink)
        raise UpstreamFailed("ended the stream")

    async def _record_snapshot(self, client: httpx2.AsyncClient, begun: str, sink: Sink) -> str:
        """Record what there is; return the position after it, which is reached only then.

        `begun` is not empty if one was interrupted: what it stored may have gone since then.
        """
        position = begun
        snapshot = Snapshot(client, self._topics, self._namespace)
        async for line in snapshot.lines():
            await sink.connected()
            if not position:
                position = SNAPSHOT
                await sink.begin(position)
            try:
                draft = parse_line(line, self._name)
            except BadLine as bad:
                sink.failed()
                await sink.lost("", "", f"an object is not understood: {bad}")
                continue
            assert draft is not None
            await sink.put(draft, position, len(line))
        if snapshot.index is None:  # none of the topics has a list
            return BEGUN if begun else ""
        position = f"{SNAPSHOT}{snapshot.index}"
        if begun:
            await sink.lost("", str(snapshot.index), "its snapshot was interrupted")
        await sink.reach(position)
        return position

    async def _follow_stream(self, client: httpx2.AsyncClient, course: _Course, sink: Sink) -> None:
        query: dict[str, str | Sequence[str]] = {
            "index": course.asks_for,
            "namespace": self._namespace,
            "topic": self._topics,
        }
        async with client.stream("GET", PATH, params=query) as answer:
            check_answer(answer)
            splitter = LineSplitter(MAX_LINE_BYTES)
            async for piece in answer.aiter_bytes():
                await sink.connected()
                for line in splitter.feed(piece):
                    await course.take(line)


class _Course:
    """One connection: what was read of it so far."""

    def __init__(self, name: str, position: str, sink: Sink) -> None:
        self._name = name
        self._sink = sink
        self._is_after_snapshot = position.startswith(SNAPSHOT)
        self._position = position.removeprefix(SNAPSHOT)
        self._joins = not position  # on a first run there is nothing to join

    @property
    def asks_for(self) -> str:
        """Which index to begin with; after a snapshot with all that there is."""
        return "0" if self._is_after_snapshot else self._position or "0"

    async def take(self, line: bytes | None) -> None:
        """Record a line; None = one that was too long."""
        if not self._position:
            self._position = BEGUN
            await self._sink.begin(BEGUN)
        if line is None:
            await self._lose("a line is too long")
            return
        try:
            draft = parse_line(line, self._name)
        except BadLine as bad:
            await self._lose(f"a line is not understood: {bad}")
            return
        if draft is None:
            return
        index = str(_index_of(draft))
        if not self._joins:
            await self._join(index)
        self._position = index
        await self._sink.put(draft, index, len(line))

    async def _join(self, index: str) -> None:
        self._joins = True
        if self._is_after_snapshot:
            if int(index) > int(self._position) + 1:
                await self._sink.lost(self._position, index, "its buffer begins after the snapshot")
            return
        if int(index) < int(self._position):
            # of a server that is behind, or of another cluster at this address
            await self._sink.lost(self._position, index, "its index went back")
        elif index != self._position:
            await self._sink.lost(self._position, index, "its buffer begins later")

    async def _lose(self, reason: str) -> None:
        self._sink.failed()
        await self._sink.lost(self._position, "", reason)


def _index_of(draft: event_pb2.Draft) -> int:
    return max(event.nomad.upstream_index for event in draft.events)
