"""What Tidings says of itself: read like any other event, published by nobody."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from google.protobuf.message import Message

from tidings.core import record as core
from tidings.core.errors import BadRequest
from tidings.core.selection import Envelope, Everything, Matcher
from tidings.dialects.dialect import Dialect
from tidings.dialects.facet_paths import FacetPaths, ObjectPaths
from tidings.dialects.rights import WholeRights
from tidings.dialects.rules import OWN_SOURCE, timestamp
from tidings.v1 import event_pb2, tidings_event_pb2


@dataclass(frozen=True, slots=True)
class TidingsMatcher:
    """Wants what is said of these sources."""

    sources: frozenset[str]

    @property
    def terms(self) -> frozenset[Hashable] | None:
        """The sources' names."""
        return self.sources

    def selects(self, facts: str) -> bool:
        """Say whether the event is about one of the sources."""
        return facts in self.sources


class TidingsRights(WholeRights):
    """Everything that Tidings says of itself, or nothing."""

    __slots__ = ()
    system = "tidings"


class TidingsDialect(Dialect):
    """The rules of Tidings' own events."""

    system = "tidings"
    rights = TidingsRights
    facet_paths = FacetPaths(
        type="kind",
        identifiers=(("source", "about.source"),),
        text=("about.source", "about.reason"),
        objects=(ObjectPaths("source", "source", id="id", status="status", value="value"),),
    )

    def check_body(self, body: Message, path: str) -> None:
        """Refuse everything: only Tidings speaks for itself."""
        raise BadRequest(path.removesuffix("."), "events of Tidings itself cannot be published")

    def members(self, event: event_pb2.Event) -> Mapping[str, Any]:
        """Return what kind of thing is told of which source, and how the source is."""
        kind = event.tidings.WhichOneof("kind")
        told: dict[str, Any] = {"kind": kind}
        if kind is None:
            return told
        told["about"] = about = getattr(event.tidings, kind)
        if isinstance(about, tidings_event_pb2.SourceState):
            status = _status(about)
            value = {"status": status, "reason": about.reason}
            told["source"] = {"id": about.source, "status": status, "value": value}
        return told

    def words(self, event: event_pb2.Event) -> Sequence[str]:
        """Return the kind of event, and of which source it tells what."""
        kind = event.tidings.WhichOneof("kind")
        if kind is None:
            return ()
        about = getattr(event.tidings, kind)
        is_gap = isinstance(about, tidings_event_pb2.SourceGap)
        how = _bounds(about) if is_gap else _status(about)
        return kind, about.source, how, about.reason

    def envelope(self, events: Sequence[event_pb2.Event]) -> Envelope:
        """Return the name of the source that each event is about."""
        names = [_source(event.tidings) for event in events]
        return Envelope(frozenset(names), names)

    def matcher(self, selector: Message) -> Matcher:
        """Return a matcher of sources; none = everything."""
        assert isinstance(selector, tidings_event_pb2.TidingsSelector)
        return TidingsMatcher(frozenset(selector.sources)) if selector.sources else Everything()


def own_draft(
    event: tidings_event_pb2.TidingsEvent, key: str, now_us: int, copied_from: Sequence[str] = ()
) -> core.Draft:
    """Return what is appended when Tidings says something of itself; key "" = it has none."""
    said = event_pb2.Event(
        source=OWN_SOURCE,
        occurred_at=timestamp(now_us),
        tidings=event,
        copied_from=copied_from,
    )
    body = event_pb2.EventRecord(events=[said]).SerializeToString(deterministic=True)
    # what it says at one key is the same, though not to the microsecond
    return core.Draft("tidings", "tidings", body, key or None, key.encode())


def _source(event: tidings_event_pb2.TidingsEvent) -> str:
    kind = event.WhichOneof("kind")
    return getattr(event, kind).source if kind else ""


def _status(state: tidings_event_pb2.SourceState) -> str:
    if state.connected:
        return "connected"
    return "stale" if state.HasField("stale_since") else "disconnected"


def _bounds(gap: tidings_event_pb2.SourceGap) -> str:
    """Return between which positions events may be missing; each of them is there."""
    if gap.after and gap.before:
        return f"between {gap.after} and {gap.before}"
    return f"after {gap.after}" if gap.after else f"before {gap.before}" if gap.before else ""


def make() -> TidingsDialect:
    """Return the dialect of Tidings' own events."""
    return TidingsDialect()
