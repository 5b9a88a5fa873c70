"""Requests as bytes: what is none is told in words, and what is too much is not parsed."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import grpc
import pytest
from google.protobuf.descriptor import Descriptor
from google.protobuf.message import DecodeError
from hypothesis import given
from hypothesis import strategies as st

from tests.generated.vendors import some
from tests.kit.loop import scenario
from tests.patience import PATIENCE_S
from tests.rpc.events import nomad
from tests.rpc.serving import Served, draft, publish, refusal
from tidings.core.limits import KIB, MAX_QUESTION_BYTES, MAX_RECORD_EVENTS, MAX_REQUEST_BYTES
from tidings.rpc.framing import varint
from tidings.rpc.message_count import holds_more, parsed_holds_more, walked_holds_more
from tidings.rpc.requests import BYTES_A_MESSAGE, FREE_COUNT, MAX_DRAFTS
from tidings.v1 import event_pb2, nomad_node_pb2, nomad_pb2
from tidings.v1 import event_service_pb2 as pb

EVENTS, ACCESS = "tidings.v1.EventService", "tidings.v1.AccessService"
HEALTH, REFLECTION = "grpc.health.v1.Health", "grpc.reflection.v1alpha.ServerReflection"
UNARY = [
    *((EVENTS, name) for name in ("Publish", "Fire", "List", "GetJobEvents")),
    *((EVENTS, name) for name in ("GetClusterEvent", "ListClusterEvents")),
    *((ACCESS, "Authenticate"), (HEALTH, "Check")),
]
STREAMS = [(EVENTS, "Subscribe"), (HEALTH, "Watch")]
BOTH_WAYS = [(EVENTS, "PublishStream"), (REFLECTION, "ServerReflectionInfo")]


def bytes_call(served: Served, service: str, method: str) -> Any:
    """Return a call of a method that sends bytes and returns the answers, whatever its kind."""
    path = f"/{service}/{method}"
    if (service, method) in UNARY:
        unary: Any = served.channel.unary_unary(path)
        return lambda sent: unary(sent, timeout=PATIENCE_S)
    if (service, method) in STREAMS:
        stream: Any = served.channel.unary_stream(path)
        return lambda sent: list(stream(sent, timeout=PATIENCE_S))
    both: Any = served.channel.stream_stream(path)
    return lambda sent: list(both(iter([sent]), timeout=PATIENCE_S))


@pytest.mark.parametrize(("service", "method"), [*UNARY, *STREAMS, *BOTH_WAYS])
@pytest.mark.parametrize("sent", [b"\xff", b"\x0a\x05a", b"\x0a\x01\xff\x12\x01\xff\x1a\x01\xff"])
def test_bytes_that_are_no_request_are_told_so_in_words(
    served: Served, service: str, method: str, sent: bytes
) -> None:
    with pytest.raises(grpc.RpcError) as refused:
        bytes_call(served, service, method)(sent)
    code, text = refusal(refused.value)
    assert code == grpc.StatusCode.INVALID_ARGUMENT
    assert text.startswith("the request is no ")
    assert "Decode" not in text


def test_a_stream_answers_what_came_before_bytes_that_are_no_request(served: Served) -> None:
    call: Any = served.channel.stream_stream(
        f"/{EVENTS}/PublishStream", response_deserializer=pb.PublishStreamResponse.FromString
    )
    good = pb.PublishStreamRequest(drafts=[draft(nomad())]).SerializeToString()
    responses = call(iter([good, b"\xff", good]), timeout=PATIENCE_S)
    assert next(responses).results[0].stored.seq == 2
    with pytest.raises(grpc.RpcError) as refused:
        next(responses)
    text = "the request is no tidings.v1.PublishStreamRequest"
    assert refusal(refused.value) == (grpc.StatusCode.INVALID_ARGUMENT, text)
    assert publish(served.stub, nomad()).seq == 3


MANY = MAX_REQUEST_BYTES // 2 - 64


def nested(message: Descriptor, path: str, inside: bytes) -> bytes:
    """Return encoded messages inside of one another, by the names of their fields."""
    name, _, rest = path.partition(".")
    field = message.fields_by_name[name]
    if rest:
        assert field.message_type is not None
        inside = nested(field.message_type, rest, inside)
    return varint(field.number << 3 | 2) + varint(len(inside)) + inside


EMPTY = {
    "drafts": ("PublishStream", b"\x0a\x00" * MANY),
    "events of a draft of a stream": (
        "PublishStream",
        nested(pb.PublishStreamRequest.DESCRIPTOR, "drafts", b"\x12\x00" * MANY),
    ),
    "events": ("Publish", nested(pb.PublishRequest.DESCRIPTOR, "draft", b"\x12\x00" * MANY)),
    "events of a node": (
        "Publish",
        nested(
            pb.PublishRequest.DESCRIPTOR,
            "draft.events.nomad.payload.node",
            nested(nomad_node_pb2.Node.DESCRIPTOR, "events", b"") * (MANY // 2),
        ),
    ),
}


@pytest.mark.parametrize("name", EMPTY)
def test_millions_of_messages_are_refused_before_they_are_made(served: Served, name: str) -> None:
    method, sent = EMPTY[name]
    with pytest.raises(grpc.RpcError) as refused:
        bytes_call(served, EVENTS, method)(sent)
    most = FREE_COUNT + len(sent) // BYTES_A_MESSAGE
    text = f"the request holds more than {most} messages"
    assert refusal(refused.value) == (grpc.StatusCode.INVALID_ARGUMENT, text)
    assert publish(served.stub, nomad()).seq == 2


@pytest.mark.parametrize("method", ["Subscribe", "List", "GetClusterEvent", "Authenticate"])
def test_a_question_has_a_size_of_its_own(served: Served, method: str) -> None:
    service = ACCESS if method == "Authenticate" else EVENTS
    sent = b"\xfa\x3e" + b"\xff\xff\x03" + b"x" * 0xFFFF  # a field of a newer client, 64 KiB
    with pytest.raises(grpc.RpcError) as refused:
        bytes_call(served, service, method)(sent)
    text = f"{len(sent)} bytes, at most {MAX_QUESTION_BYTES} are allowed"
    assert refusal(refused.value) == (grpc.StatusCode.RESOURCE_EXHAUSTED, text)


def test_one_request_of_a_stream_holds_ten_thousand_drafts(served: Served) -> None:
    def results(count: int) -> int:
        request = pb.PublishStreamRequest(drafts=[draft(nomad())] * count)
        responses = served.stub.PublishStream(iter([request]), timeout=PATIENCE_S)
        return sum(len(response.results) for response in responses)

    assert results(MAX_DRAFTS) == MAX_DRAFTS
    with pytest.raises(grpc.RpcError) as refused:
        results(MAX_DRAFTS + 1)
    text = "drafts: a request holds at most 10000"
    assert refusal(refused.value) == (grpc.StatusCode.INVALID_ARGUMENT, text)


def test_what_is_dense_and_honest_is_stored(served: Served) -> None:
    events = [nomad(key=f"k{number}") for number in range(MAX_RECORD_EVENTS)]
    assert publish(served.stub, *events).seq == 2
    payload = nomad_pb2.NomadPayload()
    for number in range(5000):
        payload.node.events.add(message="Node registered", create_index=number)
    assert publish(served.stub, nomad(payload=payload)).seq == 3


MoreThan = Callable[[Descriptor, bytes, int], bool]


@pytest.mark.parametrize("more_than", [parsed_holds_more, walked_holds_more])
class TestCount:
    def test_it_counts_messages_at_every_depth(self, more_than: MoreThan) -> None:
        event = nomad(payload={"node": {"events": [{"details": {"a": "b"}}, {}]}})
        request = pb.PublishRequest(draft=draft(event, nomad()))
        # draft, two events, two bodies, payload, node, two events, an entry of a map
        encoded = request.SerializeToString()
        assert not more_than(pb.PublishRequest.DESCRIPTOR, encoded, 10)
        assert more_than(pb.PublishRequest.DESCRIPTOR, encoded, 9)

    def test_entries_of_maps_are_messages_too(self, more_than: MoreThan) -> None:
        payload = nomad_pb2.NomadPayload()
        payload.node.attributes.update({str(number): "" for number in range(10)})
        encoded = payload.SerializeToString()
        assert more_than(nomad_pb2.NomadPayload.DESCRIPTOR, encoded, 10)
        assert not more_than(nomad_pb2.NomadPayload.DESCRIPTOR, encoded, 11)

    @pytest.mark.parametrize(
        "encoded",
        [
            b"\x0a\x02\x12\x05",  # an inner message that is longer than its outer one
            b"\x0a\x80",  # a length that does not end
            b"\x0a\x05\x12",
            b"\x0a\x01\x0f",  # a field of a type that there is not
            b"\x09\x00",  # eight bytes, of which one is there
        ],
    )
    def test_bytes_that_are_no_message_are_told(self, more_than: MoreThan, encoded: bytes) -> None:
        with pytest.raises(DecodeError):
            more_than(pb.PublishRequest.DESCRIPTOR, encoded, 10)


@given(seed=st.integers(0, 2**32 - 1), most=st.integers(0, 200))
def test_both_ways_count_alike(seed: int, most: int) -> None:
    message = some(nomad_pb2.NomadPayload, random.Random(seed))
    encoded = message.SerializeToString()
    kind = message.DESCRIPTOR
    assert parsed_holds_more(kind, encoded, most) == walked_holds_more(kind, encoded, most)


@scenario
async def test_what_is_very_dense_is_walked_and_what_is_not_is_parsed() -> None:
    dense = pb.PublishRequest(draft=event_pb2.Draft(events=[event_pb2.Event()] * 50))
    sparse = pb.PublishRequest(draft=draft(*[nomad(key="x" * 500)] * 25))
    for request, count in (dense, 51), (sparse, 51):
        encoded = request.SerializeToString()
        assert not await holds_more(pb.PublishRequest.DESCRIPTOR, encoded, count)
        assert await holds_more(pb.PublishRequest.DESCRIPTOR, encoded, count - 1)


def test_what_is_allowed_grows_with_the_request() -> None:
    assert FREE_COUNT * BYTES_A_MESSAGE <= 1024 * KIB
