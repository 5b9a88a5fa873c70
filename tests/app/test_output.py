"""The forms in which log and show print records, page by page."""

from __future__ import annotations

import json
import sys
from typing import Any

import pytest

from tidings.app.commands.output import output_of
from tidings.app.commands.show import as_text
from tidings.v1 import event_pb2

pytestmark = pytest.mark.usefixtures("in_kolkata")


def record(seq: int, *events: dict[str, Any]) -> event_pb2.EventRecord:
    made = event_pb2.EventRecord(seq=seq, events=[event_pb2.Event(**each) for each in events])
    made.recorded_at.FromJsonString("2026-01-10T12:00:00.5Z")
    return made


DEPLOY = record(7, {"consul": {"name": "deploy", "payload": b"hi"}, "source": "prod"})
JOB = record(
    12,
    {"nomad": {"topic": "Job", "type": "T", "key": "web", "payload_json": b'{"a":1.50}'}},
    {"nomad": {"topic": "Node", "type": "T", "key": "n\x1b1"}},
)
LATE = record(1234, {"puppet": {"job": "3", "type": "node_failed"}, "source": "a long name"})


def printed(form: str, *pages: list[event_pb2.EventRecord], colored: bool = False) -> list[str]:
    output = output_of(form, colored=colored)
    lines = [line for page in pages for line in output.add(page, LOG_ID)]
    return [*lines, *output.end()]


TABLE = [
    "seq  stored                     system  type    source  event",
    "7    2026-01-10 17:30:00+05:30  consul  deploy  prod    deploy  2 bytes",
    "12   2026-01-10 17:30:00+05:30  nomad   T       -       Job  T  web",
    "12   2026-01-10 17:30:00+05:30  nomad   T       -       Node  T  n\\x1b1",
]
LATER = "1234  2026-01-10 17:30:00+05:30  puppet  node_failed  a long name  job 3  node_failed"
LOG_ID = "6f1d"


@pytest.mark.parametrize(
    ("form", "pages", "lines"),
    [
        ("table", [], []),
        ("table", [[]], []),
        ("table", [[], [DEPLOY, JOB]], TABLE),
        ("table", [[DEPLOY, JOB], [], [LATE]], [*TABLE, LATER]),
        ("text", [[]], []),
        (
            "text",
            [[DEPLOY], [LATE]],
            [
                "       7  2026-01-10 17:30:00+05:30  consul        deploy  2 bytes",
                "    1234  2026-01-10 17:30:00+05:30  puppet        job 3  node_failed",
            ],
        ),
        ("json", [[]], ["[]"]),
    ],
)
def test_records_are_lines(
    form: str, pages: list[list[event_pb2.EventRecord]], lines: list[str]
) -> None:
    assert printed(form, *pages) == lines


@pytest.mark.parametrize("pages", [[[DEPLOY]], [[DEPLOY], [], [JOB, LATE]]])
def test_json_is_one_document_and_ndjson_a_record_a_line(
    pages: list[list[event_pb2.EventRecord]],
) -> None:
    whole = json.loads("\n".join(printed("json", *pages)))
    lines = printed("ndjson", *pages)
    assert whole == [json.loads(line) for line in lines]
    assert [each["seq"] for each in whole] == [str(r.seq) for page in pages for r in page]


def test_what_is_printed_of_a_page_does_not_wait_for_the_next() -> None:
    output = output_of("json", colored=False)
    opening, first = output.add([DEPLOY, JOB], LOG_ID)
    assert (opening, json.loads(first.removesuffix(","))["seq"]) == ("[", "7")


def test_a_table_on_a_terminal_has_colours_and_fits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "50")
    assert printed("table", [DEPLOY, JOB]) == [
        "seq  stored                     system  type    s…",
        "7    2026-01-10 17:30:00+05:30  consul  deploy  p…",
        "12   2026-01-10 17:30:00+05:30  nomad   T       -…",
        "12   2026-01-10 17:30:00+05:30  nomad   T       -…",
    ]
    colored = printed("table", [DEPLOY], colored=True)[1]
    assert colored.startswith("7    2026-01-10 17:30:00+05:30  \x1b[")
    assert "mconsul\x1b[0m  deploy" in colored


def test_a_record_is_shown_in_full_among_its_neighbours() -> None:
    shown = event_pb2.EventRecord()
    shown.CopyFrom(JOB)
    del shown.events[1:]
    shown.publisher.peer, shown.publisher.door = "10.0.0.7", "nomad"
    assert list(as_text([DEPLOY], shown, [LATE], colored=False)) == [
        "       7  2026-01-10 17:30:00+05:30  consul        deploy  2 bytes",
        "",
        "      12  2026-01-10 17:30:00+05:30  nomad         Job  T  web",
        "  published from 10.0.0.7 through nomad",
        "  {",
        '    "seq": "12",',
        '    "recordedAt": "2026-01-10T12:00:00.500Z",',
        '    "events": [',
        "      {",
        '        "nomad": {',
        '          "Topic": "Job",',
        '          "Type": "T",',
        '          "Key": "web",',
        '          "Payload": {',
        '            "a": 1.50',
        "          }",
        "        }",
        "      }",
        "    ],",
        '    "publisher": {',
        '      "peer": "10.0.0.7",',
        '      "door": "nomad"',
        "    }",
        "  }",
        "",
        "    1234  2026-01-10 17:30:00+05:30  puppet        job 3  node_failed",
    ]


@pytest.mark.parametrize(
    ("publisher", "line"),
    [
        (None, None),
        ({}, "  published on this machine, without a credential"),
        (
            {"principal": "alice\x1b", "door": "grpc"},
            "  published as alice\\x1b through grpc",
        ),
    ],
)
def test_who_published_is_told_where_it_is_known(
    publisher: dict[str, str] | None, line: str | None
) -> None:
    shown = record(7, {"consul": {"name": "a"}})
    if publisher is not None:
        shown.publisher.SetInParent()
        shown.publisher.MergeFrom(event_pb2.Publisher(**publisher))
    lines = [each for each in as_text([], shown, [], colored=False) if "published" in each]
    assert lines == ([line] if line else [])


def test_cloud_events_are_those_of_the_http_api() -> None:
    (line,) = printed("cloudevents", [DEPLOY])
    event = json.loads(line)
    assert event["id"] == "6f1d/7/0"
    assert (event["source"], event["tidingsseq"]) == ("prod", "7")
    assert event["type"] == "tidings.consul.user_event"
    assert printed("cloudevents", []) == []
    assert len(printed("cloudevents", [JOB], [LATE])) == 3
