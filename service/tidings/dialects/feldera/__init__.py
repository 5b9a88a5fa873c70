"""Feldera's cluster events: three statuses, and an order by time that publishing keeps."""

from __future__ import annotations

import re
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from uuid import UUID

from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from tidings.core import record as core
from tidings.core.errors import BadRequest, OrderRefused
from tidings.core.selection import Envelope, Everything, Matcher
from tidings.dialects.dialect import CheckContext, Dialect, Window
from tidings.dialects.feldera.shown import ShownClusterEvents
from tidings.v1 import event_pb2, feldera_pb2

HEALTHY = "Healthy"
STATUSES = frozenset({HEALTHY, "Unhealthy", "InitialUnhealthy"})
_STATUS_FIELDS = ("api_status", "compiler_status", "runner_status")
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


class FelderaDialect(Dialect):
    """Feldera's rules."""

    system = "feldera"
    body_field = "feldera"
    max_events = 1
    # Source: Feldera's cluster monitor; both are fixed in its code
    window = Window(max_count=1000, max_age_s=72 * 3600.0)
    ordered = True
    ignored_fields = ("all_healthy",)
    id_field = "id"
    time_field = "recorded_at"
    time_step_ns = 1000

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

    def precondition(self, draft: core.Draft, last: Sequence[core.Record]) -> int:
        """Refuse an event that does not sort after the newest, by (recorded_at, id)."""
        if not last:
            return 0
        new, newest = _order(draft.body), _order(last[-1].body)
        if new <= newest:
            raise OrderRefused(
                draft.subject,
                f"the event does not sort after the newest, which is seq {last[-1].seq}",
            )
        return last[-1].seq

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
    return event_pb2.Record.FromString(record.body).events[0].feldera


def _order(body: bytes) -> tuple[int, int, str]:
    event = event_pb2.Record.FromString(body).events[0].feldera
    time: Timestamp = event.recorded_at
    return time.seconds, time.nanos, event.id


def make() -> FelderaDialect:
    """Return Feldera's dialect."""
    return FelderaDialect()
