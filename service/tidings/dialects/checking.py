"""The rules that every draft must keep whatever its system, and what is stored of it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from tidings.core import record as core
from tidings.core.errors import BadRequest, PayloadTooLarge
from tidings.core.limits import MAX_RECORD_BYTES
from tidings.dialects.dialect import CheckContext, Dialect
from tidings.dialects.rules import (
    check_copied_from,
    check_key,
    check_object,
    check_time,
    microseconds,
    timestamp,
)
from tidings.dialects.shapes import record_of
from tidings.v1 import event_pb2, json_runtime


def check_draft(dialect: Dialect, draft: event_pb2.Draft, context: CheckContext) -> core.Draft:
    """Check everything that does not depend on stored records, and return what to append.

    The argument stays as it is. Field names in errors are paths inside the draft.

    Raises:
        BadRequest: a rule is broken.
        PayloadTooLarge: something is larger than its limit.
    """
    check_key(draft.key)
    if dialect.max_events is not None and len(draft.events) > dialect.max_events:
        raise BadRequest("events", f"a record of {dialect.system} holds {dialect.max_events} event")
    encoded = draft.SerializeToString(deterministic=True)
    is_delicate = dialect.delicate_fields is not None and dialect.delicate_fields.holds(encoded)
    may_change = is_delicate or not dialect.keeps_events
    # parsed, since messages are copied one by one, which takes ten times as long
    stored = event_pb2.EventRecord.FromString(record_of(encoded)) if may_change else None
    events = draft.events if stored is None else stored.events
    contents: list[bytes] = []
    key = draft.key
    for place, event in enumerate(events):
        path = f"events[{place}]."
        body = _check_event(dialect, event, path, context)
        if is_delicate:
            dialect.check_payload(body, f"{path}{dialect.system}.")
        is_alone = len(draft.events) == 1
        if not key and is_alone:
            key = dialect.key_of(event, body)
        if key or (dialect.id_field and is_alone):  # nobody asks for the digest of others
            contents.append(content_of(dialect, event))
        _fill_event(dialect, event, body, context)
        if not key and is_alone and dialect.id_field:
            key = dialect.key_of(event, body)  # a new id names the event like a publisher's own
        if is_delicate:
            dialect.blank_payload(body)
    record = record_of(encoded) if stored is None else stored.SerializeToString(deterministic=True)
    if len(record) > MAX_RECORD_BYTES:
        raise PayloadTooLarge("events", len(record), MAX_RECORD_BYTES)
    return core.Draft(
        system=dialect.system,
        subject=dialect.subject(events[0]),
        body=record,
        key=key or None,
        digest=_digest(contents) if contents else b"",
    )


def _check_event(
    dialect: Dialect, event: event_pb2.Event, path: str, context: CheckContext
) -> Message:
    body: Message = getattr(event, dialect.system)
    if event.HasField("occurred_at"):
        check_time(event.occurred_at, path + "occurred_at")
    check_copied_from(event.copied_from, path + "copied_from")
    for field in dialect.ignored_fields:
        body.ClearField(field)
    inside = f"{path}{dialect.system}."
    dialect.check_body(body, inside)
    if dialect.payload_fields is not None:
        _, name = dialect.payload_fields
        text: bytes = getattr(body, name)
        if text:
            check_object(text, inside + name)
    if dialect.id_field:
        _check_ids(dialect, event, body, path)
    if dialect.time_field and body.HasField(dialect.time_field):
        _check_times(dialect, event, getattr(body, dialect.time_field), path)
    time = dialect.own_time(body)
    if time is not None and event.HasField("occurred_at") and event.occurred_at != time:
        raise BadRequest(path + "occurred_at", f"differs from the time of {dialect.system}")
    if dialect.max_ahead_s is not None:
        _check_ahead(dialect, event, body, path, context.now_us)
    return body


def _check_ahead(
    dialect: Dialect, event: event_pb2.Event, body: Message, path: str, now_us: int
) -> None:
    assert dialect.max_ahead_s is not None
    latest_us = now_us + int(dialect.max_ahead_s * 1_000_000)
    field = f"{dialect.system}.{dialect.time_field}"
    given = (field, getattr(body, dialect.time_field)), ("occurred_at", event.occurred_at)
    for name, time in given:
        if microseconds(time) > latest_us:
            raise BadRequest(
                path + name, f"lies more than {dialect.max_ahead_s:.0f} s ahead of the server"
            )


def content_of(dialect: Dialect, event: event_pb2.Event) -> bytes:
    """Return bytes that are equal for checked events that a publisher would call the same.

    JSON text counts in its canonical form: Nomad's member order is not stable. By which way the
    event came here does not count.
    """
    name, text = "", b""
    if dialect.payload_fields is not None:
        _, name = dialect.payload_fields
        text = getattr(getattr(event, dialect.system), name)
    if text or event.copied_from:
        same = event_pb2.Event()
        same.CopyFrom(event)
        same.ClearField("copied_from")
        if text:
            setattr(getattr(same, dialect.system), name, json_runtime.canonical(text))
        event = same
    return event.SerializeToString(deterministic=True)


def _check_ids(dialect: Dialect, event: event_pb2.Event, body: Message, path: str) -> None:
    inner = getattr(body, dialect.id_field)
    if event.id and inner and event.id != inner:
        raise BadRequest(path + "id", f"differs from {dialect.system}.{dialect.id_field}")
    if inner:
        dialect.check_id(inner, f"{path}{dialect.system}.{dialect.id_field}")
    elif event.id:
        dialect.check_id(event.id, path + "id")


def _check_times(dialect: Dialect, event: event_pb2.Event, inner: Timestamp, path: str) -> None:
    inner_path = f"{path}{dialect.system}.{dialect.time_field}"
    check_time(inner, inner_path)
    if inner.nanos % dialect.time_step_ns:
        raise BadRequest(inner_path, f"must be a multiple of {dialect.time_step_ns} ns")
    if event.HasField("occurred_at") and _floored(dialect, event.occurred_at) != inner:
        raise BadRequest(
            path + "occurred_at", f"differs from {dialect.system}.{dialect.time_field}"
        )


def _fill_event(
    dialect: Dialect, event: event_pb2.Event, body: Message, context: CheckContext
) -> None:
    if dialect.time_field:
        _fill_time(dialect, event, body, context)
    elif (time := dialect.own_time(body)) is not None:
        event.occurred_at.CopyFrom(time)
    if dialect.id_field:
        given = getattr(body, dialect.id_field) or event.id
        event.id = given or ("" if dialect.mints_in_order else dialect.mint_id(body, context))
        setattr(body, dialect.id_field, event.id)
    dialect.fill_body(body, context)


def _fill_time(
    dialect: Dialect, event: event_pb2.Event, body: Message, context: CheckContext
) -> None:
    inner: Timestamp = getattr(body, dialect.time_field)
    if not body.HasField(dialect.time_field):
        if event.HasField("occurred_at"):
            given = event.occurred_at
        elif dialect.mints_in_order:
            return
        else:
            given = timestamp(context.now_us)
        inner.CopyFrom(_floored(dialect, given))
    if not event.HasField("occurred_at"):
        event.occurred_at.CopyFrom(inner)


def _floored(dialect: Dialect, time: Timestamp) -> Timestamp:
    return Timestamp(seconds=time.seconds, nanos=time.nanos - time.nanos % dialect.time_step_ns)


def _digest(contents: Sequence[bytes]) -> bytes:
    framed = (len(content).to_bytes(8, "big") + content for content in contents)
    return hashlib.sha256(b"".join(framed)).digest()
