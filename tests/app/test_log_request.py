"""What the options of log ask for."""

from __future__ import annotations

import argparse
import datetime as dt

import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from tidings.app.commands.asking_options import add_log, add_show
from tidings.app.commands.log_request import build_request
from tidings.v1 import event_service_pb2 as pb

NOW = dt.datetime(2026, 1, 10, 12, 0, tzinfo=dt.UTC)
NOW_S = int(NOW.timestamp())


def options(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    add_log(parser)
    return parser.parse_args(words)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ((), {}),
        (("--since=start",), {}),
        (("--since=2h",), {"from_time": Timestamp(seconds=NOW_S - 7200)}),
        (("--until=1h",), {"until_time": Timestamp(seconds=NOW_S - 3600)}),
        (
            ("--since=2026-01-09T14:00Z", "--until=2026-01-09T15:00Z"),
            {
                "from_time": Timestamp(seconds=NOW_S - 22 * 3600),
                "until_time": Timestamp(seconds=NOW_S - 21 * 3600),
            },
        ),
        (("--since=17",), {"after_seq": 17}),
        (("--since=17", "--until=18"), {"after_seq": 17, "before_seq": 19}),
        (("--until=0",), {"before_seq": 1}),
        (("--until=99999999999999999999999",), {"before_seq": 2**64 - 1}),
        (
            ("--since=17", "--until=1h"),
            {"after_seq": 17, "until_time": Timestamp(seconds=NOW_S - 3600)},
        ),
        (("-n3",), {}),
        (("-r",), {"order": pb.READ_ORDER_NEWEST_FIRST}),
        (("-otable",), {}),
        (("-ojson",), {"payload_format": pb.PAYLOAD_FORMAT_JSON}),
        (("-ondjson",), {"payload_format": pb.PAYLOAD_FORMAT_JSON}),
        (("--system=docker-cloud",), {"selection": {"docker_cloud": {}}}),
        (
            ("--topic=Job:web", "--topic=Node", "--namespace=*"),
            {
                "selection": {
                    "nomad": {
                        "topics": [{"topic": "Job", "key": "web"}, {"topic": "Node"}],
                        "namespace": "*",
                    }
                }
            },
        ),
        (
            ("--type=a", "--type=b", "--id=job/web", "--id=n1", "--source=prod", "--source="),
            {"types": ["a", "b"], "identifiers": ["job/web", "n1"], "sources": ["prod", ""]},
        ),
        (("--grep=OOM", '--grep="Out of memory" web'), {"text": 'OOM "Out of memory" web'}),
        (("--where=event.id == ''",), {"filter": "event.id == ''"}),
        (("--where=record.seq > 2", "--where=a || b"), {"filter": "(record.seq > 2) && (a || b)"}),
        (
            ("--name=deploy", "--job=352"),
            {"selection": {"consul": {"names": ["deploy"]}, "puppet": {"jobs": ["352"]}}},
        ),
    ],
)
def test_options_are_one_read(words: tuple[str, ...], expected: dict[str, object]) -> None:
    defaults = {"order": pb.READ_ORDER_OLDEST_FIRST, "payload_format": pb.PAYLOAD_FORMAT_TYPED}
    wanted: dict[str, object] = {**defaults, **expected}
    assert build_request(options(*words), NOW) == pb.ReadRecordsRequest(**wanted)  # type: ignore[arg-type]  # a table of any fields


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (("--since=some day",), "--since: expected 2h, .*, a seq, or 'start'$"),
        (("--until=some day",), "--until: expected 2h, .*, a seq$"),
        (("--until=start",), "--until: expected 2h"),
        (("--since=9", "--until=9"), "--until: expected what lies after --since"),
        (("--since=1h", "--until=2h"), "--until: expected what lies after --since"),
        (("--system=consul", "--topic=Job"), "--topic is about events of nomad"),
    ],
)
def test_options_that_nothing_can_match_are_told(words: tuple[str, ...], problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        build_request(options(*words), NOW)


@pytest.mark.parametrize("seq", ["0", "-1", "x", "1.5", "", "18446744073709551616", "\u0661"])
def test_show_takes_a_position_and_nothing_else(seq: str) -> None:
    parser = argparse.ArgumentParser()
    add_show(parser)
    with pytest.raises(SystemExit):
        parser.parse_args([seq])
    assert parser.parse_args(["18446744073709551615"]).seq == 2**64 - 1
