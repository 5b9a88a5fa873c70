"""ReadRecords: bounds, order, pages and their tokens, and what is told of what cannot be had."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import grpc
import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from tests.kit.clock import START_US
from tests.patience import PATIENCE_S
from tests.rpc import events
from tests.rpc.serving import Served, publish, read_to_head, refusal
from tidings.core.damage import DAMAGED
from tidings.core.limits import MAX_PAGE_BYTES
from tidings.core.record import Record
from tidings.rpc import scanning
from tidings.v1 import consul_pb2, event_pb2, event_system_pb2, nomad_pb2, puppet_pb2, selection_pb2
from tidings.v1 import event_service_pb2 as pb

NEWEST = pb.READ_ORDER_NEWEST_FIRST
TAKEN = "retention has deleted records up to there"
CONSUL = selection_pb2.Selection(consul=consul_pb2.ConsulSelector())


def named(*names: str) -> selection_pb2.Selection:
    return selection_pb2.Selection(consul=consul_pb2.ConsulSelector(names=names))


def at(seconds: float) -> Timestamp:
    stamp = Timestamp()
    stamp.FromMicroseconds(START_US + round(seconds * 1e6))
    return stamp


def read(served: Served, **fields: Any) -> pb.ReadRecordsResponse:
    return served.stub.ReadRecords(pb.ReadRecordsRequest(**fields), timeout=PATIENCE_S)


def pages(served: Served, **fields: Any) -> Iterator[pb.ReadRecordsResponse]:
    answer = read(served, **fields)
    yield answer
    while answer.next_page_token:
        answer = read(served, **{**fields, "page_token": answer.next_page_token})
        yield answer


def seqs(answers: Iterator[pb.ReadRecordsResponse]) -> list[int]:
    return [record.seq for answer in answers for record in answer.records]


def refused(served: Served, **fields: Any) -> tuple[grpc.StatusCode, str]:
    with pytest.raises(grpc.RpcError) as error:
        read(served, **fields)
    return refusal(error.value)


@pytest.fixture
def ten(served: Served) -> tuple[Served, list[int]]:
    """Ten records, one a second, of Consul and Puppet by turns."""
    given = []
    for count in range(10):
        served.deployment.clock.at_us = START_US + count * 1_000_000
        event = events.puppet() if count % 2 else events.consul()
        given.append(publish(served.stub, event).seq)
    return served, given


def test_pages_hold_what_a_stream_gives_in_either_order(ten: tuple[Served, list[int]]) -> None:
    served, given = ten
    streamed = read_to_head(served.stub, after_seq=0)
    for size in (0, 1, 3, 9, 10, 11):
        up = list(pages(served, page_size=size))
        assert [record for answer in up for record in answer.records] == streamed
        down = list(pages(served, page_size=size, order=NEWEST))
        assert [record for answer in down for record in answer.records] == streamed[::-1]
        for answers in (up, down):
            sizes = [len(answer.records) for answer in answers]
            assert sizes[:-1] == [size] * (len(sizes) - 1)
            assert {answer.through_seq for answer in answers} == {given[-1]}
            assert {answer.log_id for answer in answers} == {served.deployment.log.log_id}


@pytest.mark.parametrize(
    ("bounds", "places"),
    [
        ({}, range(10)),
        ({"after_seq": 3}, range(4, 10)),
        ({"before_seq": 3}, range(3)),
        ({"after_seq": 3, "before_seq": 5}, [4]),
        ({"after_seq": 3, "before_seq": 4}, []),
        ({"from_time": 3.0}, range(3, 10)),
        ({"from_time": 3.000001}, range(4, 10)),
        ({"until_time": 3.0}, range(3)),
        ({"until_time": 3.000001}, range(4)),
        ({"from_time": 2.0, "until_time": 4.0}, [2, 3]),
        ({"from_time": 2.0, "after_seq": 2, "until_time": 9.5, "before_seq": 4}, [3]),
        ({"from_time": 100.0}, []),
        ({"until_time": -1.0}, []),
        ({"from_time": 3.1, "until_time": 3.2}, []),
    ],
)
@pytest.mark.parametrize("selects", [False, True])
def test_all_bounds_hold_at_once(
    ten: tuple[Served, list[int]], bounds: dict[str, float], places: list[int], *, selects: bool
) -> None:
    served, given = ten
    fields: dict[str, Any] = {
        name: at(value) if name.endswith("time") else given[int(value)]
        for name, value in bounds.items()
    }
    if selects:
        fields["selection"] = CONSUL
    wanted = [given[place] for place in places if not selects or place % 2 == 0]
    assert seqs(pages(served, page_size=2, **fields)) == wanted
    assert seqs(pages(served, page_size=2, order=NEWEST, **fields)) == wanted[::-1]


@pytest.mark.parametrize(
    ("fields", "code", "text"),
    [
        ({"page_size": -1}, "INVALID_ARGUMENT", "page_size: must not be negative"),
        ({"order": 9}, "INVALID_ARGUMENT", "order: not a value of tidings.v1.ReadOrder"),
        (
            {"after_seq": 5, "before_seq": 5},
            "INVALID_ARGUMENT",
            "before_seq: must be more than after_seq",
        ),
        ({"before_seq": 0}, "INVALID_ARGUMENT", "before_seq: must be more than after_seq"),
        (
            {"from_time": at(2), "until_time": at(2)},
            "INVALID_ARGUMENT",
            "until_time: must be after from_time",
        ),
        (
            {"until_time": Timestamp(nanos=-1)},
            "INVALID_ARGUMENT",
            "until_time: nanos must be 0 to 999999999",
        ),
        (
            {"selection": named("")},
            "INVALID_ARGUMENT",
            None,
        ),
        ({"page_token": "x"}, "INVALID_ARGUMENT", "page_token: is not one that an answer gave"),
        ({"page_token": "é"}, "INVALID_ARGUMENT", "page_token: is not one that an answer gave"),
        (
            {"page_token": "A" * 43},
            "INVALID_ARGUMENT",
            "page_token: is of another request, or of another log",
        ),
        ({"after_seq": 2**40}, "OUT_OF_RANGE", None),
        ({"log_id": "another"}, "FAILED_PRECONDITION", None),
    ],
)
def test_what_cannot_be_read_is_refused(
    ten: tuple[Served, list[int]], fields: dict[str, Any], code: str, text: str | None
) -> None:
    found = refused(ten[0], **fields)
    assert (found[0].name, text or found[1]) == (code, found[1])


@pytest.mark.parametrize(
    "other",
    [
        {"order": NEWEST},
        {"selection": CONSUL},
        {"after_seq": 1},
        {"before_seq": 1000},
        {"from_time": at(0)},
        {"payload_format": pb.PAYLOAD_FORMAT_JSON},
        {"log_id": "another"},
    ],
)
def test_a_token_is_of_its_request(ten: tuple[Served, list[int]], other: dict[str, Any]) -> None:
    served, given = ten
    token = read(served, page_size=2).next_page_token
    assert seqs(iter([read(served, page_size=3, page_token=token)])) == given[2:5]
    code, text = refused(served, page_token=token, **other)
    assert code is grpc.StatusCode.INVALID_ARGUMENT
    assert text == "page_token: is of another request, or of another log"


@pytest.mark.parametrize("order", [pb.READ_ORDER_OLDEST_FIRST, NEWEST])
def test_pages_hold_the_log_as_it_was_at_the_first(
    ten: tuple[Served, list[int]], order: pb.ReadOrder.ValueType
) -> None:
    served, given = ten
    first = read(served, order=order, page_size=4)
    late = publish(served.stub, events.consul()).seq
    rest = list(pages(served, order=order, page_token=first.next_page_token))
    assert sorted(seqs(iter([first, *rest]))) == given
    assert rest[-1].through_seq == given[-1]
    assert [one.seq for one in read_to_head(served.stub, after_seq=given[-1])] == [late]


@pytest.mark.parametrize("order", [pb.READ_ORDER_OLDEST_FIRST, NEWEST])
def test_pages_end_before_too_many_bytes(served: Served, order: pb.ReadOrder.ValueType) -> None:
    large = MAX_PAGE_BYTES // 3
    given = [
        publish(served.stub, events.nomad(payload_json=b'{"a":"%s"}' % (b"x" * size))).seq
        for size in (large, large, large, 10, 3 * MAX_PAGE_BYTES, 10)
    ]
    answers = list(pages(served, order=order, payload_format=pb.PAYLOAD_FORMAT_JSON))
    found = [[given.index(record.seq) for record in answer.records] for answer in answers]
    if order == NEWEST:
        assert found == [[5], [4], [3, 2, 1], [0]]
    else:
        assert found == [[0, 1], [2, 3], [4], [5]]


def test_events_of_a_record_are_those_that_were_selected(served: Served) -> None:
    publish(served.stub, events.nomad("Job"), events.nomad("Node"), events.nomad("Job"))
    publish(served.stub, events.nomad("Node"))
    topics = [nomad_pb2.NomadTopicFilter(topic="Job")]
    selection = selection_pb2.Selection(nomad=nomad_pb2.NomadSelector(topics=topics))
    (record,) = read(served, selection=selection).records
    assert [event.nomad.topic for event in record.events] == ["Job", "Job"]


@pytest.mark.parametrize(
    "form", [pb.PAYLOAD_FORMAT_UNSPECIFIED, pb.PAYLOAD_FORMAT_TYPED, pb.PAYLOAD_FORMAT_JSON]
)
def test_payloads_come_as_a_stream_gives_them(
    served: Served, form: pb.PayloadFormat.ValueType
) -> None:
    publish(served.stub, events.nomad(payload_json=b'{"Job":{"ID":"web"}}'))
    streamed = read_to_head(served.stub, after_seq=0, payload_format=form)
    assert list(read(served, payload_format=form).records) == streamed


@pytest.mark.parametrize("order", [pb.READ_ORDER_OLDEST_FIRST, NEWEST])
def test_a_call_looks_at_a_bounded_number_of_records(
    served: Served, monkeypatch: pytest.MonkeyPatch, order: pb.ReadOrder.ValueType
) -> None:
    monkeypatch.setattr(scanning, "AT_ONCE", scanning.AT_ONCE._replace(records=4))
    monkeypatch.setattr(scanning, "MAX_SCANNED", 8)
    given = [
        publish(served.stub, events.consul("rare" if count == 15 else "common")).seq
        for count in range(30)
    ]
    answers = list(pages(served, order=order, selection=named("rare")))
    assert [len(answer.records) for answer in answers] == [0, 1, 0, 0]
    assert seqs(iter(answers)) == [given[15]]


def test_a_call_ends_when_its_time_is_up(
    ten: tuple[Served, list[int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With no time at all each call takes one step, and the next page goes on after it."""
    monkeypatch.setattr(scanning, "AT_ONCE", scanning.AT_ONCE._replace(records=2))
    monkeypatch.setattr(scanning, "SCAN_S", 0.0)
    served, given = ten
    answers = list(pages(served))
    assert seqs(iter(answers)) == given
    assert max(len(answer.records) for answer in answers) == 2


