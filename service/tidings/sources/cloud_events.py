"""CloudEvents of any server that streams them: server-sent events, each with one in its data.

A server is asked for what comes after the last id by `Last-Event-ID`, and nothing in its answer
tells whether it went on there: only an event that comes once more proves it.
"""

from __future__ import annotations

from tidings.gateway.doors.cloud_event.lines import parse_event
from tidings.gateway.upload.spelling import BadLine
from tidings.sources.event_stream import EventStreamParser, ServerSentEvent, TooLong
from tidings.sources.failure import BadAnswer, UpstreamFailed
from tidings.sources.http import check_answer, client_of
from tidings.sources.source import Sink
from tidings.sources.target import Target
from tidings.v1 import event_system_pb2

CONTENT_TYPE = "text/event-stream"

SILENCE_S = 300.0
"""Of a stream that is dead. Nothing says how often a server writes something; many do each 15 s."""

MAX_EVENT_BYTES = 16 * 1024**2

_READ = "id:"
"""Begins a position: the id that came last, which may be empty."""


class CloudEventsSource:
    """A stream of CloudEvents. `resumes` says that its server goes on after Last-Event-ID."""

    system = event_system_pb2.EVENT_SYSTEM_CLOUD_EVENT

    def __init__(self, name: str, target: Target, *, resumes: bool = False) -> None:
        self._name = name
        self._target = target
        self._resumes = resumes

    @property
    def address(self) -> str:
        """Where it is."""
        return self._target.address

    async def follow(self, position: str, sink: Sink) -> None:
        """Read the stream until it ends, which is a failure."""
        last_id = position.removeprefix(_READ)
        token = self._target.token()
        headers = {"Accept": CONTENT_TYPE, "Cache-Control": "no-store"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        course = _Course(self._name, last_id, sink)
        course.joins = not position or (self._resumes and bool(last_id))
        async with (
            client_of(self._target, headers, SILENCE_S) as client,
            client.stream("GET", self._target.url, headers=_resuming(last_id)) as answer,
        ):
            check_answer(answer)
            if answer.headers.get("content-type", "").partition(";")[0].strip() != CONTENT_TYPE:
                raise BadAnswer("answered with no stream of events")
            await sink.connected()
            if not position:
                await sink.begin(_READ)
            parser = EventStreamParser(MAX_EVENT_BYTES)
            async for piece in answer.aiter_bytes():
                try:
                    for event in parser.feed(piece):
                        await course.take(event)
                except TooLong:
                    raise UpstreamFailed("an event is too long") from None
        raise UpstreamFailed("ended the stream")


def _resuming(last_id: str) -> dict[bytes, bytes]:
    return {b"Last-Event-ID": last_id.encode()} if last_id else {}


class _Course:
    """One connection. `joins`: nothing can be missing before its next event."""

    def __init__(self, name: str, last_id: str, sink: Sink) -> None:
        self._name = name
        self._last_id = last_id
        self._sink = sink
        self.joins = False

    async def take(self, event: ServerSentEvent) -> None:
        """Record an event."""
        comes_again = bool(event.id) and event.id == self._last_id
        if not self.joins and not comes_again:
            reason = "nothing tells whether it went on where it was"
            await self._sink.lost(self._last_id, event.id, reason)
        self.joins = True
        before, self._last_id = self._last_id, event.id or self._last_id
        position = _READ + self._last_id
        try:
            draft = parse_event(event.data, self._name)
        except BadLine as bad:
            self._sink.failed()
            await self._sink.lost(before, event.id, f"an event is not understood: {bad}")
            draft = None
        if draft is None:
            await self._sink.reach(position)
            return
        (made,) = draft.events
        made.id = made.cloud_event.id  # what its key is made of, with the event's own source
        await self._sink.put(draft, position, len(event.data))
