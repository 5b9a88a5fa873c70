"""Feldera's cluster events: three statuses, and an order by time that publishing keeps."""

from __future__ import annotations

import re
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from google.protobuf.message import Message

from tidings.core import record as core
from tidings.core.errors import BadRequest, OrderRefused
from tidings.core.selection import Envelope, Everything, Matcher
from tidings.dialects.dialect import CheckContext, Dialect, Window
from tidings.dialects.facet_paths import FacetPaths, ObjectPaths
from tidings.dialects.feldera.order import MAX_AHEAD_S, Order, following, newest_order
from tidings.dialects.feldera.shown import ShownClusterEvents
from tidings.dialects.rights import WholeRights
from tidings.dialects.rules import microseconds, split_publisher, timestamp
from tidings.v1 import event_pb2, feldera_pb2

HEALTHY = "Healthy"
UNHEALTHY = "Unhealthy"
STATUSES = frozenset({HEALTHY, UNHEALTHY, "InitialUnhealthy"})
_PARTS = ("api", "compiler", "runner")
_STATUS_FIELDS = tuple(f"{part}_status" for part in _PARTS)
_PART_FIELDS = ("status", "self_info", "resources_info")
CLUSTER = "feldera"
"""Id of the cluster as an object: a Feldera has one, and no name for it."""
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


@dataclass(frozen=True, slots=True)
class FelderaMatcher:
    """Wants events whose all_healthy has this value."""

    all_healthy: bool

    @property
    def terms(self) -> frozenset[Hashable] | None:
        """The value."""
        return frozenset({self.all_healthy})

    def selects(self, facts: bool) -> bool:  # noqa: FBT001 - the one fact there is
        """Say whether the event has the value."""
        return facts == self.all_healthy


class FelderaRights(WholeRights):
    """All cluster events, or none."""

    __slots__ = ()
    system = "feldera"
    rule = "role"


