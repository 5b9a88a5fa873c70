"""Selections of the native door that have a spelling of their own."""

from __future__ import annotations

import pytest

from tidings.gateway.doors.native.query import SYSTEMS, select, split_query, wants_events
from tidings.gateway.transcode.errors import BadRequest
from tidings.v1 import event_service_pb2 as pb


def selected(query: bytes) -> pb.SubscribeRequest:
    request = pb.SubscribeRequest()
    select(request, split_query(query)[1])
    return request


def test_the_rest_of_the_query_is_left_as_it_was() -> None:
    rest, own = split_query(b"a=%20&system=nomad&b&topic=Job%3Aweb&nomad.namespace=x")
    assert rest == b"a=%20&b&nomad.namespace=x"
    assert own == [("system", "nomad"), ("topic", "Job:web")]


@pytest.mark.parametrize("system", SYSTEMS)
def test_a_system_is_selected_whole(system: str) -> None:
    assert [field.name for field, _ in selected(f"system={system}".encode()).ListFields()] == [
        system
    ]


def test_every_system_of_the_contract_can_be_named() -> None:
    fields = pb.SubscribeRequest.DESCRIPTOR.fields
    assert [f.name for f in fields if f.name in SYSTEMS] == list(SYSTEMS)


def test_topics_with_and_without_a_key() -> None:
    topics = selected(b"topic=Job&topic=Job:web&topic=*:").nomad.topics
    assert [(t.topic, t.key if t.HasField("key") else None) for t in topics] == [
        ("Job", None),
        ("Job", "web"),
        ("*", ""),
    ]


@pytest.mark.parametrize("query", [b"system=", b"system=vault", b"topic=", b"topic=:web"])
def test_what_names_nothing_is_refused(query: bytes) -> None:
    with pytest.raises(BadRequest):
        selected(query)


@pytest.mark.parametrize(
    ("accept", "wants"),
    [
        (None, False),
        ("", False),
        ("*/*", False),
        ("text/*", False),
        ("text/event-stream", True),
        ("Text/Event-Stream; charset=utf-8", True),
        ("application/json, text/event-stream;q=0.5", True),
        ("text/event-stream;q=0.001", True),
        ("text/event-stream;q=0", False),
        ("text/event-stream ; q=0.000", False),
        ("application/x-ndjson, text/event-stream;q=0", False),
        ("text/event-streams", False),
    ],
)
def test_who_wants_server_sent_events(accept: str | None, wants: bool) -> None:  # noqa: FBT001
    assert wants_events(accept) == wants
