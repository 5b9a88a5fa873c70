"""Nomad's lines, printed and taken back."""

from __future__ import annotations

import hashlib
import json

import pytest

from tidings.gateway.doors.nomad.lines import NomadLines, parse_line
from tidings.gateway.upload.spelling import BadLine
from tidings.v1 import event_pb2, json_runtime, nomad_objects_pb2, nomad_pb2
from tidings.v1 import event_service_pb2 as pb

LINES = NomadLines()
EVENT = {"Topic": "Job", "Type": "JobRegistered", "Key": "web"}


def text(**members: object) -> bytes:
    return json.dumps(members).encode()


def record(*events: nomad_pb2.NomadEvent, seq: int = 12) -> event_pb2.EventRecord:
    return event_pb2.EventRecord(seq=seq, events=[event_pb2.Event(nomad=event) for event in events])


@pytest.mark.parametrize(
    ("event", "printed"),
    [
        (
            nomad_pb2.NomadEvent(topic="Node", type="NodeDrain", upstream_index=99),
            (
                b'{"Topic":"Node","Type":"NodeDrain","Key":"","Namespace":"","FilterKeys":null,'
                b'"Index":12,"Payload":null}'
            ),
        ),
        (
            nomad_pb2.NomadEvent(
                topic="Job",
                type="JobRegistered",
                key="web",
                namespace="default",
                filter_keys=["", "a"],
                payload_json=b'{"Job": {"Rate":1.0e2,"Big":18446744073709551615,"T":"<\xc3\xa9>"}}',
            ),
            (
                b'{"Topic":"Job","Type":"JobRegistered","Key":"web","Namespace":"default",'
                b'"FilterKeys":["","a"],"Index":12,'
                b'"Payload":{"Job": {"Rate":1.0e2,"Big":18446744073709551615,"T":"<\xc3\xa9>"}}}'
            ),
        ),
        (
            nomad_pb2.NomadEvent(topic="Job", type="x", payload_json=b'{\n "Job":\r\n {"a": 1}}'),
            (
                b'{"Topic":"Job","Type":"x","Key":"","Namespace":"","FilterKeys":null,"Index":12,'
                b'"Payload":{"Job":{"a":1}}}'
            ),
        ),
        (
            nomad_pb2.NomadEvent(
                topic="ACLPolicy",
                type="ACLPolicyUpserted",
                payload=nomad_pb2.NomadPayload(
                    acl_policy=nomad_objects_pb2.ACLPolicy(name="ops", create_index=2**63)
                ),
            ),
            (
                b'{"Topic":"ACLPolicy","Type":"ACLPolicyUpserted","Key":"","Namespace":"",'
                b'"FilterKeys":null,"Index":12,"Payload":{"ACLPolicy":{"Name":"ops","Description":"",'
                b'"Rules":"","RulesJSON":null,"JobACL":null,"Hash":null,'
                b'"CreateIndex":9223372036854775808,"ModifyIndex":0}}}'
            ),
        ),
    ],
    ids=["bare", "text", "line breaks", "typed"],
)
def test_an_event_prints_to_the_letter(event: nomad_pb2.NomadEvent, printed: bytes) -> None:
    assert LINES.record(record(event)) == b'{"Index":12,"Events":[' + printed + b"]}\n"


def test_a_record_is_one_line_with_all_its_events() -> None:
    events = [nomad_pb2.NomadEvent(topic=topic, type="PlanResult") for topic in ("Job", "Node")]
    line = LINES.record(record(*events, seq=2**63))
    assert line.count(b"\n") == 1
    value = json.loads(line)
    assert list(value) == ["Index", "Events"]
    assert [event["Topic"] for event in value["Events"]] == ["Job", "Node"]
    assert {value["Index"], *(event["Index"] for event in value["Events"])} == {2**63}


def test_heartbeats_and_gaps_of_the_service_are_nothing_on_the_wire() -> None:
    assert LINES.heartbeat(pb.Heartbeat(seq=3)) == b""
    assert LINES.gap(pb.Gap(first_seq=2, last_seq=3)) == b""


def test_a_line_becomes_one_draft_with_all_its_events() -> None:
    payload = b'{ "Job" : {"ID":"web", "Rate":1.50} }'
    line = (
        b'{"Index":9,"Events":[{"Topic":"Job","Type":"JobRegistered","Key":"web","Namespace":"d",'
        b'"FilterKeys":["a",""],"Index":8,"Payload":' + payload + b"},"
        b'{"Topic":"Node","Type":"NodeDrain","Key":"n","FilterKeys":null,"Payload":null}]}'
    )
    draft = parse_line(line, "")
    assert draft is not None
    first, second = (event.nomad for event in draft.events)
    assert first == nomad_pb2.NomadEvent(
        topic="Job",
        type="JobRegistered",
        key="web",
        namespace="d",
        filter_keys=["a", ""],
        upstream_index=8,
        payload_json=payload,
    )
    expected = nomad_pb2.NomadEvent(topic="Node", type="NodeDrain", key="n", upstream_index=9)
    assert second == expected
    assert (draft.key, draft.events[0].source) == ("", "")


