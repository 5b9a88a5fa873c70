"""Selections of the native door that have a spelling of their own, and forms of streams."""

from __future__ import annotations

import pytest

from tidings.gateway.doors.native.cloud_events import EVENT_ARRAY, EVENT_LINES
from tidings.gateway.doors.native.formats import EVENTS, Format, preferred
from tidings.gateway.doors.native.query import select, split_query
from tidings.gateway.transcode.errors import MalformedRequest
from tidings.v1 import event_service_pb2 as pb
from tidings.v1 import selection_pb2
from tidings.v1.systems import SYSTEMS


def selected(query: bytes) -> selection_pb2.Selection:
    request = pb.SubscribeRequest()
    select(request, split_query(query)[1])
    return request.selection


def test_the_rest_of_the_query_is_left_as_it_was() -> None:
    rest, own = split_query(b"a=%20&system=nomad&b&topic=Job%3Aweb&selection.nomad.namespace=x")
    assert rest == b"a=%20&b&selection.nomad.namespace=x"
    assert own == [("system", "nomad"), ("topic", "Job:web")]


@pytest.mark.parametrize("system", SYSTEMS)
def test_a_system_is_selected_whole(system: str) -> None:
    assert [field.name for field, _ in selected(f"system={system}".encode()).ListFields()] == [
        system
    ]


def test_topics_with_and_without_a_key() -> None:
    topics = selected(b"topic=Job&topic=Job:web&topic=*:").nomad.topics
    assert [(t.topic, t.key if t.HasField("key") else None) for t in topics] == [
        ("Job", None),
        ("Job", "web"),
        ("*", ""),
    ]


@pytest.mark.parametrize("query", [b"system=", b"system=vault", b"topic=", b"topic=:web"])
def test_what_names_nothing_is_refused(query: bytes) -> None:
    with pytest.raises(MalformedRequest):
        selected(query)


@pytest.mark.parametrize(
    ("accept", "wants"),
    [
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
def test_who_wants_server_sent_events(accept: str, wants: bool) -> None:  # noqa: FBT001
    assert preferred(accept, (EVENTS,)) == (EVENTS if wants else None)


@pytest.mark.parametrize(
    ("accept", "form"),
    [
        ("application/cloudevents+json", EVENT_LINES),
        ("application/cloudevents-batch+json; charset=utf-8", EVENT_ARRAY),
        ("application/cloudevents+json, text/event-stream", EVENT_LINES),
        ("text/event-stream;q=0.4, application/cloudevents+json;q=0.5", EVENT_LINES),
        ("application/cloudevents+json;q=0.4, text/event-stream", EVENTS),
        ("application/cloudevents+json;q=0, text/event-stream;q=0", None),
        ("application/*", None),
    ],
)
def test_the_form_of_the_highest_weight_is_taken_and_of_equal_ones_the_first(
    accept: str, form: Format | None
) -> None:
    assert preferred(accept, (EVENTS, EVENT_LINES, EVENT_ARRAY)) is form
