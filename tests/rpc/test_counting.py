"""CountRecords: what is counted, apart by what, in pages, and what is refused."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import grpc
import pytest
from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp

from tests.kit.clock import START_US
from tests.patience import PATIENCE_S
from tests.rpc import events
from tests.rpc.serving import Served, publish, refusal
from tidings.core.damage import DAMAGED
from tidings.core.record import Record
from tidings.rpc import counting, scanning
from tidings.v1 import consul_pb2, event_pb2, event_system_pb2, nomad_pb2, selection_pb2
from tidings.v1.asking_pb2 import (
    COUNT_KEY_SOURCE,
    COUNT_KEY_SYSTEM,
    COUNT_KEY_TYPE,
    Count,
    CountRecordsRequest,
    CountRecordsResponse,
)

JOBS = nomad_pb2.NomadSelector(topics=[nomad_pb2.NomadTopicFilter(topic="Job")])
ALL_KEYS = [COUNT_KEY_SYSTEM, COUNT_KEY_TYPE, COUNT_KEY_SOURCE]
BUCKET_S = 600
FIRST_S = START_US // 1_000_000 // BUCKET_S * BUCKET_S


def at(seconds: float) -> Timestamp:
    stamp = Timestamp()
    stamp.FromMicroseconds(round((FIRST_S + seconds) * 1e6))
    return stamp


@pytest.fixture
def filled(served: Served) -> tuple[Served, list[int]]:
    """Records in three spans of 10 min, the last with two events."""
    told = [
        (0, [events.consul("deploy")]),
        (1, [events.nomad("Job", source="prod")]),
        (599.999999, [events.consul("deploy")]),
        (600, [events.consul("backup")]),
        (700, [events.puppet("node_running")]),
        (1800, [events.nomad("Job", source="prod"), events.nomad("Node", source="test")]),
    ]
    given = []
    for seconds, record in told:
        served.deployment.clock.at_us = round((FIRST_S + seconds) * 1e6)
        given.append(publish(served.stub, *record).seq)
    return served, given


def count(served: Served, **fields: Any) -> CountRecordsResponse:
    if "bucket" in fields:
        fields["bucket"] = Duration(seconds=fields["bucket"])
    request = CountRecordsRequest(**fields)
    return served.stub.CountRecords(request, timeout=PATIENCE_S)


def pages(served: Served, **fields: Any) -> Iterator[CountRecordsResponse]:
    answer = count(served, **fields)
    yield answer
    while answer.next_page_token:
        answer = count(served, **{**fields, "page_token": answer.next_page_token})
        yield answer


def row(counts: Iterable[Count]) -> list[tuple[Any, ...]]:
    """Return each count: seconds since the first span, the group, how many."""
    return [
        (
            each.start_time.seconds - FIRST_S if each.HasField("start_time") else None,
            event_system_pb2.EventSystem.Name(each.system)[13:].lower(),
            each.type,
            each.source,
            each.events,
        )
        for each in counts
    ]


NO = "unspecified"


@pytest.mark.parametrize(
    ("question", "counts"),
    [
        ({}, [(None, NO, "", "", 7)]),
        ({"bucket": BUCKET_S}, [(0, NO, "", "", 3), (600, NO, "", "", 2), (1800, NO, "", "", 2)]),
        (
            {"group_by": [COUNT_KEY_SYSTEM]},
            [
                (None, "nomad", "", "", 3),
                (None, "consul", "", "", 3),
                (None, "puppet", "", "", 1),
            ],
        ),
        (
            {"group_by": [COUNT_KEY_SOURCE]},
            [(None, NO, "", "", 4), (None, NO, "", "prod", 2), (None, NO, "", "test", 1)],
        ),
        (
            {"group_by": ALL_KEYS, "bucket": BUCKET_S},
            [
                (0, "nomad", "JobRegistered", "prod", 1),
                (0, "consul", "deploy", "", 2),
                (600, "consul", "backup", "", 1),
                (600, "puppet", "node_running", "", 1),
                (1800, "nomad", "JobRegistered", "prod", 1),
                (1800, "nomad", "JobRegistered", "test", 1),
            ],
        ),
        (
            {"selection": selection_pb2.Selection(nomad=JOBS), "group_by": [COUNT_KEY_TYPE]},
            [(None, NO, "JobRegistered", "", 2)],
        ),
        ({"types": ["deploy", "backup"]}, [(None, NO, "", "", 3)]),
        ({"sources": ["prod"], "bucket": BUCKET_S}, [(0, NO, "", "", 1), (1800, NO, "", "", 1)]),
        ({"identifiers": ["name/deploy"]}, [(None, NO, "", "", 2)]),
        ({"text": "BACKUP"}, [(None, NO, "", "", 1)]),
        ({"filter": "event.source in ['prod', 'test']"}, [(None, NO, "", "", 3)]),
        ({"filter": "event.source == 'prod'", "types": ["backup"]}, []),
        ({"types": ["nothing"]}, []),
        ({"from_time": at(600)}, [(None, NO, "", "", 4)]),
        ({"until_time": at(600)}, [(None, NO, "", "", 3)]),
        ({"from_time": at(1), "until_time": at(700), "bucket": 3600}, [(-1200, NO, "", "", 3)]),
    ],
)
def test_events_are_counted_apart_as_asked(
    filled: tuple[Served, list[int]], question: dict[str, Any], counts: list[tuple[Any, ...]]
) -> None:
    served, given = filled
    question = dict(question)
    if question.get("bucket") == 3600:
        first = FIRST_S // 3600 * 3600 - FIRST_S
        counts = [(first, *counts[0][1:])]
    answer = count(served, **question)
    assert row(answer.counts) == counts
    assert not answer.totals
    assert answer.log_id == served.deployment.log.log_id
    assert not answer.next_page_token
    if "until_time" not in question:
        assert answer.through_seq == given[-1]


@pytest.mark.parametrize("filter_", ["", "true"])
@pytest.mark.parametrize(
    ("keys", "totals"),
    [
        ([COUNT_KEY_SYSTEM], [("nomad", "", "", 3), ("consul", "", "", 3), ("puppet", "", "", 1)]),
        (
            [COUNT_KEY_TYPE],
            [
                (NO, "JobRegistered", "", 3),
                (NO, "deploy", "", 2),
                (NO, "backup", "", 1),
                (NO, "node_running", "", 1),
            ],
        ),
        ([COUNT_KEY_SOURCE], [(NO, "", "", 4), (NO, "", "prod", 2), (NO, "", "test", 1)]),
    ],
)
def test_totals_are_the_same_events_over_all_intervals_the_most_first(
    filled: tuple[Served, list[int]], filter_: str, keys: list[Any], totals: list[tuple[Any, ...]]
) -> None:
    served, given = filled
    asked = {"bucket": BUCKET_S, "group_by": [COUNT_KEY_SYSTEM], "filter": filter_}
    answer = count(served, **asked, totals_by=keys)
    assert row(answer.totals) == [(None, *total) for total in totals]
    assert row(answer.counts) == row(count(served, **asked).counts)
    assert max(each.last_seq for each in answer.totals) == given[-1]


def test_positions_bound_what_is_counted(filled: tuple[Served, list[int]]) -> None:
    served, given = filled
    answer = count(served, after_seq=given[0], before_seq=given[4])
    assert [each.events for each in answer.counts] == [3]
    assert answer.through_seq == given[4] - 1


def test_a_count_tells_of_its_last_event(filled: tuple[Served, list[int]]) -> None:
    served, given = filled
    answer = count(served, group_by=[COUNT_KEY_SYSTEM])
    last = [(each.last_seq, each.last_time) for each in answer.counts]
    assert last == [(given[5], at(1800)), (given[3], at(600)), (given[4], at(700))]


def test_pages_add_up(filled: tuple[Served, list[int]], monkeypatch: pytest.MonkeyPatch) -> None:
    served, given = filled
    whole = {(each.type, each.events) for each in count(served, group_by=ALL_KEYS[1:2]).counts}
    monkeypatch.setattr(scanning, "AT_ONCE", scanning.AT_ONCE._replace(records=1))
    monkeypatch.setattr(scanning, "MAX_SCANNED", 1)
    found: dict[str, int] = {}
    answers = list(pages(served, group_by=ALL_KEYS[1:2], totals_by=ALL_KEYS[1:2]))
    assert len(answers) > len(given) - 1
    for answer in answers:
        assert answer.through_seq == given[-1]
        assert row(answer.totals) == row(answer.counts)
        for each in answer.counts:
            found[each.type] = found.get(each.type, 0) + each.events
    assert set(found.items()) == whole


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"bucket": 0}, "bucket: must be at least 1 s"),
        ({"bucket": -60}, "bucket: must be at least 1 s"),
        ({"group_by": [COUNT_KEY_TYPE, 0]}, "group_by[1]: says nothing"),
        ({"totals_by": [0]}, "totals_by[0]: says nothing"),
        ({"group_by": [99]}, "group_by[0]: not a value of tidings.v1.CountKey"),
        ({"types": [""]}, "types[0]: must not be empty"),
        ({"from_time": at(1), "until_time": at(1)}, "until_time: must be after from_time"),
        ({"before_seq": 2, "after_seq": 2}, "before_seq: must be more than after_seq"),
        ({"page_token": "x"}, "page_token: is not one that an answer gave"),
    ],
)
def test_refusals_name_the_field(
    filled: tuple[Served, list[int]], fields: dict[str, Any], problem: str
) -> None:
    served, _ = filled
    with pytest.raises(grpc.RpcError) as refused:
        count(served, **fields)
    assert refusal(refused.value) == (grpc.StatusCode.INVALID_ARGUMENT, problem)


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"bucket": 1}, "bucket: makes more than 2 counts"),
        ({"group_by": [COUNT_KEY_TYPE]}, "group_by: makes more than 2 counts"),
        ({"totals_by": [COUNT_KEY_TYPE]}, "totals_by: makes more than 2 counts"),
    ],
)
def test_there_is_a_bound_to_the_counts_of_an_answer(
    filled: tuple[Served, list[int]],
    monkeypatch: pytest.MonkeyPatch,
    fields: dict[str, Any],
    problem: str,
) -> None:
    served, _ = filled
    monkeypatch.setattr(counting, "MAX_COUNTS", 2)
    with pytest.raises(grpc.RpcError) as refused:
        count(served, **fields)
    assert refusal(refused.value) == (grpc.StatusCode.INVALID_ARGUMENT, problem)


def test_what_is_damaged_or_gone_is_not_counted(served: Served) -> None:
    given = [publish(served.stub, events.consul(name)).seq for name in "abc"]
    read = served.store.inner.read

    async def damaged(*args: Any, **named: Any) -> list[Record]:
        found = await read(*args, **named)
        return [each._replace(body=DAMAGED) if each.seq == given[1] else each for each in found]

    served.store.read = damaged  # type: ignore[attr-defined]  # found before what it stands for
    assert [each.events for each in count(served).counts] == [2]
    served.run(served.store.trim("consul", given[0]))
    assert [each.events for each in count(served).counts] == [1]


def test_a_position_of_another_log_is_refused(served: Served) -> None:
    seq = publish(served.stub, events.consul()).seq
    for fields, code in (
        ({"after_seq": seq + 1000}, grpc.StatusCode.OUT_OF_RANGE),
        ({"log_id": "other"}, grpc.StatusCode.FAILED_PRECONDITION),
    ):
        with pytest.raises(grpc.RpcError) as refused:
            count(served, **fields)
        assert refusal(refused.value)[0] is code


def test_a_token_of_another_question_is_refused(
    filled: tuple[Served, list[int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    served, _ = filled
    monkeypatch.setattr(scanning, "AT_ONCE", scanning.AT_ONCE._replace(records=1))
    monkeypatch.setattr(scanning, "MAX_SCANNED", 1)
    token = count(served).next_page_token
    consul = selection_pb2.Selection(consul=consul_pb2.ConsulSelector())
    for fields in ({"group_by": ALL_KEYS}, {"selection": consul}):
        with pytest.raises(grpc.RpcError) as refused:
            count(served, page_token=token, **fields)
        assert refusal(refused.value)[0] is grpc.StatusCode.INVALID_ARGUMENT


def test_long_names_count_by_what_they_begin_with_and_never_make_too_long_an_answer(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    long = "t" * counting.MAX_NAME
    for kind in (f"{long}1", f"{long}2" + "x" * 1_500_000, "short"):
        body = nomad_pb2.NomadEvent(topic="Job", type=kind, payload_json=b"{}")
        publish(served.stub, event_pb2.Event(nomad=body, source=kind))
    found = count(served, group_by=[COUNT_KEY_TYPE, COUNT_KEY_SOURCE]).counts
    assert [(each.type, each.source, each.events) for each in found] == [
        ("short", "short", 1),
        (long, long, 2),
    ]
    monkeypatch.setattr(counting, "MAX_NAMES_BYTES", 10)
    assert count(served, group_by=[COUNT_KEY_TYPE], sources=["short"]).counts
    with pytest.raises(grpc.RpcError) as error:
        count(served, group_by=[COUNT_KEY_TYPE, COUNT_KEY_SYSTEM])
    assert "group_by" in refusal(error.value)[1]
