"""Who published a record: kept at every way of publishing, shown to management rights alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import grpc
import pytest

from tests.patience import PATIENCE_S
from tests.rpc.credentials import ROOT_SECRET, bearer, guarded, put_policy, token_of
from tests.rpc.events import consul, docker, feldera, nomad, puppet
from tests.rpc.serving import Served, draft, publish, read_one, read_to_head, serving
from tidings.dialects.rules import split_publisher
from tidings.v1 import event_pb2
from tidings.v1 import event_service_pb2 as pb
from tidings.v1.event_service_pb2_grpc import EventServiceStub

Metadata = tuple[tuple[str, str], ...]
Way = Callable[[EventServiceStub, Metadata, event_pb2.Event], object]

TOLD = (("tidings-door", "nomad"), ("tidings-peer", "192.0.2.7"))
READER = 'nomad.namespaces."*" = ["read-job"]\npublish = ["nomad"]\n'


def _unary(stub: EventServiceStub, metadata: Metadata, event: event_pb2.Event) -> object:
    request = pb.PublishRequest(draft=draft(event))
    return stub.Publish(request, timeout=PATIENCE_S, metadata=metadata)


def _stream(stub: EventServiceStub, metadata: Metadata, event: event_pb2.Event) -> object:
    requests = iter([pb.PublishStreamRequest(drafts=[draft(event)])])
    return list(stub.PublishStream(requests, timeout=PATIENCE_S, metadata=metadata))


def _fire(stub: EventServiceStub, metadata: Metadata, event: event_pb2.Event) -> object:
    request = pb.FireRequest(name=event.consul.name)
    return stub.Fire(request, timeout=PATIENCE_S, metadata=metadata)


@pytest.mark.parametrize(
    ("way", "event"),
    [
        (_unary, nomad(key="k")),
        (_unary, consul("c")),
        (_unary, docker()),
        (_unary, puppet()),
        (_unary, feldera()),
        (_stream, nomad(key="k")),
        (_stream, puppet()),
        (_stream, feldera()),
        (_fire, consul("c")),
    ],
)
@pytest.mark.parametrize("form", [pb.PAYLOAD_FORMAT_TYPED, pb.PAYLOAD_FORMAT_JSON])
def test_every_way_of_publishing_keeps_who_it_was(
    served: Served, way: Way, event: event_pb2.Event, form: pb.PayloadFormat.ValueType
) -> None:
    way(served.stub, TOLD, event)
    (record,) = read_to_head(served.stub, after_seq=1, payload_format=form)
    assert record.publisher == event_pb2.Publisher(peer="192.0.2.7", door="nomad")
    assert [each.WhichOneof("body") for each in record.events] == [event.WhichOneof("body")]


@pytest.mark.parametrize(
    ("metadata", "peer", "door"),
    [
        ((), "", "grpc"),
        ((("tidings-door", "no door"), ("tidings-peer", "fe80::1")), "fe80::1", "grpc"),
        ((("tidings-door", "x" * 33), ("tidings-peer", "host.example")), "", "grpc"),
    ],
)
def test_what_is_no_door_and_no_address_is_not_kept(
    served: Served, metadata: Metadata, peer: str, door: str
) -> None:
    _unary(served.stub, metadata, nomad())
    (record,) = read_to_head(served.stub, after_seq=1)
    assert record.publisher == event_pb2.Publisher(peer=peer, door=door)


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]"])
def test_from_elsewhere_only_the_connection_counts(host: str) -> None:
    with serving(f"{host}:0") as served:
        address = f"{host}:{served.server.ports[0]}"
        with grpc.insecure_channel(address) as channel:
            stub = EventServiceStub(channel)
            _unary(stub, TOLD, nomad())
            (record,) = read_to_head(stub, after_seq=1)
    assert record.publisher == event_pb2.Publisher(peer=host.strip("[]"), door="grpc")


def test_the_same_from_somebody_else_is_a_duplicate(served: Served) -> None:
    for event, key in ((nomad(key="k"), "once"), (docker(), ""), (feldera(), "")):
        request = pb.PublishRequest(draft=draft(event, key=key))
        first = served.stub.Publish(request, timeout=PATIENCE_S, metadata=TOLD)
        record = read_one(served.stub, first.seq)
        again = publish(served.stub, *record.events, key=key)
        assert (again.seq, again.duplicate) == (first.seq, True)
        assert read_one(served.stub, first.seq).publisher.door == "nomad"


class TestAccess:
    @pytest.fixture
    def guarded_one(self, address: str) -> Iterator[Served]:
        with serving(address, guarded()) as one:
            put_policy(one.channel, "p", READER)
            yield one

    def test_management_rights_alone_are_shown_it(self, guarded_one: Served) -> None:
        stub = guarded_one.stub
        token_id, secret = token_of(guarded_one.channel, policies=["p"])
        root, reader = bearer(ROOT_SECRET), bearer(secret)
        streams = {
            each: stub.Subscribe(pb.SubscribeRequest(after_seq=1), PATIENCE_S, metadata=each)
            for each in (root, reader)
        }
        heads = [next(stream).heartbeat.seq for stream in streams.values()]
        assert heads == [1, 1]
        text = nomad(topic="Job", payload_json=b'{"Job":{"ID":"web"}}')
        several = draft(nomad("Job", key="a"), nomad("Node", key="b"))
        for each in (draft(nomad("Job", key="k")), draft(text), several):
            request = pb.PublishRequest(draft=each)
            stub.Publish(request, timeout=PATIENCE_S, metadata=reader)
        wanted = {root: event_pb2.Publisher(principal=token_id, door="grpc"), reader: None}
        for metadata, publisher in wanted.items():
            live = _records(streams[metadata], 3)
            again = stub.Subscribe(pb.SubscribeRequest(after_seq=1), PATIENCE_S, metadata=metadata)
            page = stub.ReadRecords(pb.ReadRecordsRequest(), PATIENCE_S, metadata=metadata)
            one = stub.GetRecord(pb.GetRecordRequest(seq=2), PATIENCE_S, metadata=metadata)
            found = [*live, *_records(again, 3), *page.records, one.record]
            assert len(found) == 10
            for record in found:
                assert record.events
                assert record.HasField("publisher") == (publisher is not None)
                assert record.publisher == (publisher or event_pb2.Publisher())
            again.cancel()
        for stream in streams.values():
            stream.cancel()

    def test_somebody_without_a_credential_is_nobody(self, guarded_one: Served) -> None:
        put_policy(guarded_one.channel, "anonymous", 'publish = ["nomad"]\n')
        _unary(guarded_one.stub, (), nomad())
        answer = guarded_one.stub.GetRecord(
            pb.GetRecordRequest(seq=2), timeout=PATIENCE_S, metadata=bearer(ROOT_SECRET)
        )
        assert answer.record.publisher == event_pb2.Publisher(door="grpc")


def _records(stream: Any, count: int) -> list[event_pb2.EventRecord]:
    found: list[event_pb2.EventRecord] = []
    while len(found) < count:
        found += next(stream).batch.records
    return found


@pytest.mark.parametrize("length", [0, 1, 120, 126, 127, 128, 5000])
def test_the_publisher_is_cut_off_without_parsing_the_events(length: int) -> None:
    events = event_pb2.EventRecord(events=[nomad(key="k")]).SerializeToString()
    front = event_pb2.EventRecord(publisher=event_pb2.Publisher(principal="x" * length))
    encoded = front.SerializeToString()
    assert split_publisher(encoded + events) == (encoded, events)


@pytest.mark.parametrize("body", [b"", b"\x22", b"\x22\x80", b"\x1a\x00", b"\x1a"])
def test_a_body_without_one_is_left_as_it_is(body: bytes) -> None:
    assert split_publisher(body) == (b"", body)
