"""A stored record that has no JSON is told as such, by every way out that prints JSON."""

from __future__ import annotations

import json
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.duration_pb2 import Duration

from tests.gateway.doors.fake import FakeService
from tidings.app.commands import export as export_command
from tidings.app.commands.record_lines import print_record
from tidings.app.settings import Settings
from tidings.core.record import Record
from tidings.store.kept import KeptLog, Report
from tidings.v1 import event_pb2, nomad_pb2
from tidings.v1 import event_service_pb2 as pb

GAP = {
    "gap": {
        "system": "EVENT_SYSTEM_NOMAD",
        "firstSeq": "3",
        "lastSeq": "3",
        "reason": "GAP_REASON_UNPRINTABLE",
        "detail": "the record is stored and cannot be printed as JSON; gRPC readers get it",
        "resumeSeq": "3",
    }
}


def event(ttl: Duration) -> event_pb2.Event:
    body = nomad_pb2.NomadEvent(topic="ACLAuthMethod", type="ACLAuthMethodUpserted")
    body.payload.auth_method.max_token_ttl.CopyFrom(ttl)
    return event_pb2.Event(nomad=body)


def records() -> list[event_pb2.EventRecord]:
    """Return three records, of which the second has no JSON; no publish takes it any more."""
    spans = [Duration(seconds=1), Duration(seconds=1, nanos=-1), Duration(seconds=2)]
    return [event_pb2.EventRecord(seq=seq, events=[event(ttl)]) for seq, ttl in enumerate(spans, 2)]


@pytest.fixture
def holding(fake: FakeService) -> FakeService:
    fake.messages = [
        pb.SubscribeResponse(batch=pb.RecordBatch(records=records())),
        pb.SubscribeResponse(heartbeat=pb.Heartbeat(seq=4)),
    ]
    fake.page.records.extend(records())
    fake.page.through_seq = 4
    return fake


def test_a_page_has_a_gap_in_its_place(holding: FakeService) -> None:
    page = json.loads(holding.http.ask("GET", "/v1/records").body)
    assert [record["seq"] for record in page["records"]] == ["2", "4"]
    assert page["gaps"] == [GAP["gap"]]
    lines = holding.http.ask("GET", "/v1/events?follow=false").body.splitlines()
    assert json.loads(lines[1]) == GAP
    assert [list(json.loads(line)) for line in lines[::2]] == [["batch"], ["batch"]]
    assert json.loads(lines[3]) == {"heartbeat": {"seq": "4"}}


def test_one_that_was_asked_for_is_an_error_of_its_own(holding: FakeService) -> None:
    del holding.page.records[0]
    answer = holding.http.ask("GET", "/v1/records/3")
    assert (answer.status, json.loads(answer.body)["code"]) == (500, 13)


def test_lines_have_a_gap_in_its_place(holding: FakeService) -> None:
    with holding.http.open("/v1/events?after_seq=1") as connection:
        assert connection.head().status == 200
        lines = [json.loads(line) for line in connection.lines(4)]
    assert lines[0]["batch"]["records"][0]["seq"] == "2"
    assert lines[1] == GAP
    assert lines[2]["batch"]["records"][0]["seq"] == "4"


def test_server_sent_events_have_a_gap_with_its_id(holding: FakeService) -> None:
    accept = "Accept: text/event-stream"
    with holding.http.open("/v1/events?after_seq=1", accept) as connection:
        assert connection.head().status == 200
        text = b"".join(connection.lines(10))
    _, gap, last, *_ = text.split(b"\n\n")
    name, kind, data = gap.split(b"\n")
    assert (name, kind) == (b"id: 3", b"event: gap")
    assert json.loads(data.removeprefix(b"data: ")) == GAP
    assert last.startswith(b"id: 4\n")


def test_a_tail_of_json_goes_on() -> None:
    printed = [json.loads(next(print_record(each, "json", colored=False))) for each in records()]
    assert [line["seq"] for line in printed] == ["2", "3", "4"]
    assert printed[1].keys() == {"seq", "unprintable"}


def test_an_export_leaves_it_out_says_so_and_goes_on(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    stored = [
        (Record(each.seq, 1, "nomad", "nomad", each.SerializeToString()), None)
        for each in records()
    ]

    def export() -> Generator[tuple[Record, str | None]]:
        yield from stored

    kept = KeptLog(lambda _: Report("", 0, 0, 0, ()), export)
    monkeypatch.setattr(export_command, "kept_log", lambda _settings: kept)
    arguments: Any = None
    assert export_command.run(Settings(data=Path("log")), arguments) == 1
    out, err = capsys.readouterr()
    assert len(out.splitlines()) == 2
    assert err.startswith("tidings export: record 3 cannot be printed as JSON")