def gaps(answers: Iterator[pb.ReadRecordsResponse]) -> list[tuple[str, int, int]]:
    return [
        (event_system_pb2.EventSystem.Name(gap.system)[13:], gap.first_seq, gap.last_seq)
        for answer in answers
        for gap in answer.gaps
    ]


@pytest.mark.parametrize("order", [pb.READ_ORDER_OLDEST_FIRST, NEWEST])
def test_what_retention_took_is_told_of_the_part_that_a_page_covers(
    ten: tuple[Served, list[int]], order: pb.ReadOrder.ValueType
) -> None:
    served, given = ten
    served.run(served.store.trim("consul", given[4]))
    assert gaps(pages(served, order=order, selection=CONSUL)) == [("CONSUL", 2, given[4])]
    above = {"after_seq": given[2], "order": order}
    assert gaps(pages(served, **above)) == [("CONSUL", given[2] + 1, given[4])]
    below = {"before_seq": given[2], "order": order}
    assert gaps(pages(served, **below)) == [("CONSUL", 2, given[2] - 1)]
    assert not gaps(pages(served, after_seq=given[4], order=order))
    puppet = selection_pb2.Selection(puppet=puppet_pb2.PuppetSelector())
    assert not gaps(pages(served, order=order, selection=puppet))
    told = gaps(pages(served, order=order, page_size=1))
    assert {name for name, _, _ in told} == {"CONSUL"}
    covered = sorted((first, last) for _, first, last in told)
    assert (covered[0][0], covered[-1][1]) == (2, given[4])
    assert [last + 1 for _, last in covered[:-1]] == [first for first, _ in covered[1:]]


