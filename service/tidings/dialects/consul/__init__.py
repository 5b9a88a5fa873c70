"""Consul's user events: what may be fired, what a list shows, how an event gets its ID."""

from __future__ import annotations

import re
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from google.protobuf.message import Message

from tidings.core import record as core
from tidings.core.errors import BadRequest, PayloadTooLarge
from tidings.core.selection import Envelope, Everything, Matcher
from tidings.dialects.consul.recent import RecentEvents
from tidings.dialects.consul.regexps import regexp_error
from tidings.dialects.consul.rights import ConsulRights
from tidings.dialects.consul.size_rules import check_512, check_payload
from tidings.dialects.defaults import CONSUL_PAYLOAD_BYTES
from tidings.dialects.dialect import CheckContext, Dialect, Window
from tidings.dialects.facet_paths import FacetPaths
from tidings.dialects.facets import readable
from tidings.v1 import consul_pb2, event_pb2

__all__ = ["ConsulDialect", "event_id", "make"]

MAX_LISTED = 256
"""Source: Consul's ring of user events (agent/user_event.go)."""

MAX_TEXT_BYTES = 1024
"""Of a name or a filter. Consul's own bound is 512 bytes, payload included; what an engine does
for an expression, and for the text of an error, may grow with its square."""

_ID = re.compile(r"[0-9a-f]{32}")
_FILTERS = (("node", "node_filter"), ("service", "service_filter"), ("tag", "tag_filter"))


@dataclass(frozen=True, slots=True)
class ConsulMatcher:
    """Wants events of these exact names."""

    names: frozenset[str]

    @property
    def terms(self) -> frozenset[Hashable] | None:
        """The names."""
        return self.names

    def selects(self, facts: str) -> bool:
        """Say whether the event's name is wanted."""
        return facts in self.names


class ConsulDialect(Dialect):
    """Consul's rules. `max_payload_bytes` None = Consul's own 512-byte rule and texts."""

    system = "consul"
    rights = ConsulRights
    color = 35
    max_events = 1
    window = Window(max_count=MAX_LISTED)
    completes = True
    ignored_fields = ("id", "l_time")
    filled_fields = ("version",)
    facet_paths = FacetPaths(
        type="Name",
        identifiers=(("name", "Name"),),
        text=("Name", "Payload", "NodeFilter", "ServiceFilter", "TagFilter"),
    )

    def __init__(self, max_payload_bytes: int | None) -> None:
        self._max_payload_bytes = max_payload_bytes

    def check_body(self, body: Message, path: str) -> None:
        """Refuse a bad name, filter or version, in Consul's order and with its texts."""
        assert isinstance(body, consul_pb2.ConsulEvent)
        if not body.name:
            raise BadRequest(path + "name", "User event missing name")
        for field in ("name", "node_filter", "service_filter", "tag_filter"):
            size_bytes = len(getattr(body, field).encode())
            if size_bytes > MAX_TEXT_BYTES:
                raise PayloadTooLarge(path + field, size_bytes, MAX_TEXT_BYTES)
        if body.tag_filter and not body.service_filter:
            raise BadRequest(
                path + "tag_filter", "Cannot provide tag filter without service filter"
            )
        for word, field in _FILTERS:
            error = regexp_error(getattr(body, field))
            if error is not None:
                raise BadRequest(path + field, f"Invalid {word} filter: {error}")
        if self._max_payload_bytes is not None:
            check_payload(body, self._max_payload_bytes, path)

    def fill_body(self, body: Message, context: CheckContext) -> None:
        """Set version and the ID's random half; the 512-byte rule is asked here: it needs LTime."""
        assert isinstance(body, consul_pb2.ConsulEvent)
        if self._max_payload_bytes is None:
            check_512(body, context.last_seq + 1)
        body.version = body.version or 1
        body.id = context.token(8).hex()

    def complete(self, seq: int, events: Sequence[event_pb2.Event]) -> None:
        """Set the ID, whose halves xor-ed are `seq`, and LTime, which is `seq`."""
        for event in events:
            event.consul.id = event_id(event.consul.id, seq)
            event.consul.l_time = seq

    def remarks(self, events: Sequence[event_pb2.Event]) -> Sequence[str]:
        """Report a version that is not 1."""
        return ["unknown_version" for event in events if event.consul.version not in {0, 1}]

    def claimed_seq(self, event: event_pb2.Event) -> int | None:
        """Return the index that Consul's clients compute from an ID: ours is the position.

        Of an ID of Consul itself it is any number of 64 bits, of another Tidings a position there.
        """
        digits = _digits_of(event)
        if not _ID.fullmatch(digits):
            return None
        return int(digits[:16], 16) ^ int(digits[16:], 16)

    def members(self, event: event_pb2.Event) -> Mapping[str, Any]:
        """Return name, filters and the payload, if it is text."""
        body = event.consul
        return {
            "Name": body.name,
            "Payload": readable(body.payload),
            "NodeFilter": body.node_filter,
            "ServiceFilter": body.service_filter,
            "TagFilter": body.tag_filter,
        }

    def is_claimed(self, stored: event_pb2.Event, given: event_pb2.Event) -> bool:
        """Say whether the IDs are one: half of each is random."""
        return stored.consul.id.replace("-", "") == _digits_of(given)

    def words(self, event: event_pb2.Event) -> Sequence[str]:
        """Return the event's name and how large its payload is."""
        return event.consul.name, f"{len(event.consul.payload)} bytes"

    def envelope(self, events: Sequence[event_pb2.Event]) -> Envelope:
        """Return the event's name."""
        names = [event.consul.name for event in events]
        return Envelope(frozenset(names), names)

    def matcher(self, selector: Message) -> Matcher:
        """Return a matcher of names; no name = everything."""
        assert isinstance(selector, consul_pb2.ConsulSelector)
        return ConsulMatcher(frozenset(selector.names)) if selector.names else Everything()

    def projection(self) -> RecentEvents:
        """Return an empty list of the newest events."""
        return RecentEvents(MAX_LISTED, self._listed)

    def _listed(self, record: core.Record) -> consul_pb2.ConsulEvent:
        events = event_pb2.EventRecord.FromString(record.body).events
        self.complete(record.seq, events)
        return events[0].consul


def _digits_of(event: event_pb2.Event) -> str:
    return (event.consul.id or event.id).replace("-", "")


def event_id(low_half: str, seq: int) -> str:
    """Return the 36 characters of an ID from its random low half (16 hex digits) and the position.

    The high half is the low one xor-ed with `seq`, so that the index which Consul's clients compute
    from an ID (high xor low) is exactly `seq`.
    """
    digits = f"{int(low_half, 16) ^ seq:016x}{low_half}"
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def make(max_payload_bytes: int | None = CONSUL_PAYLOAD_BYTES) -> ConsulDialect:
    """Return Consul's dialect; None = Consul's own 512-byte rule."""
    return ConsulDialect(max_payload_bytes)
