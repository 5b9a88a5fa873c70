"""Whether events are those of a stored record: what G4 calls the same content."""

from __future__ import annotations

from collections.abc import Sequence

from google.protobuf.message import Message

from tidings.core.record import Record
from tidings.dialects.checking import content_of
from tidings.dialects.dialect import Dialect
from tidings.dialects.rules import events_of
from tidings.v1 import event_pb2


def is_same(
    dialect: Dialect,
    given: Sequence[event_pb2.Event],
    record: Record,
    *,
    places: Sequence[int] = (),
    is_by_id: bool = False,
) -> bool:
    """Say whether events are those of a stored record, as any reader is given them.

    `places` are theirs among all of the record's, as in `EventRecord`; none = they are all.

    What the service set counts only where it was given too, and the form of a payload does not
    count: so a record that is published again as it was printed is the same. If `is_by_id`,
    as when an identifier led to the record, no more does a source that is not given.
    """
    stored = events_of(record)
    if record.system != dialect.system:
        return False
    dialect.complete(record.seq, stored)
    if places:
        wanted = frozenset(places)
        stored = [event for place, event in enumerate(stored) if place in wanted]
    if len(stored) != len(given):
        return False
    copies = event_pb2.EventRecord(events=given).events
    for copy, event in zip(copies, stored, strict=True):
        if is_by_id and not copy.source:
            event.source = ""
    return all(_are_same(dialect, *pair) for pair in zip(copies, stored, strict=True))


def _are_same(dialect: Dialect, given: event_pb2.Event, stored: event_pb2.Event) -> bool:
    body: Message = getattr(given, dialect.system)
    stored_body: Message = getattr(stored, dialect.system)
    for field in dialect.ignored_fields:
        body.ClearField(field)
        stored_body.ClearField(field)
    is_set = {field.name for field, _ in body.ListFields()}
    for field in {*dialect.filled_fields, dialect.id_field, dialect.time_field} - is_set - {""}:
        stored_body.ClearField(field)
    if not given.id:
        stored.id = ""
    if not given.HasField("occurred_at"):
        stored.ClearField("occurred_at")
    # What only one form can tell, such as a duration of 0 from none, makes no difference.
    return any(
        _in_form(dialect, given, as_json=form) == _in_form(dialect, stored, as_json=form)
        for form in (False, True)
    )


def _in_form(dialect: Dialect, event: event_pb2.Event, *, as_json: bool) -> bytes:
    if dialect.payload_fields is None:
        return content_of(dialect, event)
    typed, text = dialect.payload_fields
    made = event_pb2.Event()
    made.CopyFrom(event)
    body: Message = getattr(made, dialect.system)
    _keep_text(body, typed, text)
    dialect.present([made], as_json=as_json)
    _keep_text(body, typed, text)
    return content_of(dialect, made)


def _keep_text(body: Message, typed: str, text: str) -> None:
    """Take the typed payload out where there is text as well: it may not hold all of it."""
    if getattr(body, text):
        body.ClearField(typed)