class FelderaDialect(Dialect):
    """Feldera's rules."""

    system = "feldera"
    rights = FelderaRights
    color = 36
    max_events = 1
    # Source: Feldera's cluster monitor; both are fixed in its code
    window = Window(max_count=1000, max_age_s=72 * 3600.0)
    ordered = True
    ignored_fields = ("all_healthy",)
    id_field = "id"
    time_field = "recorded_at"
    time_step_ns = 1000
    mints_in_order = True
    max_ahead_s = MAX_AHEAD_S
    facet_paths = FacetPaths(
        type="status",
        objects=(
            ObjectPaths("cluster", "cluster", id="id", status="status", value="value"),
            ObjectPaths(
                "part",
                "parts.*",
                id="id",
                status="value.status",
                parents=(("cluster", "cluster"),),
                text=("value.self_info", "value.resources_info"),
                value="value",
            ),
        ),
    )

    def check_body(self, body: Message, path: str) -> None:
        """Refuse a status that Feldera does not know."""
        for field in _STATUS_FIELDS:
            if getattr(body, field) not in STATUSES:
                raise BadRequest(path + field, f"must be one of {', '.join(sorted(STATUSES))}")

    def check_id(self, text: str, path: str) -> None:
        """Refuse what is not a lower-case, hyphenated UUID."""
        if not _UUID.fullmatch(text):
            raise BadRequest(path, "must be a lower-case UUID with hyphens")

    def mint_id(self, body: Message, context: CheckContext) -> str:
        """Return a UUID of version 7; its first 48 bits are the event's time in milliseconds."""
        assert isinstance(body, feldera_pb2.FelderaClusterEvent)
        time = body.recorded_at
        millis = max(0, time.seconds * 1000 + time.nanos // 1_000_000)
        raw = bytearray(millis.to_bytes(6, "big") + context.token(10))
        raw[6] = 0x70 | raw[6] & 0x0F
        raw[8] = 0x80 | raw[8] & 0x3F
        return str(UUID(bytes=bytes(raw)))

    def fill_body(self, body: Message, context: CheckContext) -> None:
        """Set all_healthy."""
        assert isinstance(body, feldera_pb2.FelderaClusterEvent)
        body.all_healthy = all(getattr(body, field) == HEALTHY for field in _STATUS_FIELDS)

    def follow(
        self, draft: core.Draft, last: Sequence[core.Record], context: CheckContext
    ) -> core.Draft:
        """Set the time and the id that the event came without, so that it sorts after the newest.

        One that came with both and does not is refused. The order is that of (recorded_at, id). A
        stored time is no gate for others if it lies further ahead than any that is taken: then the
        record's own time stands for it, and nothing if that lies ahead as well.
        """
        publisher, encoded = split_publisher(draft.body)
        record = event_pb2.EventRecord.FromString(encoded)
        event = record.events[0]
        newest = newest_order(last[-1], context.now_us) if last else None
        if not event.feldera.HasField("recorded_at"):
            now_us = context.now_us if newest is None else max(context.now_us, newest.time_us + 1)
            event.feldera.recorded_at.CopyFrom(timestamp(now_us))
            event.occurred_at.CopyFrom(event.feldera.recorded_at)
        time_us = microseconds(event.feldera.recorded_at)
        if not event.id:
            event.id = self.mint_id(event.feldera, context)
            if newest is not None and time_us == newest.time_us and event.id <= newest.id:
                event.id = following(newest.id, context)
            event.feldera.id = event.id
        if newest is not None and Order(time_us, event.id) <= newest:
            raise OrderRefused(
                draft.subject,
                f"the event does not sort after the newest, which is seq {last[-1].seq}",
            )
        body = publisher + record.SerializeToString(deterministic=True)
        key = draft.key or self.key_of(event, event.feldera)
        return replace(super().follow(draft, last, context), body=body, key=key)

    def order_of(self, event: event_pb2.Event) -> Order | None:
        """Return time and id of an event that has both."""
        has_time = event.feldera.HasField("recorded_at")
        time = event.feldera.recorded_at if has_time else event.occurred_at
        event_id = event.feldera.id or event.id
        is_told = event_id and (has_time or event.HasField("occurred_at"))
        return Order(microseconds(time), event_id) if is_told else None

    def members(self, event: event_pb2.Event) -> Mapping[str, Any]:
        """Return how the cluster and each of its parts are."""
        body = event.feldera
        values = {
            part: {name: getattr(body, f"{part}_{name}") for name in _PART_FIELDS}
            for part in _PARTS
        }
        is_healthy = all(value["status"] == HEALTHY for value in values.values())
        status = HEALTHY if is_healthy else UNHEALTHY
        return {
            "status": status,
            "cluster": {"id": CLUSTER, "status": status, "value": values},
            "parts": {
                part: {"id": part, "cluster": CLUSTER, "value": value}
                for part, value in values.items()
            },
        }

    def words(self, event: event_pb2.Event) -> Sequence[str]:
        """Return the three statuses."""
        body = event.feldera
        named = {
            "api": body.api_status,
            "compiler": body.compiler_status,
            "runner": body.runner_status,
        }
        return [f"{name} {status}" for name, status in named.items() if status]

    def envelope(self, events: Sequence[event_pb2.Event]) -> Envelope:
        """Return all_healthy of the event."""
        facts = [event.feldera.all_healthy for event in events]
        return Envelope(frozenset(facts), facts)

    def matcher(self, selector: Message) -> Matcher:
        """Return a matcher of all_healthy."""
        assert isinstance(selector, feldera_pb2.FelderaSelector)
        return (
            FelderaMatcher(selector.all_healthy)
            if selector.HasField("all_healthy")
            else Everything()
        )

    def projection(self) -> ShownClusterEvents:
        """Return a new, empty view of what Feldera's API shows."""
        return ShownClusterEvents(self.window, _event_of)


def _event_of(record: core.Record) -> feldera_pb2.FelderaClusterEvent:
    return event_pb2.EventRecord.FromString(record.body).events[0].feldera


def make() -> FelderaDialect:
    """Return Feldera's dialect."""
    return FelderaDialect()
