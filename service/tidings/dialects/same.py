"""Whether events are those of a stored record: what G4 calls the same content."""

from __future__ import annotations

from collections.abc import Sequence

from google.protobuf.message import Message

from tidings.core.record import Record
from tidings.dialects.dialect import Dialect
from tidings.dialects.rules import events_of
from tidings.v1 import event_pb2


def is_same(
    dialect: Dialect, given: Sequence[event_pb2.Event], record: Record, *, is_nameless: bool = False
) -> bool:
    """Say whether events are those of a stored record, as any reader is given them.

    What the service set counts only where it was given too, and the form of a payload does not
    count: so a record that is published again as it was printed is the same. If `is_nameless`, one
    whose publisher gave it an id is another one.
    """
    stored = events_of(record)
    if record.system != dialect.system or len(stored) != len(given):
        return False
    if is_nameless and any(event.id for event in stored):
        return False
    dialect.complete(record.seq, stored)
    copies = event_pb2.Record(events=given).events
    return all(_are_same(dialect, *pair) for pair in zip(copies, stored, strict=True))


def _are_same(dialect: Dialect, given: event_pb2.Event, stored: event_pb2.Event) -> bool:
    body: Message = getattr(given, dialect.body_field)
    stored_body: Message = getattr(stored, dialect.body_field)
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
    return _comparable(dialect, given) == _comparable(dialect, stored)


def _comparable(dialect: Dialect, event: event_pb2.Event) -> bytes:
    if dialect.payload_fields is not None:
        dialect.present([event], as_json=False)
        typed, text = dialect.payload_fields
        body: Message = getattr(event, dialect.body_field)
        if getattr(body, text):  # the types cannot hold all of it
            body.ClearField(typed)
    return dialect.content(event)
