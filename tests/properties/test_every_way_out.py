"""Whatever is stored comes out of every way out, and no call is left without a right answer.

Valid messages that hardly any client sends are made from the descriptors by seeds, and sent to
every RPC; then every reader reads all that was taken.
"""

from __future__ import annotations

import contextlib
import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf import json_format

from tests.gateway.doors.docker_cloud.stream import opened
from tests.kit.clock import START_US
from tests.kit.http import Http, gateway
from tests.odd_messages import bend, odd
from tests.patience import PATIENCE_S
from tests.rpc import events
from tests.rpc.credentials import ROOT_SECRET, bearer, guarded
from tests.rpc.serving import Served, read_to_head, refusal, serving
from tidings.app.commands.record_lines import print_record
from tidings.v1 import (
    access_service_pb2,
    asking_pb2,
    event_pb2,
    event_service_pb2,
    objects_pb2,
    source_service_pb2,
)
from tidings.v1 import event_service_pb2 as pb

ROUNDS = 120
"""Of a seed; some 2 s."""

ROOT = bearer(ROOT_SECRET)
_Code = grpc.StatusCode
WRONG = {_Code.INTERNAL, _Code.UNKNOWN, _Code.CANCELLED, _Code.DEADLINE_EXCEEDED, _Code.DATA_LOSS}

GOOD = (
    events.nomad,
    lambda: events.nomad(payload={"job": {"id": "web", "task_groups": [{"name": "a"}]}}),
    lambda: events.nomad("ACLAuthMethod", payload={"auth_method": {"config": {}}}),
    lambda: events.nomad("Allocation", payload={"allocation": {"metrics": {}}}),
    lambda: events.nomad("Node", payload={"node": {"drain_strategy": {}}}),
    lambda: events.nomad("HostVolume", payload={"volume": {"id": "v"}}),
    lambda: events.nomad(payload_json=b'{"Job":{"ID":"web"}}'),
    events.consul,
    events.docker,
    events.puppet,
    lambda: events.puppet(details={"node": "a", "detail": {"metrics": {"total": 1}}}),
    events.feldera,
)


@dataclass
class House:
    """A service with a gateway before it."""

    served: Served
    http: Http


@pytest.fixture
def house(address: str) -> Iterator[House]:
    with serving(address) as served, gateway(served.server, address) as http:
        yield House(served, http)


@pytest.fixture
def address(tmp_path: Path) -> str:
    return f"unix:{tmp_path / 'socket'}"


def publish_odd(served: Served, rng: random.Random) -> list[int]:
    """Publish good events with odd places; return the positions of those that were taken."""
    taken = []
    for _ in range(ROUNDS):
        served.deployment.clock.at_us += 1000
        event = rng.choice(GOOD)()
        event.occurred_at.seconds = START_US // 1_000_000
        if rng.random() < 0.5:
            event.ClearField("occurred_at")
        bend(event, rng, rng.randrange(4))
        draft = event_pb2.Draft(events=[event])
        try:
            answer = served.stub.Publish(
                pb.PublishRequest(draft=draft), timeout=PATIENCE_S, metadata=ROOT
            )
        except grpc.RpcError as error:
            code, details = refusal(error)
            assert code not in WRONG, (code, details, event)
        else:
            if not answer.duplicate:
                taken.append(answer.seq)
    return taken


def lines_to_head(http: Http, target: str, *headers: str) -> list[bytes]:
    """Return the lines of a native stream up to its first heartbeat."""
    found: list[bytes] = []
    with http.open(target, *headers) as connection:
        assert connection.head().status == 200
        while not any(b"heartbeat" in line for line in found[-4:]):
            found += connection.lines(1)
    return found


