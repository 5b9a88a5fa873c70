"""Encoded events are seen as what they are, and stored as they came, without being decoded."""

from __future__ import annotations

import random

import pytest
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.dialects.drafts import check, stored
from tests.generated.vendors import CODECS, Codec, is_map, some
from tidings.dialects.nomad import make
from tidings.dialects.shapes import FieldScan, record_of
from tidings.v1 import event_pb2, nomad_pb2

PATH = "tidings.v1.NomadEvent."


def nomad(key: str = "web", **fields: object) -> event_pb2.Event:
    event = event_pb2.Event()
    event.nomad.key = key
    for name, value in fields.items():
        setattr(event.nomad, name, value)
    return event


def at(name: str) -> FieldScan:
    return FieldScan(event_pb2.EventRecord.DESCRIPTOR, lambda field: field.full_name == PATH + name)


@pytest.mark.parametrize(
    ("held", "places"),
    [("payload", ()), ("payload", (0,)), ("payload", (499,)), ("payload_json", (250, 251))],
)
def test_a_field_is_found_in_any_of_many_messages(held: str, places: tuple[int, ...]) -> None:
    def body(place: int) -> bytes:
        event = nomad(key="\x3a\x42" * 9)  # what the tags of both fields look like
        if place in places and held == "payload":
            event.nomad.payload.SetInParent()  # without a member: it is one all the same
        elif place in places:
            event.nomad.payload_json = b"{}"
        return event_pb2.EventRecord(events=[nomad(), event, nomad()]).SerializeToString()

    stored = b"".join(map(body, range(500)))
    assert at(held).holds(stored) is bool(places)
    assert not at("payload" if held == "payload_json" else "payload_json").holds(stored)
    assert not at(held).holds(b"")


def test_what_the_contract_does_not_have_is_not_there() -> None:
    stored = event_pb2.EventRecord(events=[nomad()]).SerializeToString()
    assert not FieldScan(event_pb2.EventRecord.DESCRIPTOR, lambda _field: False).holds(stored)


@pytest.mark.parametrize("codec", CODECS, ids=str)
@settings(max_examples=20)
@given(seed=st.integers(0, 2**32 - 1))
def test_it_sees_what_a_walk_sees(codec: Codec, seed: int) -> None:
    chance = random.Random(seed)
    message = some(codec.message, chance)
    wanted = chance.choice(_fields_below(message) or list(codec.message.DESCRIPTOR.fields))
    scan = FieldScan(message.DESCRIPTOR, lambda field: field == wanted)
    others = [some(codec.message, chance) for _ in range(3)]
    assert scan.holds(message.SerializeToString()) == (wanted in _fields_below(message))
    joined = b"".join(each.SerializeToString() for each in (*others, message, *others))
    assert scan.holds(joined) == any(wanted in _fields_below(each) for each in (message, *others))


@settings(max_examples=100)
@given(seed=st.integers(0, 2**32 - 1), count=st.integers(0, 12), newer=st.binary(max_size=127))
def test_a_record_of_a_draft_is_an_encoded_copy(seed: int, count: int, newer: bytes) -> None:
    chance = random.Random(seed)
    draft = event_pb2.Draft(key=chance.choice(["", "a key"]))
    for _ in range(count):
        event = draft.events.add(id="x" * chance.randrange(300))
        event.nomad.CopyFrom(some(nomad_pb2.NomadEvent, chance))
        # field 1000 of an event, which only newer stubs have
        event.MergeFromString(b"\xc2\x3e%c%b" % (len(newer), newer))
    copied = event_pb2.EventRecord(events=draft.events).SerializeToString(deterministic=True)
    assert record_of(draft.SerializeToString(deterministic=True)) == copied


def test_plain_events_are_not_copied(monkeypatch: pytest.MonkeyPatch) -> None:
    nomad = make()
    payload = nomad_pb2.NomadPayload(job={"id": "web"})  # type: ignore[arg-type]  # a message, or its fields by name
    event = event_pb2.Event()
    event.nomad.topic, event.nomad.type = "Job", "JobRegistered"
    event.nomad.payload.CopyFrom(payload)
    check(nomad, event)  # what is made once
    monkeypatch.delattr("tidings.dialects.dialect.event_pb2.EventRecord")
    checked = check(nomad, event, event)
    monkeypatch.undo()
    assert list(stored(checked)) == [event, event]


def _fields_below(message: Message) -> list[FieldDescriptor]:
    """Return every field that is set, at any depth."""
    found: list[FieldDescriptor] = []
    for field, value in message.ListFields():
        found.append(field)
        if field.message_type is None:
            continue
        if is_map(field):
            entry = field.message_type.fields_by_name["value"]
            items = value.values() if entry.message_type is not None else ()
        else:
            items = value if field.is_repeated else (value,)
        for item in items:
            found += _fields_below(item)
    return found
