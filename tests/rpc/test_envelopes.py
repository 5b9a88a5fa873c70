"""What selection and conditions see of stored records, and how little of them is read for it."""

from __future__ import annotations

import pytest

from tests.rpc import events
from tidings.core.conditions import Conditions
from tidings.core.damage import DAMAGED
from tidings.core.record import Record
from tidings.core.selection import Everything, Selection
from tidings.dialects import load
from tidings.rpc.envelopes import EnvelopeReader, evidence_for
from tidings.v1 import event_pb2, json_runtime

JOB = b'{"Job":{"ID":"web","Type":"batch","Meta":{"team":"green"}}}'
HELD = (
    events.nomad("Job", payload_json=JOB),
    events.nomad("Node", source="prod", payload={"node": {"id": "n1", "datacenter": "green"}}),
)

ESCAPED = events.nomad("Job", payload_json=rb'{"Job":{"ID":"w\u0065b"}}')
LARGE = events.nomad("Job", payload_json=JOB[:-1] + b',"Text":"' + b"x" * 20_000 + b'"}')


def conditions_of(**asked: list[str] | str) -> Conditions:
    given: dict[str, list[str] | str] = {"types": [], "identifiers": [], "sources": [], "text": ""}
    return Conditions.parse(**(given | asked))  # type: ignore[arg-type]  # each of its kind


def pick(*held: event_pb2.Event, **asked: list[str] | str) -> tuple[int, ...] | None:
    conditions = conditions_of(**asked)
    body = event_pb2.EventRecord(events=held or HELD).SerializeToString()
    envelope = EnvelopeReader(load())(Record(7, 0, "nomad", "nomad", body))
    picked = Selection.of({"nomad": Everything()}, conditions).pick("nomad", envelope)
    again = Selection.of({"nomad": Everything()}, conditions).pick("nomad", envelope)
    assert picked == again
    return picked


@pytest.mark.parametrize(
    ("asked", "picked"),
    [
        ({"types": ["JobRegistered"]}, None),
        ({"sources": ["prod"]}, (1,)),
        ({"types": ["JobDeregistered"], "text": "green"}, ()),
        ({"identifiers": ["job/web"]}, (0,)),
        ({"identifiers": ["n1"]}, (1,)),
        ({"identifiers": ["job/web"], "text": "green"}, (0,)),
        ({"text": "green"}, None),
    ],
)
def test_conditions_pick_events_by_what_each_says(
    asked: dict[str, list[str] | str], picked: tuple[int, ...] | None
) -> None:
    assert pick(**asked) == picked


def test_types_and_sources_are_judged_without_a_look_at_payloads(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def unread(_text: bytes) -> object:
        raise AssertionError("a payload was read")

    monkeypatch.setattr(json_runtime, "loads", unread)
    assert pick(types=["JobRegistered"], sources=["prod"]) == (1,)
    with pytest.raises(AssertionError, match="a payload was read"):
        pick(identifiers=["job/web"])
    # what a payload does not even mention need not be parsed to be known as absent
    assert pick(HELD[0], identifiers=["job/other", "node/web"]) == ()


@pytest.mark.parametrize(
    ("held", "asked", "picked"),
    [
        ((ESCAPED, HELD[0]), ["job/web"], None),
        ((HELD[0], ESCAPED), ["job/web", *(f"job/{number}" for number in range(20))], None),
        ((HELD[0], HELD[1]), [f"job/{number}" for number in range(20)], ()),
        ((HELD[0], HELD[1]), ["job/batch"], ()),  # mentioned, but as something else
        ((HELD[0], events.nomad("Job", key="k", payload_json=b"{}")), ["k"], (1,)),
        ((HELD[0], events.nomad("Job", key="k", payload_json=b"{}")), ["key/k"], (1,)),
        ((HELD[0], events.nomad("Job", payload_json=b"no JSON, web")), ["job/web"], (0,)),
    ],
)
def test_an_identifier_is_found_however_its_payload_spells_it(
    held: tuple[event_pb2.Event, ...], asked: list[str], picked: tuple[int, ...] | None
) -> None:
    assert pick(*held, identifiers=asked) == picked


def stored(*held: event_pb2.Event, publisher: str = "") -> Record:
    record = event_pb2.EventRecord(events=held)
    if publisher:
        record.publisher.principal = publisher
    return Record(7, 0, "nomad", "nomad", as_stored(record))


def as_stored(record: event_pb2.EventRecord) -> bytes:
    """Return a record as it is stored, where the publisher stands in front of the events."""
    publisher = event_pb2.EventRecord()
    if record.HasField("publisher"):
        publisher.publisher.CopyFrom(record.publisher)
    events_alone = event_pb2.EventRecord(events=record.events)
    return publisher.SerializeToString() + events_alone.SerializeToString()


@pytest.mark.parametrize(
    ("record", "asked", "is_enough"),
    [
        (stored(HELD[0]), {"identifiers": ["job/web"]}, True),
        (stored(HELD[0], publisher="p" * 300), {"identifiers": ["web"]}, True),
        (stored(LARGE), {"identifiers": ["job/web"]}, True),
        (stored(HELD[1]), {"identifiers": ["node/n1", "node/n2"], "sources": ["prod"]}, True),
        (stored(HELD[0]), {"types": ["JobRegistered"], "sources": [""]}, True),
        (stored(HELD[0]), {"identifiers": ["job/web", "node/n1"]}, False),
        (stored(HELD[0]), {"identifiers": ["job/web"], "sources": ["prod"]}, False),
        (stored(HELD[0]), {"identifiers": ["job/other"]}, False),
        (stored(*HELD), {"identifiers": ["job/web"]}, False),  # which of them?
        (stored(ESCAPED), {"identifiers": ["job/web"]}, False),
        (stored(), {"identifiers": ["job/web"]}, False),
        (Record(7, 0, "nomad", "nomad", b"\x1aweb"), {"identifiers": ["job/web"]}, False),
        (Record(7, 0, "nomad", "nomad", DAMAGED), {"sources": [""]}, False),
    ],
)
def test_an_index_and_a_mention_are_enough_where_a_record_has_one_event(
    record: Record,
    asked: dict[str, list[str] | str],
    is_enough: bool,  # noqa: FBT001
) -> None:
    judge = evidence_for(conditions_of(**asked))
    assert judge is not None
    assert judge(record) is is_enough


def test_words_are_always_looked_for_in_the_record() -> None:
    assert evidence_for(conditions_of(identifiers=["job/web"], text="green")) is None
