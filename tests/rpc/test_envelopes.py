"""What selection and conditions see of stored records, and how little of them is read for it."""

from __future__ import annotations

import pytest

from tests.rpc import events
from tidings.core.conditions import Conditions
from tidings.core.record import Record
from tidings.core.selection import Everything, Selection
from tidings.dialects import load
from tidings.rpc.envelopes import EnvelopeReader
from tidings.v1 import event_pb2, json_runtime

JOB = b'{"Job":{"ID":"web","Type":"batch","Meta":{"team":"green"}}}'
HELD = (
    events.nomad("Job", payload_json=JOB),
    events.nomad("Node", source="prod", payload={"node": {"id": "n1", "datacenter": "green"}}),
)


def pick(**asked: list[str] | str) -> tuple[int, ...] | None:
    given: dict[str, list[str] | str] = {"types": [], "identifiers": [], "sources": [], "text": ""}
    conditions = Conditions.parse(**(given | asked))  # type: ignore[arg-type]  # each of its kind
    body = event_pb2.EventRecord(events=HELD).SerializeToString()
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
