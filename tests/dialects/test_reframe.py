"""A draft that is stored as it came is never copied as messages."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.dialects.drafts import check, stored
from tests.generated.vendors import some
from tidings.dialects.nomad import make
from tidings.dialects.reframe import record_of
from tidings.v1 import event_pb2, nomad_pb2


@settings(max_examples=100, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), count=st.integers(0, 12), newer=st.binary(max_size=127))
def test_it_is_what_encoding_a_copy_gives(seed: int, count: int, newer: bytes) -> None:
    chance = random.Random(seed)
    draft = event_pb2.Draft(key=chance.choice(["", "a key"]))
    for _ in range(count):
        event = draft.events.add(id="x" * chance.randrange(300))
        event.nomad.CopyFrom(some(nomad_pb2.NomadEvent, chance))
        # field 1000 of an event, which only newer stubs have
        event.MergeFromString(b"\xc2\x3e%c%b" % (len(newer), newer))
    copied = event_pb2.Record(events=draft.events).SerializeToString(deterministic=True)
    assert record_of(draft.SerializeToString(deterministic=True)) == copied


def test_plain_events_are_not_copied(monkeypatch: pytest.MonkeyPatch) -> None:
    nomad = make()
    payload = nomad_pb2.NomadPayload(job={"id": "web"})  # type: ignore[arg-type]  # a message, or its fields by name
    event = event_pb2.Event()
    event.nomad.topic, event.nomad.type = "Job", "JobRegistered"
    event.nomad.payload.CopyFrom(payload)
    check(nomad, event)  # what is made once
    monkeypatch.delattr("tidings.dialects.dialect.event_pb2.Record")
    checked = check(nomad, event, event)
    monkeypatch.undo()
    assert list(stored(checked)) == [event, event]
