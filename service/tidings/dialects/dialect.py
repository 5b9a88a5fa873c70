"""What a dialect is: what `checking` asks of it for each draft, and selection for each record.

A dialect is one system's meaning in the service: what may be published, what selection may see,
which order matters. It is pure: time and randomness come in as arguments, and what is stored comes
in as records.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, ClassVar, NamedTuple

from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from tidings.core import record as core
from tidings.core.conditions import ANY_KIND
from tidings.core.limits import MAX_WINDOW_BYTES
from tidings.core.projection import Projection
from tidings.core.selection import Envelope, Matcher
from tidings.dialects.facet_paths import FacetPaths
from tidings.dialects.facets import (
    Facets,
    ObjectVersion,
    facets_of,
    identifiers_of,
    objects_in,
    versions_in,
)
from tidings.dialects.paths import text_at, value_at
from tidings.dialects.rights import SystemRights
from tidings.dialects.rules import check_key
from tidings.dialects.shapes import FieldScan
from tidings.v1 import event_pb2, json_runtime
from tidings.v1.json_runtime.canonical import loads_exactly


class CheckContext(NamedTuple):
    """What a check may know of the world.

    `now_us` is microseconds since 1970; `token(n)` returns n random bytes; `last_seq` is a position
    that the log has reached, so that the draft's own will be above it.
    """

    now_us: int
    token: Callable[[int], bytes]
    last_seq: int = 1


@dataclass(frozen=True, slots=True)
class Window:
    """What a system's own API shows: the newest `max_count` events, not older than `max_age_s`.

    Encoded they have at most `max_bytes`. The newest event is always shown. None = no such bound.
    Retention never goes below it.
    """

    max_count: int | None = None
    max_age_s: float | None = None
    max_bytes: int = MAX_WINDOW_BYTES


class Dialect:
    """One system's rules; the defaults suit a system that has none of its own.

    Stateless: any method may be called from anywhere, and none changes what it is given unless it
    says so.
    """

    system: ClassVar[str]
    """Its member of `Event.body`, and of `Selection`."""

    rights: ClassVar[type[SystemRights]]
    """Which rights there are to read its events."""

    max_events: ClassVar[int | None] = None
    """How many events a record may hold; None = as many as any (`MAX_RECORD_EVENTS`)."""

    color: ClassVar[int] = 37
    """Of its name on a terminal, as ANSI numbers it."""

    window: Window | None = None
    ordered: ClassVar[bool] = False
    """Whether a draft is stored only as `follow` says, right after the subject's newest record."""

    mints_in_order: ClassVar[bool] = False
    """Whether `follow` sets the time and the id that an event came without, so that they are those
    of its place in the order. Else they are set by `check`."""

    max_ahead_s: ClassVar[float | None] = None
    """How far ahead of now an event's own time may lie; None = it is not looked at."""

    completes: ClassVar[bool] = False
    """Whether fields of its events depend on the record's position and are set by `complete`."""

    payload_fields: ClassVar[tuple[str, str] | None] = None
    """The body's fields for a typed payload and for the same as JSON text; None = it has one form,
    and `present` changes nothing."""

    delicate_fields: ClassVar[FieldScan | None] = None
    """Finds in an encoded draft what `check_payload` and `blank_payload` are about."""

    keeps_events: ClassVar[bool] = False
    """Whether an event is stored as it came, unless `blank_payload` changes it."""

    ignored_fields: ClassVar[tuple[str, ...]] = ()
    """Fields of the body that the service sets; what a publisher puts there is dropped."""

    filled_fields: ClassVar[tuple[str, ...]] = ()
    """Fields of the body, beside id and time, that the service sets where a publisher did not."""

    facet_paths: ClassVar[FacetPaths]
    """Where its events have what can be asked for; `members` spells them so."""

    part_kinds: ClassVar[Mapping[str, str]] = MappingProxyType({})
    """Kinds of objects that have parts, and the kind of those; `subject_of_parts` leads to them."""

    id_field: ClassVar[str] = ""
    """The body's own identifier, which `Event.id` repeats; "" = it has none."""

    time_field: ClassVar[str] = ""
    """The body's own time, which `Event.occurred_at` repeats; "" = it has none."""

    time_step_ns: ClassVar[int] = 1
    """Resolution of the body's own time, in nanoseconds."""

    def check_body(self, body: Message, path: str) -> None:
        """Refuse a body that breaks a rule of the system; `path` leads to it and ends with a dot.

        Raises:
            BadRequest: which field, and why.
        """

    def check_payload(self, body: Message, path: str) -> None:
        """Refuse a payload that no reader could be given. Asked where `delicate_fields` are.

        Raises:
            BadRequest: which field, and why.
        """

    def blank_payload(self, body: Message) -> None:
        """Blank what must not be stored. Asked where `delicate_fields` are."""

    def fill_body(self, body: Message, context: CheckContext) -> None:
        """Set in the body what the publisher left to the service."""

    def check_id(self, text: str, path: str) -> None:
        """Refuse an identifier that the system could not have. Asked when `id_field` is set."""

    def own_time(self, body: Message) -> Timestamp | None:
        """Return the time that a checked body says by itself where it has no `time_field`."""
        return None

    def mint_id(self, body: Message, context: CheckContext) -> str:
        """Return a new identifier for an event that came without one."""
        # Only systems with an `id_field` are asked, and they override it.
        raise AssertionError(self.system)

    def subject(self, event: event_pb2.Event) -> str:
        """Return what the record of a checked first event is filed under."""
        return self.system

    def follow(
        self, draft: core.Draft, last: Sequence[core.Record], context: CheckContext
    ) -> core.Draft:
        """Return the draft as it is to be stored after its subject's newest record.

        `last` is that record, or empty. Only asked when `ordered`, once for each try: the draft is
        stored only if that record still is the newest.

        Raises:
            OrderRefused: the draft may not follow that record.
        """
        return replace(draft, expect_last_seq=last[-1].seq if last else 0)

    def envelope(self, events: Sequence[event_pb2.Event]) -> Envelope:
        """Return what selection and rights may see of a stored record's events."""
        raise AssertionError(self.system)  # every system overrides it

    def matcher(self, selector: Message) -> Matcher:
        """Return what decides for the system's selector message.

        Raises:
            BadRequest: the selector cannot select anything.
        """
        raise AssertionError(self.system)  # every system overrides it

    def complete(self, seq: int, events: Sequence[event_pb2.Event]) -> None:
        """Set the fields that depend on the position, in place."""

    def present(self, events: Sequence[event_pb2.Event], *, as_json: bool) -> bool:
        """Turn payloads into JSON text, or into typed messages, in place; say whether any was."""
        return False

    def projection(self) -> Projection | None:
        """Return a new, empty projection, if the system has one."""
        return None

    def members(self, event: event_pb2.Event) -> Mapping[str, Any]:
        """Return an event as `facet_paths` spell it; a message may stand for an object."""
        raise AssertionError(self.system)  # every system overrides it

    def facets(self, event: event_pb2.Event) -> Facets:
        """Return what can be asked for of a stored event, whichever form its payload has."""
        return facets_of(self.facet_paths, self.members(event))

    def identifiers(
        self, event: event_pb2.Event, kind: str = ANY_KIND
    ) -> tuple[tuple[str, str], ...]:
        """Return the identifiers that its facets have, at least all of a kind, for less."""
        return identifiers_of(self.facet_paths, self.members(event), kind)

    def may_identify(self, event: event_pb2.Event, kind: str, values: frozenset[str]) -> bool:
        """Say whether an identifier of a kind may have one of these values, for far less."""
        return True

    def type_of(self, event: event_pb2.Event) -> str:
        """Return the type that its facets have, without a look at its payload."""
        return text_at(self.members(event), self.facet_paths.type)

    def objects(
        self, event: event_pb2.Event
    ) -> tuple[str, Sequence[tuple[ObjectVersion, json_runtime.Json]]]:
        """Return the type and the objects of an event, as its facets have them, for less.

        Each with what `object_value` returns of it; None where that is more work.
        """
        members = self.members(event)
        kind = text_at(members, self.facet_paths.type)
        found = versions_in(self.facet_paths, kind, members)
        return kind, [(version, None) for version, _ in found]

    def object_json(self, event: event_pb2.Event, kind: str, object_id: str) -> bytes:
        """Return an object that an event carries as JSON, its numbers as they were published.

        Raises:
            KeyError: it carries no such object.
        """
        for paths, name, item in objects_in(self.facet_paths, self.members(event)):
            if name == kind and text_at(item, paths.id) == object_id:
                value = value_at(item, paths.value) if paths.value else item
                return json_runtime.dumps(value)
        raise KeyError(kind, object_id)

    def object_value(self, event: event_pb2.Event, kind: str, object_id: str) -> json_runtime.Json:
        """Return what `loads_exactly` returns of an object's JSON.

        Raises:
            KeyError: the event carries no such object.
        """
        return loads_exactly(self.object_json(event, kind, object_id))

    def subject_of_parts(self, kind: str, object_id: str) -> str:
        """Return the subject of every record that tells of an object's parts."""
        # Only systems with `part_kinds` are asked, and they override it.
        raise AssertionError(self.system)

    def words(self, event: event_pb2.Event) -> Sequence[str]:
        """Return what happened in a few words, for people; empty ones are left out."""
        raise AssertionError(self.system)  # every system overrides it

    def remarks(self, events: Sequence[event_pb2.Event]) -> Sequence[str]:
        """Return what of checked events is unlike the system's documentation, for a metric.

        Fixed words: what a source sent is no reason to refuse it, but its operator may wonder.
        """
        return ()

    def claimed_seq(self, event: event_pb2.Event) -> int | None:
        """Return the position that an identifier says an event has, if it is one that we print."""
        return None

    def is_claimed(self, stored: event_pb2.Event, given: event_pb2.Event) -> bool:
        """Say whether an identifier names the stored event at `claimed_seq` and no other.

        Another log, or the system itself, may have printed it for another event. `stored` is
        complete. By default one that came with an id of its own is another event.
        """
        return not stored.id

    def subject_of_id(self, event: event_pb2.Event) -> str:
        """Return the subject of all records with the event's id; "" = it has none, or they differ.

        Asked of events as they were given.
        """
        return ""

    def order_of(self, event: event_pb2.Event) -> tuple[int, str] | None:
        """Return where an event stands among the system's; None if it does not say, or has none."""
        return None

    def key_of(self, event: event_pb2.Event, body: Message) -> str:
        """Return the key that source and id make; empty for an event without an id.

        Raises:
            BadRequest: it is too long.
        """
        given_id = event.id or (getattr(body, self.id_field) if self.id_field else "")
        if not given_id:
            return ""
        key = f"{event.source}{core.KEY_SEPARATOR}{given_id}"
        check_key(key)
        return key
