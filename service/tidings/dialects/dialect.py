"""What a dialect is, and the rules that every draft must keep whatever its system.

A dialect is one system's meaning in the service: what may be published, what selection may see,
which order matters. It is pure: time and randomness come in as arguments, and what is stored comes
in as records.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, NamedTuple, Protocol

from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from tidings.core import record as core
from tidings.core.errors import BadRequest, PayloadTooLarge
from tidings.core.limits import MAX_RECORD_BYTES, MAX_WINDOW_BYTES
from tidings.core.selection import Envelope, Matcher
from tidings.dialects.rules import check_key, check_object, check_time, microseconds, timestamp
from tidings.dialects.shapes import Glance, record_of
from tidings.v1 import event_pb2, json_runtime

KEY_SEPARATOR = "\x1f"
"""Between source and id in a key made of both: ASCII's unit separator, not found in names."""


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


class Projection(Protocol):
    """A small view of one system's newest records, kept beside the log."""

    @property
    def depth(self) -> int:
        """How many of the system's newest records it must be given to be complete."""
        ...

    def apply(self, record: core.Record) -> object:
        """Take the system's next record."""
        ...


class Dialect:
    """One system's rules; the defaults suit a system that has none of its own.

    Stateless: any method may be called from anywhere, and none changes what it is given unless it
    says so.
    """

    system: ClassVar[str]
    body_field: ClassVar[str]
    """Name of the system's member of `Event.body`."""

    max_events: ClassVar[int | None] = None
    """How many events a record may hold; None = as many as any (`MAX_RECORD_EVENTS`)."""

    window: ClassVar[Window | None] = None
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

    glance: ClassVar[Glance | None] = None
    """Sees whether an encoded draft has what `check_payload` and `blank_payload` are about."""

    keeps_events: ClassVar[bool] = False
    """Whether an event is stored as it came, unless `blank_payload` changes it."""

    ignored_fields: ClassVar[tuple[str, ...]] = ()
    """Fields of the body that the service sets; what a publisher puts there is dropped."""

    filled_fields: ClassVar[tuple[str, ...]] = ()
    """Fields of the body, beside id and time, that the service sets where a publisher did not."""

    claims_are_unique: ClassVar[bool] = False
    """Whether an identifier that claims a position of ours can hardly be another system's."""

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
        """Refuse a payload that nobody could be given. Asked if `glance` sees anything in a draft.

        Raises:
            BadRequest: which field, and why.
        """

    def blank_payload(self, body: Message) -> None:
        """Blank what must not be stored. Asked if `glance` sees anything in a draft."""

    def fill_body(self, body: Message, context: CheckContext) -> None:
        """Set in the body what the publisher left to the service."""

    def check_id(self, text: str, path: str) -> None:
        """Refuse an identifier that the system could not have. Asked when `id_field` is set."""

    def mint_id(self, body: Message, context: CheckContext) -> str:
        """Return a new identifier for an event that came without one."""
        raise AssertionError(
            self.system
        )  # only systems with an id_field are asked, and they override it

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

    def remarks(self, events: Sequence[event_pb2.Event]) -> Sequence[str]:
        """Return what of checked events is unlike the system's documentation, for a metric.

        Fixed words: what a source sent is no reason to refuse it, but its operator may wonder.
        """
        return ()

    def claimed_seq(self, event: event_pb2.Event) -> int | None:
        """Return the position that an identifier says an event has, if it is one that we print."""
        return None

    def subject_of_id(self, event: event_pb2.Event) -> str:
        """Return the subject of all records with the event's id; "" = it has none, or they differ.

        Asked of events as they were given.
        """
        return ""

    def order_of(self, event: event_pb2.Event) -> tuple[int, str] | None:
        """Return where an event stands among the system's; None if it does not say, or has none."""
        return None

    def check(self, draft: event_pb2.Draft, context: CheckContext) -> core.Draft:
        """Check everything that does not depend on stored records, and return what to append.

        The argument stays as it is. Field names in errors are paths inside the draft.

        Raises:
            BadRequest: a rule is broken.
            PayloadTooLarge: something is larger than its limit.
        """
        check_key(draft.key)
        if self.max_events is not None and len(draft.events) > self.max_events:
            raise BadRequest("events", f"a record of {self.system} holds {self.max_events} event")
        encoded = draft.SerializeToString(deterministic=True)
        is_delicate = self.glance is not None and self.glance.holds(encoded)
        may_change = is_delicate or not self.keeps_events
        stored = event_pb2.Record(events=draft.events) if may_change else None
        events = draft.events if stored is None else stored.events
        contents: list[bytes] = []
        key = draft.key
        for place, event in enumerate(events):
            path = f"events[{place}]."
            body = self._check_event(event, path, context)
            if is_delicate:
                self.check_payload(body, f"{path}{self.body_field}.")
            is_alone = len(draft.events) == 1
            if not key and is_alone:
                key = self._key_of(event, body)
            if key or (self.id_field and is_alone):  # nobody asks for the digest of others
                contents.append(self.content(event))
            self._fill_event(event, body, context)
            if not key and is_alone and self.id_field:
                key = self._key_of(event, body)  # a new id names the event like a publisher's own
            if is_delicate:
                self.blank_payload(body)
        if stored is None:
            encoded = record_of(encoded)
        else:
            encoded = stored.SerializeToString(deterministic=True)
        if len(encoded) > MAX_RECORD_BYTES:
            raise PayloadTooLarge("events", len(encoded), MAX_RECORD_BYTES)
        return core.Draft(
            system=self.system,
            subject=self.subject(events[0]),
            body=encoded,
            key=key or None,
            digest=_digest(contents) if contents else b"",
        )

    def _check_event(self, event: event_pb2.Event, path: str, context: CheckContext) -> Message:
        body: Message = getattr(event, self.body_field)
        if event.HasField("occurred_at"):
            check_time(event.occurred_at, path + "occurred_at")
        for field in self.ignored_fields:
            body.ClearField(field)
        inside = f"{path}{self.body_field}."
        self.check_body(body, inside)
        if self.payload_fields is not None:
            _, name = self.payload_fields
            text: bytes = getattr(body, name)
            if text:
                check_object(text, inside + name)
        if self.id_field:
            self._check_ids(event, body, path)
        if self.time_field and body.HasField(self.time_field):
            self._check_times(event, getattr(body, self.time_field), path)
        if self.max_ahead_s is not None:
            self._check_ahead(event, body, path, context.now_us)
        return body

    def _check_ahead(self, event: event_pb2.Event, body: Message, path: str, now_us: int) -> None:
        assert self.max_ahead_s is not None
        latest_us = now_us + int(self.max_ahead_s * 1_000_000)
        field = f"{self.body_field}.{self.time_field}"
        given = (field, getattr(body, self.time_field)), ("occurred_at", event.occurred_at)
        for name, time in given:
            if microseconds(time) > latest_us:
                raise BadRequest(
                    path + name, f"lies more than {self.max_ahead_s:.0f} s ahead of the server"
                )

    def content(self, event: event_pb2.Event) -> bytes:
        """Return bytes that are equal for checked events that a publisher would call the same.

        JSON text counts in its canonical form: Nomad's member order is not stable.
        """
        if self.payload_fields is not None:
            _, name = self.payload_fields
            text: bytes = getattr(getattr(event, self.body_field), name)
            if text:
                same = event_pb2.Event()
                same.CopyFrom(event)
                setattr(getattr(same, self.body_field), name, json_runtime.canonical(text))
                event = same
        return event.SerializeToString(deterministic=True)

    def _check_ids(self, event: event_pb2.Event, body: Message, path: str) -> None:
        inner = getattr(body, self.id_field)
        if event.id and inner and event.id != inner:
            raise BadRequest(path + "id", f"differs from {self.body_field}.{self.id_field}")
        if inner:
            self.check_id(inner, f"{path}{self.body_field}.{self.id_field}")
        elif event.id:
            self.check_id(event.id, path + "id")

    def _check_times(self, event: event_pb2.Event, inner: Timestamp, path: str) -> None:
        inner_path = f"{path}{self.body_field}.{self.time_field}"
        check_time(inner, inner_path)
        if inner.nanos % self.time_step_ns:
            raise BadRequest(inner_path, f"must be a multiple of {self.time_step_ns} ns")
        if event.HasField("occurred_at") and self._floored(event.occurred_at) != inner:
            raise BadRequest(
                path + "occurred_at", f"differs from {self.body_field}.{self.time_field}"
            )

    def _key_of(self, event: event_pb2.Event, body: Message) -> str:
        """Return the key that source and id make; empty for an event without an id."""
        given_id = event.id or (getattr(body, self.id_field) if self.id_field else "")
        if not given_id:
            return ""
        key = f"{event.source}{KEY_SEPARATOR}{given_id}"
        check_key(key)
        return key

    def _fill_event(self, event: event_pb2.Event, body: Message, context: CheckContext) -> None:
        if self.time_field:
            self._fill_time(event, body, context)
        if self.id_field:
            given = getattr(body, self.id_field) or event.id
            event.id = given or ("" if self.mints_in_order else self.mint_id(body, context))
            setattr(body, self.id_field, event.id)
        self.fill_body(body, context)

    def _fill_time(self, event: event_pb2.Event, body: Message, context: CheckContext) -> None:
        inner: Timestamp = getattr(body, self.time_field)
        if not body.HasField(self.time_field):
            if event.HasField("occurred_at"):
                given = event.occurred_at
            elif self.mints_in_order:
                return
            else:
                given = timestamp(context.now_us)
            inner.CopyFrom(self._floored(given))
        if not event.HasField("occurred_at"):
            event.occurred_at.CopyFrom(inner)

    def _floored(self, time: Timestamp) -> Timestamp:
        return Timestamp(seconds=time.seconds, nanos=time.nanos - time.nanos % self.time_step_ns)


def _digest(contents: Sequence[bytes]) -> bytes:
    framed = (len(content).to_bytes(8, "big") + content for content in contents)
    return hashlib.sha256(b"".join(framed)).digest()
