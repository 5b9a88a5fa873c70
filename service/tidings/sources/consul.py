"""Consul: its list of user events, read again whenever it changes.

An agent holds the newest 256 events it has received, oldest first, and answers a blocking request
with all of them as soon as the index differs. The index is made of the newest event's ID and says
nothing of order, so what is new is told by IDs: those after the last one that is stored, and in
one connection those that were not in the list before.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence

import httpx2
import msgspec

from tidings.core.failures import only_of
from tidings.gateway.doors.consul.lines import parse_event
from tidings.gateway.upload.spelling import BadLine
from tidings.sources.answers import elements, key_by_id, members_of, read_answer
from tidings.sources.failure import UpstreamFailed
from tidings.sources.http import client_of
from tidings.sources.source import Sink
from tidings.sources.target import Target
from tidings.v1 import event_system_pb2

PATH = "/v1/event/list"
INDEX_HEADER = "x-consul-index"

WAIT_S = 60
"""How long Consul may hold a request. Its documentation allows it a sixteenth more."""

SILENCE_S = WAIT_S * 17 / 16 + 15.0

PAUSE_S = 1.0
"""After an answer without anything new: a server that does not block is not asked at once."""

RING_SIZE = 256
"""How many events an agent holds. Source: agent/user_event.go."""


class ConsulSource:
    """A Consul agent. `datacenters` are asked for one by one (`?dc=`); none = the agent's own."""

    system = event_system_pb2.EVENT_SYSTEM_CONSUL

    def __init__(
        self,
        name: str,
        target: Target,
        *,
        datacenters: Sequence[str] = (),
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._name = name
        self._target = target
        self._datacenters = datacenters or ("",)
        self._sleep = sleep

    @property
    def address(self) -> str:
        """Where it is."""
        return self._target.address

    async def follow(self, position: str, sink: Sink) -> None:
        """Read the lists until one of them cannot be read."""
        token = self._target.token()
        headers = {"X-Consul-Token": token} if token else {}
        course = _Course(self._name, position, sink)
        async with client_of(self._target, headers, SILENCE_S) as client:
            try:
                async with asyncio.TaskGroup() as tasks:
                    for datacenter in self._datacenters:
                        tasks.create_task(self._follow_list(client, datacenter, course))
            except ExceptionGroup as group:
                failure = only_of(group, UpstreamFailed)
                if failure is None:
                    raise
                raise failure from None

    async def _follow_list(
        self, client: httpx2.AsyncClient, datacenter: str, course: _Course
    ) -> None:
        place = {"dc": datacenter} if datacenter else {}
        index = 0
        while True:
            blocking = {"index": str(index), "wait": f"{WAIT_S}s"} if index else {}
            answer = await read_answer(client, PATH, {**place, **blocking})
            assert answer is not None
            new_index = _index_of(answer.headers.get(INDEX_HEADER, ""))
            has_new = await course.take(datacenter, elements(answer.body))
            # one that went back is no place to wait at: the whole list once more
            index = new_index if new_index >= index else 0
            if not has_new:
                await self._sleep(PAUSE_S)


def _index_of(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise UpstreamFailed("answers without X-Consul-Index")
    return int(text)


class _Course:
    """One connection: the lists of all datacenters, one position for all of them.

    The position has the last stored ID of each datacenter; "" = none, or its list was empty.
    """

    def __init__(self, name: str, position: str, sink: Sink) -> None:
        self._name = name
        self._sink = sink
        self._last_ids = {dc: str(last) for dc, last in members_of(position).items()}
        self._known: dict[str, set[str]] = {}
        self._unsure: set[str] = set()  # datacenters whose next list may hide a loss before it
        self._turn = asyncio.Lock()

    async def take(self, datacenter: str, texts: Sequence[bytes]) -> bool:
        """Record what is new in a list; say whether anything was."""
        ids = [_id_of(text) for text in texts]
        async with self._turn:  # positions must rise in the order of the drafts
            await self._sink.connected()
            is_first = datacenter not in self._known
            if is_first:
                await self._join(datacenter, ids)
            if self._is_lost(datacenter, ids, is_first=is_first):
                self._unsure.discard(datacenter)
                where = f"datacenter {datacenter}: " if datacenter else ""
                await self._sink.lost(
                    self._last_ids.get(datacenter, ""),
                    ids[0] if ids else "",
                    f"{where}its list holds nothing that is known",
                )
            known = self._known[datacenter]
            new = [pair for pair in zip(ids, texts, strict=True) if pair[0] not in known]
            self._known[datacenter] = set(ids)
            if not ids and self._last_ids.get(datacenter) != "":
                await self._sink.reach(self._reach(datacenter, ""))
            for event_id, text in new:
                await self._record(datacenter, event_id, text)
        return bool(new)

    async def _join(self, datacenter: str, ids: Sequence[str]) -> None:
        """Find out what of the first list is stored: only the last ID is known."""
        last = self._last_ids.get(datacenter)
        self._known[datacenter] = set()
        if last is None:  # before a first run nothing was to be had
            await self._sink.begin(self._reach(datacenter, ""))
        elif last in ids:
            self._known[datacenter] = set(ids[: ids.index(last) + 1])
        else:
            self._unsure.add(datacenter)

    def _is_lost(self, datacenter: str, ids: Sequence[str], *, is_first: bool) -> bool:
        """Say whether events may be missing before a list."""
        if datacenter in self._unsure:
            return bool(ids or self._last_ids[datacenter])
        if known := self._known[datacenter]:
            return known.isdisjoint(ids)
        return not is_first and len(ids) >= RING_SIZE  # it was empty, and overflowed

    async def _record(self, datacenter: str, event_id: str, text: bytes) -> None:
        before = self._last_ids.get(datacenter, "")
        position = self._reach(datacenter, event_id)
        try:
            draft = parse_event(text, self._name)
        except BadLine as bad:
            self._sink.failed()
            reason = f"an event is not understood: {bad}"
            await self._sink.lost(before, "", reason)
            await self._sink.reach(position)
            return
        assert draft is not None
        await self._sink.put(key_by_id(draft), position, len(text))

    def _reach(self, datacenter: str, event_id: str) -> str:
        self._last_ids[datacenter] = event_id
        return json.dumps(self._last_ids, sort_keys=True)


class _Named(msgspec.Struct):
    """What every event has, whatever else."""

    ID: str


_named = msgspec.json.Decoder(_Named)


def _id_of(text: bytes) -> str:
    try:
        event_id = _named.decode(text).ID
    except msgspec.MsgspecError:
        event_id = ""
    if not event_id:
        raise UpstreamFailed("an event of its list has no ID")
    return event_id
