"""Fire and List: Consul's user events, and blocking queries for a change of the list."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from contextlib import suppress

from tidings.access.rights import MANAGEMENT, Rights
from tidings.core.clock import Clock
from tidings.core.errors import BadRequest, PayloadTooLarge
from tidings.core.record import Record
from tidings.dialects.consul.recent import EMPTY_INDEX, Listed, RecentEvents
from tidings.dialects.consul.rights import ConsulRights
from tidings.dialects.dialect import Dialect
from tidings.dialects.rules import check_duration
from tidings.rpc.deadlines import time_to_wait
from tidings.rpc.framing import varint
from tidings.rpc.paging import check_page_size, digest_of_texts, first_page, sealed_token, unsealed
from tidings.rpc.publishing import Publisher
from tidings.v1 import consul_pb2, event_pb2, event_service_pb2

DEFAULT_WAIT_S = 300.0
"""The default wait of a blocking list: Consul documents it, its Python clients rely on it."""

MAX_WAIT_S = 600.0
"""Source: Consul's longest blocking query (agent/consul/rpc.go)."""

_EVENTS_TAG = b"\x0a"  # ListResponse.events, field 1, length-delimited
_INDEX_TAG = b"\x10"  # ListResponse.index, field 2, varint
_FILTERED = b"\x18\x01"  # ListResponse.filtered_by_acl, field 3: true
_TOKEN_TAG = b"\x22"  # ListResponse.next_page_token, field 4, length-delimited


class _Waiters:
    """The calls that wait for one name's index to change."""

    def __init__(self) -> None:
        self.changed = asyncio.Event()
        self.count = 0


class ListWatch:
    """The list of user events and the calls that wait for it. A record wakes those it concerns.

    Encoded answers are cached until they are out of date: all calls for one name share one.
    """

    def __init__(self, recent: RecentEvents, clock: Clock) -> None:
        self._recent = recent
        self._clock = clock
        self._waiting: dict[str, _Waiters] = {}
        self._answers: dict[str, bytes] = {}
        self._is_closed = False

    @property
    def depth(self) -> int:
        """How many of the newest records the list is made of."""
        return self._recent.depth

    @property
    def waiting_count(self) -> int:
        """How many calls wait."""
        return sum(waiters.count for waiters in self._waiting.values())

    def apply(self, record: Record) -> None:
        """Apply the next record and wake the calls that wait for a list that it changes."""
        changed = self._recent.apply(record)
        self._answers.clear()  # an eviction changes lists without changing their index
        for name in changed:
            waiters = self._waiting.pop(name, None)
            if waiters is not None:
                waiters.changed.set()

    def close(self) -> None:
        """Let every waiting call answer with the current list, and let none wait from now on."""
        self._is_closed = True
        for waiters in self._waiting.values():
            waiters.changed.set()

    async def wait_for_other(
        self, name: str, index: int, wait_s: float, rights: Rights = MANAGEMENT
    ) -> None:
        """Return when the name's index is not `index`, after `wait_s` seconds, or when closed.

        The index is that of the events that the rights allow.
        """
        if not index:
            return
        ends_at_s = self._clock.monotonic_s() + wait_s
        while self._index(name, rights) == index and not self._is_closed:
            left_s = ends_at_s - self._clock.monotonic_s()
            if left_s <= 0 or not await self._changes_within(name, left_s):
                return

    async def _changes_within(self, name: str, patience_s: float) -> bool:
        waiters = self._waiting.setdefault(name, _Waiters())
        waiters.count += 1
        try:
            async with asyncio.timeout(patience_s):
                await waiters.changed.wait()
        except TimeoutError:
            return False
        finally:
            waiters.count -= 1
            if not waiters.count and self._waiting.get(name) is waiters:
                del self._waiting[name]
        return True

    def _index(self, name: str, rights: Rights) -> int:
        if rights.management or (name and rights.of(ConsulRights).may_see(name)):
            return self._recent.index(name)
        readable = [one.seq for one in self._recent.list(name) if _may_read(one, rights)]
        return max(readable, default=EMPTY_INDEX)

    def answer(
        self,
        name: str,
        rights: Rights = MANAGEMENT,
        *,
        page_size: int = 0,
        page_token: str = "",
    ) -> bytes:
        """Return the encoded ListResponse of a name ("" = of all), as the rights allow.

        All pages have the index of the first; later events are on no page.

        Raises:
            BadRequest: the page size or the page token is not valid.
        """
        check_page_size(page_size)
        if not rights.management or page_size or page_token:
            return self._page(name, rights, page_size, page_token)
        answer = self._answers.get(name)
        if answer is None:
            answer = self._page(name, rights, 0, "")
            if (
                self._recent.index(name) > 1
            ):  # names without events are not cached: there may be very many
                self._answers[name] = answer
        return answer

    def _page(self, name: str, rights: Rights, page_size: int, page_token: str) -> bytes:
        listed = self._recent.list(name)
        readable = [one for one in listed if _may_read(one, rights)]
        is_filtered = len(readable) < len(listed)
        after_seq, index = 0, self._index(name, rights)
        digest = digest_of_texts("List", name)
        if page_token:
            after_seq, index = unsealed(page_token, digest, 2)
        rest = [one for one in readable if after_seq < one.seq <= index]
        page = first_page(rest, page_size or None, lambda one: len(one.encoded))
        parts = _encoded(page, index)
        if is_filtered:
            parts.append(_FILTERED)
        if len(page) < len(rest):
            token = sealed_token(digest, page[-1].seq, index).encode()
            parts += (_TOKEN_TAG, varint(len(token)), token)
        return b"".join(parts)


