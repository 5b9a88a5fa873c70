"""A glance at encoded messages sees what a look at each of them would."""

from __future__ import annotations

import random

import pytest
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.generated.vendors import CODECS, Codec, is_map, some
from tidings.v1 import event_pb2
from tidings.v1.json_runtime import Glance

PATH = "tidings.v1.NomadEvent."


def nomad(key: str = "web", **fields: object) -> event_pb2.Event:
    event = event_pb2.Event()
    event.nomad.key = key
    for name, value in fields.items():
        setattr(event.nomad, name, value)
    return event


def at(name: str) -> Glance:
    return Glance(event_pb2.Record.DESCRIPTOR, lambda field: field.full_name == PATH + name)


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
        return event_pb2.Record(events=[nomad(), event, nomad()]).SerializeToString()

    stored = b"".join(map(body, range(500)))
    assert at(held).holds(stored) is bool(places)
    assert not at("payload" if held == "payload_json" else "payload_json").holds(stored)
    assert not at(held).holds(b"")


def test_what_the_contract_does_not_have_is_not_there() -> None:
    stored = event_pb2.Record(events=[nomad()]).SerializeToString()
    assert not Glance(event_pb2.Record.DESCRIPTOR, lambda field: False).holds(stored)


@pytest.mark.parametrize("codec", CODECS, ids=str)
@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_it_sees_what_a_walk_sees(codec: Codec, seed: int) -> None:
    chance = random.Random(seed)
    message = some(codec.message, chance)
    wanted = chance.choice(_fields_below(message) or list(codec.message.DESCRIPTOR.fields))
    glance = Glance(message.DESCRIPTOR, lambda field: field == wanted)
    others = [some(codec.message, chance) for _ in range(3)]
    assert glance.holds(message.SerializeToString()) == (wanted in _fields_below(message))
    joined = b"".join(each.SerializeToString() for each in (*others, message, *others))
    assert glance.holds(joined) == any(
        wanted in _fields_below(each) for each in (message, *others)
    )


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
