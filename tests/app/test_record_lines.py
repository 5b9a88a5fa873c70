"""How commands show records."""

from __future__ import annotations

import json
import sys
from typing import Any

import pytest
from google.protobuf.json_format import ParseDict

from tidings.app.commands.record_lines import print_record, summarize
from tidings.app.terminal import is_colored
from tidings.v1 import event_pb2


def nomad(topic: str, payload: dict[str, Any]) -> dict[str, Any]:
    return {"nomad": {"Topic": topic, "Type": "T", "Key": "k", "Payload": payload}}


ALLOCATION = {"JobID": "web", "ClientStatus": "failed", "DesiredStatus": "run", "NodeName": "n1"}
PROD = {"source": "prod", "system": "EVENT_SYSTEM_NOMAD"}
HEALTH = {
    "api_status": "Healthy",
    "compiler_status": "Unhealthy",
    "runner_status": "InitializationError",
}


@pytest.mark.parametrize(
    ("event", "words"),
    [
        (
            nomad("Allocation", {"Allocation": ALLOCATION}),
            "Allocation  T  k  job web  failed  on n1",
        ),
        (
            nomad("Allocation", {"Allocation": {**ALLOCATION, "DesiredStatus": "stop"}}),
            "Allocation  T  k  job web  failed  wanted stop  on n1",
        ),
        (
            nomad("Evaluation", {"Evaluation": {"JobID": "web", "Status": "blocked"}}),
            "Evaluation  T  k  job web  blocked",
        ),
        (
            nomad("Deployment", {"Deployment": {"JobID": "web", "Status": "running"}}),
            "Deployment  T  k  job web  running",
        ),
        (nomad("Job", {"Job": {"Status": "dead"}}), "Job  T  k  dead"),
        (nomad("Node", {"Node": {"Name": "n1", "Status": "down"}}), "Node  T  k  n1  down"),
        (nomad("Newer", {}), "Newer  T  k"),
        ({"feldera": HEALTH}, "api Healthy  compiler Unhealthy  runner InitializationError"),
        (
            {"puppet": {"job": "3", "type": "node_failed", "details": {"node": "w"}}},
            "job 3  node_failed  w",
        ),
        ({"consul": {"Name": "deploy", "Payload": "aGk="}}, "deploy  2 bytes"),
        ({"docker_cloud": {"type": "stack", "action": "create"}}, "stack  create"),
        (
            {"tidings": {"sourceGap": {**PROD, "after": "7", "before": "19", "reason": "late"}}},
            "source_gap  prod  between 7 and 19  late",
        ),
        ({"tidings": {"sourceGap": {**PROD, "after": "7"}}}, "source_gap  prod  after 7"),
        ({"tidings": {"sourceGap": {**PROD, "before": "19"}}}, "source_gap  prod  before 19"),
        ({"tidings": {"sourceGap": PROD}}, "source_gap  prod"),
        (
            {"tidings": {"sourceState": {**PROD, "connected": True}}},
            "source_state  prod  connected",
        ),
        (
            {"tidings": {"sourceState": {**PROD, "reason": "cut off"}}},
            "source_state  prod  disconnected  cut off",
        ),
        (
            {"tidings": {"sourceState": {**PROD, "staleSince": "2026-01-10T12:00:00Z"}}},
            "source_state  prod  stale",
        ),
        ({"tidings": {}}, ""),
        ({}, "newer than this program"),
    ],
)
def test_a_line_says_what_happened(event: dict[str, Any], words: str) -> None:
    assert summarize(ParseDict(event, event_pb2.Event())) == words


def record(**body: Any) -> event_pb2.EventRecord:
    made = event_pb2.EventRecord(seq=7, events=[event_pb2.Event(**body)])
    made.recorded_at.FromJsonString("2026-01-10T12:00:00.5Z")
    return made


@pytest.mark.usefixtures("in_kolkata")
def test_times_are_local_and_say_so() -> None:
    (line,) = print_record(record(consul={"name": "a"}), "text", colored=False)
    assert line == "       7  2026-01-10 17:30:00+05:30  consul        a  0 bytes"


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        ({"nomad": {"topic": "Job", "payload_json": b'{"a":\n 1.50}'}}, '"Payload":{"a":1.50}'),
        (
            {"nomad": {"topic": "Job", "payload_json": b'{"a":[ 1e3,"\xc3\xa9"]}'}},
            '{"a":[ 1e3,"é"]}',
        ),
        ({"puppet": {"job": "1", "details_json": b'{"x":1.50}'}}, '"details":{"x":1.50}'),
        (
            {"nomad": {"topic": "Job", "payload": {"job": {"id": "x"}}}},
            '"Payload":{"Job":{"ID":"x"}}',
        ),
        ({"nomad": {"topic": "Job"}}, '"nomad":{"Topic":"Job"}'),
    ],
)
def test_json_is_json_and_keeps_its_text(body: dict[str, Any], shown: str) -> None:
    (line,) = print_record(record(**body), "json", colored=False)
    assert shown in line
    assert "payloadJson" not in line
    assert json.loads(line)["seq"] == "7"


@pytest.mark.parametrize(
    ("choice", "is_terminal", "environment", "expected"),
    [
        ("auto", True, {}, True),
        ("auto", False, {}, False),
        ("auto", True, {"NO_COLOR": "1"}, False),
        ("auto", True, {"NO_COLOR": ""}, True),
        ("auto", True, {"TERM": "dumb"}, False),
        ("always", False, {"NO_COLOR": "1", "TERM": "dumb"}, True),
        ("never", True, {}, False),
    ],
)
def test_colours_are_for_those_who_see_and_want_them(
    choice: str,
    is_terminal: bool,  # noqa: FBT001 - a row of the table
    environment: dict[str, str],
    expected: bool,  # noqa: FBT001 - as above
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: is_terminal)
    assert is_colored(choice) is expected