def may_fire(rights: Rights, name: str) -> bool:
    """Return whether events of this name may be fired."""
    return rights.management or rights.of(ConsulRights).may_fire(name)


def _may_read(listed: Listed, rights: Rights) -> bool:
    return rights.management or rights.of(ConsulRights).may_see(listed.event.name)


def _encoded(events: Iterable[Listed], index: int) -> list[bytes]:
    parts: list[bytes] = []
    for listed in events:
        parts += (_EVENTS_TAG, varint(len(listed.encoded)), listed.encoded)
    parts += (_INDEX_TAG, varint(index))
    return parts


def wait_s_of(request: event_service_pb2.ListRequest, remaining_s: float | None) -> float:
    """Return how long a list may wait: the requested time, within the limits and the deadline.

    Raises:
        BadRequest: it is not a duration.
    """
    check_duration(request.wait, "wait")
    wait_s = request.wait.seconds + request.wait.nanos / 1e9
    if wait_s == 0:
        wait_s = DEFAULT_WAIT_S
    elif wait_s < 0 or wait_s > MAX_WAIT_S:
        wait_s = MAX_WAIT_S
    if remaining_s is not None:
        wait_s = min(wait_s, time_to_wait(remaining_s))
    return wait_s


async def fire(
    request: event_service_pb2.FireRequest,
    publisher: Publisher,
    consul: Dialect,
    patience_s: float | None,
    stamp: bytes,
) -> event_service_pb2.FireResponse:
    """Store one user event and return it, with an LTime of 0 as Consul does.

    Raises:
        BadRequest: its text is just Consul's; the field is in its details. PayloadTooLarge: the
        size rule forbids it.
    """
    draft = event_pb2.Draft(events=[event_pb2.Event(consul=_event_of(request))])
    try:
        stored, record = await publisher.publish(draft, patience_s, stamp=stamp)
    except PayloadTooLarge as error:
        if not error.field:
            raise
        field = _own_field(error)
        raise PayloadTooLarge(field, error.size_bytes, error.limit_bytes) from error
    except BadRequest as error:
        raise _bare(error) from error
    events = event_pb2.EventRecord.FromString(record.body).events
    consul.complete(stored.seq, events)
    events[0].consul.l_time = 0
    return event_service_pb2.FireResponse(event=events[0].consul)


def check_event(request: event_service_pb2.FireRequest, consul: Dialect) -> None:
    """Refuse what Consul refuses before it checks rights: a bad name, filter or tag.

    Raises:
        BadRequest: as `fire`.
    """
    with suppress(PayloadTooLarge):  # the size comes after the rights
        try:
            consul.check_body(_event_of(request), "")
        except PayloadTooLarge:
            raise
        except BadRequest as error:
            raise _bare(error) from error


def _bare(error: BadRequest) -> BadRequest:
    """Return a refusal whose text is exactly Consul's; its details name the request's field."""
    bare = BadRequest("", error.reason)
    bare.holder = _own_field(error)
    return bare


def _own_field(error: BadRequest) -> str:
    """Return the field of the request: its caller has no draft."""
    return error.field.rpartition(".")[2].removesuffix("_filter")


def _event_of(request: event_service_pb2.FireRequest) -> consul_pb2.ConsulEvent:
    return consul_pb2.ConsulEvent(
        name=request.name,
        payload=request.payload.data,
        node_filter=request.node,
        service_filter=request.service,
        tag_filter=request.tag,
    )
