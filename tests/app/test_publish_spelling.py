"""Whose spelling an object is, and what is made of it."""

from __future__ import annotations

import json

import pytest

from tidings.app.commands.publish_spelling import BadObject, Spelling

NOMAD = b'{"Index":7,"Events":[{"Topic":"Job","Type":"T","Key":"k","Payload":{"Job":{"x":1.50}}}]}'
CONSUL = b'{"ID":"b54fe110-7af5-cafc-d1fb-afc8ba432b1c","Name":"deploy","Payload":"aGk="}'
DOCKER = b'{"type":"stack","action":"create","resource_uri":"/api/app/v1/me/stack/7/"}'
PUPPET = b'{"job":"352","type":"node_running","message":"x","details":{"node":"w","n":1.50}}'
FELDERA = b'{"api_status":"Healthy","compiler_status":"Healthy","runner_status":"Healthy"}'
DRAFT = b'{"key":"k","events":[{"consul":{"Name":"a"}}]}'
RECORD = (
    b'{"seq":"3","recordedAt":"2026-01-01T00:00:00Z","events":[{"consul":{"Name":"a"}}],'
    b'"publisher":{"peer":"192.0.2.7","door":"consul"}}'
)
OBJECTS = [
    (NOMAD, "nomad"),
    (CONSUL, "consul"),
    (DOCKER, "docker_cloud"),
    (PUPPET, "puppet"),
    (FELDERA, "feldera"),
    (DRAFT, "consul"),
    (RECORD, "consul"),
    (b'{"batch":{"records":[' + RECORD + b"]}}", "consul"),
]


@pytest.mark.parametrize(("text", "system"), OBJECTS)
@pytest.mark.parametrize("is_pretty", [False, True])
def test_a_first_object_shows_whose_it_is(text: bytes, system: str, *, is_pretty: bool) -> None:
    if is_pretty:
        text = json.dumps(json.loads(text), indent=2).encode()
    draft = Spelling(None, "prod").draft(text)
    assert draft is not None
    (event,) = draft.events
    assert (event.WhichOneof("body"), event.source) == (system, "prod")


@pytest.mark.parametrize(
    ("system", "text"), [(system, text) for text, system in OBJECTS[:5]] + [("drafts", DRAFT)]
)
def test_or_it_is_said(system: str, text: bytes) -> None:
    assert Spelling(system, "").draft(text) is not None
    for other in {"nomad", "puppet", "feldera", "drafts"} - {system}:
        with pytest.raises(BadObject):
            Spelling(other, "").draft(text)


def test_the_first_object_decides_and_empty_ones_do_not() -> None:
    spelling = Spelling(None, "")
    assert spelling.draft(b"{}") is None
    assert spelling.draft(NOMAD) is not None
    assert spelling.draft(b"{}") is None
    with pytest.raises(BadObject):
        spelling.draft(DRAFT)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (b'{"x":1}', "--system says it"),
        (b'{"x":', "it ends too early"),
        (b'{"batch":{"records":[{"seq":"3","events":7}]}}', "events: expected a list"),
        (b'{"batch":{"records":[{"seq":"3","events":[7]}]}}', "expected an object"),
        (b'{"events":[{"nonsense":{}}]}', "nonsense"),
        (b'{"gap":{"system":"EVENT_SYSTEM_NOMAD"}}', "records are missing"),
    ],
)
def test_what_cannot_be_published_is_told(text: bytes, problem: str) -> None:
    with pytest.raises(BadObject, match=problem):
        Spelling(None, "").draft(text)


def test_a_record_keeps_which_one_it_was() -> None:
    draft = Spelling(None, "").draft(RECORD)
    assert draft is not None
    assert (draft.seq, draft.recorded_at.ToJsonString()) == (3, "2026-01-01T00:00:00Z")


def test_what_a_log_says_for_itself_and_heartbeats_are_passed_over() -> None:
    spelling = Spelling(None, "")
    own = b'{"seq":"3","events":[{"tidings":{}}]}'
    assert spelling.draft(own) is None
    assert spelling.draft(b'{"heartbeat":{"seq":"9"}}') is None


@pytest.mark.parametrize(
    ("printed", "exact"),
    [
        (b'{"seq":"3","events":[{"nomad":{"Topic":"Job","Payload":{"Job":{"x":1.50}}}}]}', "nomad"),
        (b'{"seq":"3","events":[{"puppet":{"job":"1","details":{"x":1.50}}}]}', "puppet"),
    ],
)
def test_json_that_tail_has_shown_keeps_its_text(printed: bytes, exact: str) -> None:
    draft = Spelling(None, "").draft(printed)
    assert draft is not None
    (event,) = draft.events
    text = event.nomad.payload_json if exact == "nomad" else event.puppet.details_json
    assert b'"x":1.50' in text