def test_what_is_trimmed_between_two_pages_is_told(ten: tuple[Served, list[int]]) -> None:
    served, given = ten
    first = read(served, order=NEWEST, page_size=3)
    served.run(served.store.trim("puppet", given[5]))
    rest = list(pages(served, order=NEWEST, page_token=first.next_page_token))
    assert seqs(iter(rest)) == [given[6], given[4], given[2], given[0]]
    assert gaps(iter(rest)) == [("PUPPET", 2, given[5])]


def damage(served: Served, wanted: Callable[[Record], bool]) -> None:
    """Let the store give these records as it gives damaged ones."""
    inner = served.store.inner

    def spoil(name: str) -> None:
        good = getattr(inner, name)

        async def spoiled(*arguments: Any, **options: Any) -> list[Record]:
            found = await good(*arguments, **options)
            return [one._replace(body=DAMAGED) if wanted(one) else one for one in found]

        setattr(served.store, name, spoiled)

    spoil("read")
    spoil("read_before")


@pytest.mark.parametrize("order", [pb.READ_ORDER_OLDEST_FIRST, NEWEST])
def test_a_damaged_record_is_a_gap(
    ten: tuple[Served, list[int]], order: pb.ReadOrder.ValueType
) -> None:
    served, given = ten
    damage(served, lambda record: record.seq == given[3])
    answers = list(pages(served, order=order, page_size=4))
    assert sorted(seqs(iter(answers))) == [*given[:3], *given[4:]]
    assert gaps(iter(answers)) == [("PUPPET", given[3], given[3])]