@pytest.mark.parametrize("seed", range(6))
def test_what_was_taken_comes_out_of_every_way_out(house: House, seed: int) -> None:
    rng = random.Random(seed)
    with opened(house.http) as socket:
        taken = publish_odd(house.served, rng)
        assert len(taken) > ROUNDS // 4, "most of what is published must be fit to be taken"
        stub = house.served.stub
        typed = read_to_head(stub, after_seq=1)
        as_json = read_to_head(
            stub, after_seq=1, payload_format=event_service_pb2.PAYLOAD_FORMAT_JSON
        )
        clouds = [
            record.seq for record in typed if record.events[0].WhichOneof("body") == "docker_cloud"
        ]
        frames = [json.loads(socket.recv(PATIENCE_S)) for _ in clouds]
    assert [record.seq for record in typed] == taken
    assert [record.seq for record in as_json] == taken
    assert all(set(frame) >= {"type", "uuid", "datetime"} for frame in frames)

    native = [json.loads(line) for line in lines_to_head(house.http, "/v1/events?after_seq=1")]
    assert [int(line["batch"]["records"][0]["seq"]) for line in native if "batch" in line] == taken
    messages = lines_to_head(house.http, "/v1/events?after_seq=1", "Accept: text/event-stream")
    ids = [int(line[4:]) for line in messages if line.startswith(b"id: ")]
    assert ids[: len(taken)] == taken

    for record in (*typed, *as_json):
        json.loads(next(print_record(record, "json", colored=False)))
        assert list(print_record(record, "text", colored=False))
        json_format.MessageToDict(event_pb2.Draft(events=record.events))
    _read_vendors(house.http, typed)
    _ask(house, typed)
    for record in (*typed, *as_json):
        _publish_again(house.served, record)


def _ask(house: House, records: list[event_pb2.EventRecord]) -> None:
    """Ask every question about what is stored; each answer tells of all of it."""
    stub, http, seqs = house.served.stub, house.http, [record.seq for record in records]
    count = sum(len(record.events) for record in records)
    read = stub.ReadRecords(pb.ReadRecordsRequest(), timeout=PATIENCE_S)
    assert [record.seq for record in read.records] == seqs
    page = json.loads(http.ask("GET", "/v1/records?payload_format=PAYLOAD_FORMAT_STORED").body)
    assert [int(record["seq"]) for record in page["records"]] == seqs
    for seq in seqs:
        assert json.loads(http.ask("GET", f"/v1/records/{seq}").body)["record"]["seq"] == str(seq)
    target = "/v1/events?follow=false&after_seq=1"
    clouds = http.ask("GET", target, "Accept: application/cloudevents-batch+json")
    ids = {event["id"] for event in json.loads(clouds.body) if event["source"] != "/tidings"}
    assert len(ids) >= count

    keys = list(asking_pb2.CountKey.values())[1:]
    counted = stub.CountRecords(
        asking_pb2.CountRecordsRequest(group_by=keys, text=""), timeout=PATIENCE_S
    )
    assert sum(each.events for each in counted.counts) == count
    for word in ("web", "a"):
        stub.ReadRecords(pb.ReadRecordsRequest(text=word), timeout=PATIENCE_S)
    _look_at_objects(house)


def _look_at_objects(house: House) -> None:
    systems = "&".join(f"systems={name}" for name in ("nomad", "docker_cloud", "puppet", "feldera"))
    listed = house.http.ask("GET", f"/v1/objects?view=OBJECT_VIEW_FULL&{systems}")
    assert listed.status == 200, listed.body
    for each in json.loads(listed.body).get("objects", ()):
        request = objects_pb2.GetObjectHistoryRequest(
            system=each["system"],
            kind=each["kind"],
            id=each["id"],
            view=objects_pb2.OBJECT_VIEW_FULL,
        )
        versions = house.served.stub.GetObjectHistory(request, timeout=PATIENCE_S).versions
        assert all(json.loads(version.object.value_json) is not None for version in versions)
        assert versions, "it was listed"


