"""What Tidings says of itself: read like any other event, published by nobody."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

from google.protobuf.message import Message

from tidings.core.errors import BadRequest
from tidings.core.selection import Envelope, Everything, Matcher
from tidings.dialects.dialect import Dialect
from tidings.v1 import event_pb2, tidings_event_pb2


@dataclass(frozen=True, slots=True)
class TidingsMatcher:
    """Wants what is said of these mirrors."""

    mirrors: frozenset[str]

    @property
    def terms(self) -> frozenset[Hashable] | None:
        """The mirrors' names."""
        return self.mirrors

    def selects(self, facts: str) -> bool:
        """Say whether the event is about one of the mirrors."""
        return facts in self.mirrors


class TidingsDialect(Dialect):
    """The rules of Tidings' own events."""

    system = "tidings"
    body_field = "tidings"

    def check_body(self, body: Message, path: str) -> None:
        """Refuse everything: only Tidings speaks for itself."""
        raise BadRequest(path.removesuffix("."), "events of Tidings itself cannot be published")

    def envelope(self, events: Sequence[event_pb2.Event]) -> Envelope:
        """Return the name of the mirror that each event is about."""
        names = [_mirror(event.tidings) for event in events]
        return Envelope(frozenset(names), names)

    def matcher(self, selector: Message) -> Matcher:
        """Return a matcher of mirrors; none = everything."""
        assert isinstance(selector, tidings_event_pb2.TidingsSelector)
        return TidingsMatcher(frozenset(selector.mirrors)) if selector.mirrors else Everything()


def _mirror(event: tidings_event_pb2.TidingsEvent) -> str:
    kind = event.WhichOneof("kind")
    return getattr(event, kind).mirror if kind else ""


def make() -> TidingsDialect:
    """Return the dialect of Tidings' own events."""
    return TidingsDialect()
