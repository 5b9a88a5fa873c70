"""Conditions on reads and streams: what is found, in every way of reading, and what is refused."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import grpc
import pytest

from tests.patience import PATIENCE_S
from tests.rpc import events
from tests.rpc.serving import Served, publish, read_to_head, refusal, serving, subscribed
from tidings.core.damage import DAMAGED
from tidings.core.record import Record
from tidings.v1 import consul_pb2, event_pb2, nomad_pb2, selection_pb2
from tidings.v1 import event_service_pb2 as pb

ALLOCATION = (
    b'{"Allocation":{"ID":"a1","JobID":"web","NodeID":"n1","TaskStates":'
    b'{"server":{"Events":[{"DisplayMessage":"OOM Killed, exit code 137"}]}}}}'
)
JOB = {"job": {"id": "web", "status": "running"}}

RECORDS: tuple[tuple[event_pb2.Event, ...], ...] = (
    (events.nomad(payload=JOB, source="prod"),),
    (
        events.nomad("Allocation", payload_json=ALLOCATION, source="prod"),
        events.nomad("Node", payload={"node": {"id": "n1", "name": "rack-1"}}, source="prod"),
    ),
    (events.consul("deploy-web", payload=b"version 7 of web"),),
    (events.consul("deploy-db"),),
    (events.docker(),),
    (events.puppet(job="352", details={"node": "rack-1"}),),
    (events.feldera("Unhealthy"),),
    (events.cloud_event(text_data="out of memory: killed"),),
)

SELECTION = selection_pb2.Selection
CONSUL = SELECTION(consul=consul_pb2.ConsulSelector())
NODES = SELECTION(nomad=nomad_pb2.NomadSelector(topics=[nomad_pb2.NomadTopicFilter(topic="Node")]))

QUESTIONS: list[tuple[dict[str, Any], list[str]]] = [
    ({"types": ["JobRegistered"]}, ["0.0", "1.0", "1.1"]),
    ({"types": ["create", "Unhealthy", "t"]}, ["4.0", "6.0", "7.0"]),
    ({"types": ["Create"]}, []),
    ({"sources": ["prod"]}, ["0.0", "1.0", "1.1"]),
    ({"sources": [""], "types": ["deploy-web", "JobRegistered"]}, ["2.0"]),
    ({"identifiers": ["job/web"]}, ["0.0", "1.0"]),
    ({"identifiers": ["job/web", "node/n1"]}, ["1.0"]),
    ({"identifiers": ["job/web", "job/352"]}, ["0.0", "1.0", "5.0"]),
    ({"identifiers": ["rack-1"]}, ["1.1", "5.0"]),
    ({"identifiers": ["node/rack-1"]}, ["1.1", "5.0"]),
    ({"text": "oom"}, ["1.0"]),
    ({"text": '"exit code"'}, ["1.0"]),
    ({"text": '"code exit"'}, []),
    ({"text": "KILLED"}, ["1.0", "7.0"]),
    ({"text": "web"}, ["1.0", "2.0"]),
    ({"selection": CONSUL, "text": "web"}, ["2.0"]),
    ({"selection": NODES, "sources": ["prod"]}, ["1.1"]),
    ({"selection": NODES, "types": ["deploy-web"]}, []),
    ({"types": ["JobRegistered"], "identifiers": ["n1"], "text": "rack"}, ["1.1"]),
    ({"filter": "event.source == 'prod'"}, ["0.0", "1.0", "1.1"]),
    ({"filter": "event.nomad.payload.job.status == 'running'"}, ["0.0"]),
    ({"filter": "event.nomad.payload.allocation.job_id == 'web'"}, ["1.0"]),
    ({"filter": "has(event.nomad)", "types": ["JobRegistered"], "text": "rack"}, ["1.1"]),
    ({"filter": "event.consul.name.startsWith('deploy-')", "sources": [""]}, ["2.0", "3.0"]),
    ({"filter": "event.consul.payload == b'version 7 of web'"}, ["2.0"]),
    ({"selection": NODES, "filter": "event.nomad.topic != 'Job'"}, ["1.1"]),
    ({"filter": "event.nomad.topic == 'Job'", "selection": NODES}, []),
    ({"filter": "1 / int(event.puppet.job) < 1"}, ["5.0"]),
    ({"filter": "event.cloud_event.text_data.matches('^out.*killed$')"}, ["7.0"]),
]


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Served, list[int]]]:
    with serving(f"unix:{tmp_path_factory.mktemp('conditions') / 'socket'}") as served:
        yield served, [publish(served.stub, *record).seq for record in RECORDS]


def named(records: list[event_pb2.EventRecord], given: list[int]) -> list[str]:
    """Return which events there are: the place of the record, and that of the event in it."""
    found = []
    for record in records:
        place = given.index(record.seq)
        bodies = [each.WhichOneof("body") for each in RECORDS[place]]
        for event in record.events:
            topics = [each.nomad.topic for each in RECORDS[place]]
            at = topics.index(event.nomad.topic) if len(bodies) > 1 else 0
            found.append(f"{place}.{at}")
    return found


def pages(served: Served, **fields: Any) -> list[event_pb2.EventRecord]:
    found: list[event_pb2.EventRecord] = []
    request = pb.ReadRecordsRequest(**fields)
    while True:
        answer = served.stub.ReadRecords(request, timeout=PATIENCE_S)
        found += answer.records
        if not answer.next_page_token:
            return found
        request.page_token = answer.next_page_token


@pytest.mark.parametrize(("question", "wanted"), QUESTIONS)
def test_pages_and_streams_hold_the_events_that_meet_all_conditions(
    filled: tuple[Served, list[int]], question: dict[str, Any], wanted: list[str]
) -> None:
    served, given = filled
    assert named(pages(served, **question), given) == wanted
    small = pages(served, page_size=1, order=pb.READ_ORDER_NEWEST_FIRST, **question)
    assert named(small[::-1], given) == wanted
    call = served.stub.Subscribe(pb.SubscribeRequest(after_seq=0, **question), timeout=PATIENCE_S)
    streamed: list[event_pb2.EventRecord] = []
    for message in call:
        if message.HasField("heartbeat"):
            call.cancel()
            break
        streamed += message.batch.records
    assert named(streamed, given) == wanted


@pytest.mark.parametrize(("question", "wanted"), QUESTIONS)
def test_what_comes_live_is_judged_as_what_is_stored(
    served: Served, question: dict[str, Any], wanted: list[str]
) -> None:
    request = pb.SubscribeRequest(position=pb.START_POSITION_LATEST, **question)
    call = served.stub.Subscribe(request, timeout=PATIENCE_S)
    assert next(call).HasField("heartbeat")
    given = [publish(served.stub, *record).seq for record in RECORDS]
    wanted_seqs = sorted({given[int(each.partition(".")[0])] for each in wanted})
    found: list[event_pb2.EventRecord] = []
    while len(found) < len(wanted_seqs):
        found += next(call).batch.records
    call.cancel()
    assert named(found, given) == wanted


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"types": [""]}, "types[0]: must not be empty"),
        ({"identifiers": ["x", "job/"]}, "identifiers[1]: must be KIND/VALUE, or a VALUE of any"),
        ({"text": "..."}, "text: holds no letter and no digit"),
        ({"text": 'web "'}, "text: a quotation does not end"),
        ({"filter": "event.origin == ''"}, "filter: line 1, column 6: there is no such field"),
    ],
)
def test_a_condition_that_asks_for_nothing_is_refused(
    filled: tuple[Served, list[int]], fields: dict[str, Any], problem: str
) -> None:
    served, _ = filled
    for call in (
        lambda: served.stub.ReadRecords(pb.ReadRecordsRequest(**fields), timeout=PATIENCE_S),
        lambda: next(served.stub.Subscribe(pb.SubscribeRequest(**fields), timeout=PATIENCE_S)),
    ):
        with pytest.raises(grpc.RpcError) as refused:
            call()
        code, text = refusal(refused.value)
        assert code is grpc.StatusCode.INVALID_ARGUMENT
        assert text.startswith(problem)


def test_a_page_token_is_of_one_set_of_conditions(filled: tuple[Served, list[int]]) -> None:
    served, _ = filled
    request = pb.ReadRecordsRequest(page_size=1, sources=["prod"])
    token = served.stub.ReadRecords(request, timeout=PATIENCE_S).next_page_token
    other = pb.ReadRecordsRequest(page_size=1, sources=["test"], page_token=token)
    with pytest.raises(grpc.RpcError) as refused:
        served.stub.ReadRecords(other, timeout=PATIENCE_S)
    assert refusal(refused.value)[0] is grpc.StatusCode.INVALID_ARGUMENT


def test_a_damaged_record_is_told_whatever_the_conditions(served: Served) -> None:
    seq = publish(served.stub, events.consul("a")).seq
    last = publish(served.stub, events.consul("b")).seq
    read = served.store.inner.read

    async def damaged(*args: Any, **named: Any) -> list[Record]:
        found = await read(*args, **named)
        return [each._replace(body=DAMAGED) if each.seq == seq else each for each in found]

    served.store.read = damaged  # type: ignore[attr-defined]  # found before what it stands for
    answer = served.stub.ReadRecords(pb.ReadRecordsRequest(types=["b"]), timeout=PATIENCE_S)
    assert [record.seq for record in answer.records] == [last]
    assert [(gap.first_seq, gap.reason) for gap in answer.gaps] == [(seq, pb.GAP_REASON_DAMAGED)]


def test_a_stream_with_conditions_goes_past_what_meets_none(served: Served) -> None:
    publish(served.stub, events.consul("a"))
    last = publish(served.stub, events.consul("b")).seq
    assert read_to_head(served.stub, after_seq=0, types=["c"]) == []
    with subscribed(served.stub, after_seq=0, types=["c"]) as stream:
        assert next(stream).heartbeat.seq == last
