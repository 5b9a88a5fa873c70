"""Feldera: its list of cluster events, then its latest one again and again.

The list is newest first and tells the statuses only, so each new event is read once more by its id.
What is no longer in the list was cleaned up: Feldera keeps 72 hours and 1000 events.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from urllib.parse import quote

import httpx2
import msgspec

from tidings.gateway.doors.feldera.lines import parse_event
from tidings.gateway.upload.spelling import BadLine
from tidings.sources.answers import elements, key_by_id, read_answer
from tidings.sources.failure import UpstreamFailed
from tidings.sources.http import client_of
from tidings.sources.source import Sink
from tidings.sources.target import Target
from tidings.v1 import event_system_pb2

PATH = "/v0/cluster/events"
LATEST_PATH = PATH + "/latest"
WHOLE = {"selector": "all"}

NONE = "none"
"""The position of a source that has begun and stored nothing, or whose list was empty."""

POLL_S = 10.0
"""Between two looks at the latest event: as often as Feldera's own console looks."""


class FelderaSource:
    """A Feldera cluster."""

    system = event_system_pb2.EVENT_SYSTEM_FELDERA

    def __init__(
        self,
        name: str,
        target: Target,
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._name = name
        self._target = target
        self._sleep = sleep

    @property
    def address(self) -> str:
        """Where it is."""
        return self._target.address

    async def follow(self, position: str, sink: Sink) -> None:
        """Read until it cannot be read. The position is the last event's id, or `NONE`."""
        token = self._target.token()
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        async with client_of(self._target, headers) as client:
            course = _Course(self._name, position, client, sink)
            while True:
                await course.catch_up()
                while await course.is_at_latest():
                    await self._sleep(POLL_S)


class _Course:
    """One connection."""

    def __init__(self, name: str, position: str, client: httpx2.AsyncClient, sink: Sink) -> None:
        self._name = name
        self._last_id = "" if position == NONE else position
        self._is_begun = bool(position)
        self._joins = not position  # nothing can be missing before the first event
        self._client = client
        self._sink = sink

    async def catch_up(self) -> None:
        """Record what is new in the list, oldest first."""
        answer = await read_answer(self._client, PATH, WHOLE)
        assert answer is not None
        listed = [(_head_of(text), text) for text in elements(answer.body)]
        await self._sink.connected()
        if not self._is_begun:
            self._is_begun = True
            await self._sink.begin(NONE)
        ids = [head.id for head, _ in listed]
        new = listed
        if self._last_id in ids:
            new = listed[: ids.index(self._last_id)]
        elif self._last_id or (ids and not self._joins):
            await self._lose(ids)
        for head, text in reversed(new):
            await self._record(head.id, text if head.is_whole else await self._whole(head, text))

    async def is_at_latest(self) -> bool:
        """Say whether the latest event is the last that was recorded, or there is none yet."""
        answer = await read_answer(self._client, LATEST_PATH, WHOLE, may_lack=True)
        await self._sink.connected()
        return (_head_of(answer.body).id if answer else "") == self._last_id

    async def _lose(self, ids: Sequence[str]) -> None:
        self._joins = True
        oldest_id = ids[-1] if ids else ""
        await self._sink.lost(self._last_id, oldest_id, "its list begins later")
        if not ids:
            self._last_id = ""
            await self._sink.reach(NONE)

    async def _whole(self, head: _Head, text: bytes) -> bytes:
        """Return an event with all its members; as the list has it if it is gone meanwhile."""
        path = f"{PATH}/{quote(head.id, safe='')}"
        answer = await read_answer(self._client, path, WHOLE, may_lack=True)
        return answer.body if answer else text

    async def _record(self, event_id: str, text: bytes) -> None:
        before, self._last_id = self._last_id, event_id
        try:
            draft = parse_event(text, self._name)
        except BadLine as bad:
            self._sink.failed()
            await self._sink.lost(before, "", f"an event is not understood: {bad}")
            await self._sink.reach(event_id)
            return
        assert draft is not None
        await self._sink.put(key_by_id(draft), event_id, len(text))


class _Head(msgspec.Struct):
    """What is asked of an event before it is read: its id, and whether the rest is there."""

    id: str
    api_self_info: str | None = None

    @property
    def is_whole(self) -> bool:
        """Whether more than the statuses is told."""
        return self.api_self_info is not None


_head = msgspec.json.Decoder(_Head)


def _head_of(text: bytes) -> _Head:
    try:
        head = _head.decode(text)
    except msgspec.MsgspecError:
        head = _Head("")
    if not head.id:
        raise UpstreamFailed("its answer is not understood")
    return head