def _publish_again(served: Served, record: event_pb2.EventRecord) -> None:
    """See that what was read is a duplicate, as far as the event has a name at all."""
    (event,) = record.events
    if not event.id and event.WhichOneof("body") == "nomad":
        return
    request = pb.PublishRequest(draft=event_pb2.Draft(events=[event]))
    answer = served.stub.Publish(request, timeout=PATIENCE_S, metadata=ROOT)
    assert (answer.seq, answer.duplicate) == (record.seq, True), event


def _read_vendors(http: Http, records: list[event_pb2.EventRecord]) -> None:
    """Read every list and stream of the systems' own APIs; each tells of all its records."""
    of: dict[str, list[event_pb2.EventRecord]] = {}
    for record in records:
        of.setdefault(record.events[0].WhichOneof("body") or "", []).append(record)

    nomad = [record.seq for record in of.get("nomad", ())]
    with http.open(f"/v1/event/stream?namespace=*&index={nomad[0]}") as connection:
        assert connection.head().status == 200
        found: list[int] = []
        while len(found) < len(nomad):
            found += [line["Index"] for line in map(json.loads, connection.lines(1)) if line != {}]
    assert found == nomad

    listed = http.ask("GET", "/v1/event/list")
    assert len(json.loads(listed.body)) == len(of.get("consul", ()))
    for job in {record.events[0].puppet.job for record in of.get("puppet", ())}:
        answer = http.ask("GET", f"/orchestrator/v1/jobs/{job}/events")
        wanted = [str(each.seq) for each in of["puppet"] if each.events[0].puppet.job == job]
        assert [item["id"] for item in json.loads(answer.body)["items"]] == wanted
    clusters = http.ask("GET", "/v0/cluster/events?selector=all")
    assert clusters.status == 200
    shown = [each["id"] for each in json.loads(clusters.body)]  # the window lets old ones go
    published = [each.events[0].id for each in of.get("feldera", ())]
    assert shown == published[::-1][: len(shown)]
    assert bool(shown) == bool(published)


METHODS = [
    method
    for service in (
        event_service_pb2.DESCRIPTOR.services_by_name["EventService"],
        access_service_pb2.DESCRIPTOR.services_by_name["AccessService"],
        source_service_pb2.DESCRIPTOR.services_by_name["SourceService"],
    )
    for method in service.methods
]


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.name)
def test_every_call_has_a_right_answer(address: str, method: Any) -> None:
    rng = random.Random(method.name)
    kind = (
        f"{'stream' if method.client_streaming else 'unary'}_"
        f"{'stream' if method.server_streaming else 'unary'}"
    )
    with serving(address, guarded()) as served:
        publish_odd(served, rng)
        make: Any = getattr(served.channel, kind)
        call = make(
            f"/{method.containing_service.full_name}/{method.name}",
            request_serializer=lambda message: message.SerializeToString(),
            response_deserializer=lambda encoded: encoded,
        )
        # a list that waits answers by itself, before its caller gives up
        patience_s = 0.5 if method.name == "List" else PATIENCE_S
        for _ in range(ROUNDS):
            request = odd(method.input_type, rng)
            sent = iter([request]) if method.client_streaming else request
            ended = end_of(call, sent, patience_s, is_stream=method.server_streaming)
            assert ended[0] not in WRONG, (ended, request)
        last = pb.PublishRequest(draft=event_pb2.Draft(events=[events.nomad()]))
        assert served.stub.Publish(last, timeout=PATIENCE_S, metadata=ROOT).seq > 1


def end_of(
    call: Any, sent: Any, patience_s: float, *, is_stream: bool
) -> tuple[grpc.StatusCode, str]:
    """Make a call, take at most one answer, and return how it ended."""
    try:
        answers = call(sent, timeout=patience_s, metadata=ROOT)
        if is_stream:
            with contextlib.suppress(StopIteration):
                next(answers)
            answers.cancel()
    except grpc.RpcError as error:
        return refusal(error)
    return _Code.OK, ""