def test_an_index_that_no_line_says_is_not_known() -> None:
    for line in (text(Events=[EVENT]), text(Index=0, Events=[{**EVENT, "Index": 0}])):
        draft = parse_line(line, "")
        assert draft is not None
        assert not draft.events[0].nomad.HasField("upstream_index")


def test_with_a_source_the_key_is_source_index_and_digest() -> None:
    line = text(Index=7, Events=[{**EVENT, "Payload": {"b": 1, "a": [1.0]}}])
    draft = parse_line(line, "prod")
    assert draft is not None
    digest = hashlib.sha256(json_runtime.canonical(line)).hexdigest()
    assert draft.key == f"prod/7/{digest}"
    assert [event.source for event in draft.events] == ["prod"]


def test_the_key_does_not_depend_on_the_order_of_members_and_spaces() -> None:
    shuffled = (
        b'{"Events": [{"Payload":{"a":[1.0],"b":1},"Key":"web","Topic":"Job",'
        b'"Type":"JobRegistered"}],\n"Index":7}'
    )
    line = text(Index=7, Events=[{**EVENT, "Payload": {"b": 1, "a": [1.0]}}])
    one, other = parse_line(line, "prod"), parse_line(shuffled, "prod")
    assert one is not None
    assert other is not None
    assert one.key == other.key


def test_another_index_or_content_makes_another_key() -> None:
    lines = [
        text(Index=7, Events=[EVENT]),
        text(Index=8, Events=[EVENT]),
        text(Index=7, Events=[{**EVENT, "Key": "other"}]),
        text(Index=7, Events=[EVENT, EVENT]),
        text(Index=7, Events=[{**EVENT, "Payload": {"Rate": 1}}]),
        text(Index=7, Events=[{**EVENT, "Payload": {"Rate": 1.0}}]),
    ]
    drafts = [parse_line(line, "prod") for line in lines]
    assert len({draft.key for draft in drafts if draft is not None}) == len(lines)


@pytest.mark.parametrize(
    "line", [b"{}", b" {\n} ", text(Index=0), text(Index=0, Events=None), text(Events=[])]
)
def test_heartbeats_are_nothing(line: bytes) -> None:
    assert parse_line(line, "prod") is None


def test_members_that_only_a_newer_nomad_has_are_left_out() -> None:
    draft = parse_line(text(Index=7, New=1, Events=[{**EVENT, "Colour": "red"}]), "")
    assert draft is not None
    assert draft.events[0].nomad.key == "web"


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        (b'{"Index":1,}', "line"),
        (b"[]", "expected an object"),
        (text(Index=1), "Events: must hold at least one event"),
        (text(Index=1, Events=[]), "Events: must hold at least one event"),
        (text(Topic="Job"), "Events: must hold at least one event"),
        (text(Index="1", Events=[EVENT]), "Index: expected an unsigned 64-bit integer"),
        (text(Index=True, Events=[EVENT]), "Index: expected an unsigned 64-bit integer"),
        (text(Index=2**64, Events=[EVENT]), "Index: expected an unsigned 64-bit integer"),
        (text(Index=1, Events={}), "Events: expected a list of objects"),
        (text(Index=1, Events=[1]), "Events: expected a list of objects"),
        (text(Index=1, Events=[EVENT, {"Topic": 1}]), "Events[1].Topic: expected a string"),
        (
            text(Index=1, Events=[{**EVENT, "Index": -1}]),
            "Events[0].Index: expected an unsigned 64-bit integer",
        ),
        (
            text(Index=1, Events=[{**EVENT, "FilterKeys": [1]}]),
            "Events[0].FilterKeys[0]: expected a string",
        ),
        (
            text(Index=1, Events=[{**EVENT, "Payload": "x"}]),
            "Events[0].Payload: expected an object",
        ),
    ],
)
def test_what_is_no_line_is_refused_with_its_place(line: bytes, problem: str) -> None:
    with pytest.raises(BadLine) as refused:
        parse_line(line, "prod")
    if problem == "line":
        assert "JSON" in str(refused.value)
    else:
        assert str(refused.value) == problem