def get(served: Served, seq: int, **fields: Any) -> event_pb2.EventRecord:
    request = pb.GetRecordRequest(seq=seq, **fields)
    return served.stub.GetRecord(request, timeout=PATIENCE_S).record


def missed(served: Served, seq: int) -> tuple[str, str]:
    with pytest.raises(grpc.RpcError) as error:
        get(served, seq)
    code, text = refusal(error.value)
    return code.name, text


def test_one_record_is_had_by_its_position(ten: tuple[Served, list[int]]) -> None:
    served, given = ten
    streamed = read_to_head(served.stub, after_seq=0)
    assert [get(served, seq) for seq in given] == streamed
    json = {"payload_format": pb.PAYLOAD_FORMAT_JSON}
    assert [get(served, seq, **json) for seq in given] == read_to_head(
        served.stub, after_seq=0, **json
    )


def test_a_record_that_is_not_to_be_had_says_why(ten: tuple[Served, list[int]]) -> None:
    served, given = ten
    served.run(served.store.trim("consul", given[4]))
    damage(served, lambda record: record.seq == given[5])
    gone, bad = given[4], given[5]
    cases = {
        0: ("INVALID_ARGUMENT", "seq: must be at least 1"),
        1: ("NOT_FOUND", "no record 1"),
        gone: (
            "NOT_FOUND",
            f"record {gone} is not stored: {TAKEN}",
        ),
        bad: (
            "DATA_LOSS",
            f"record {bad} cannot be had: damaged on the disk: its content is not what was stored",
        ),
        given[-1] + 1: ("NOT_FOUND", f"no record {given[-1] + 1}"),
        2**64 - 1: ("NOT_FOUND", f"no record {2**64 - 1}"),
    }
    assert {seq: missed(served, seq) for seq in cases} == cases
