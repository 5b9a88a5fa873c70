"""What the options of tail ask for, and what is said of those that cannot match."""

from __future__ import annotations

import argparse
import datetime as dt

import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from tidings.app.commands.asking_options import add_tail
from tidings.app.commands.selection import NOMAD_TOPICS, warnings
from tidings.app.commands.tail_request import build_request, read_request
from tidings.dialects.nomad.rights import NEEDS
from tidings.v1 import consul_pb2, selection_pb2
from tidings.v1 import event_service_pb2 as pb

NOW = dt.datetime(2026, 1, 10, 12, 0, tzinfo=dt.UTC)
ALL_OF_CONSUL = selection_pb2.Selection(consul=consul_pb2.ConsulSelector())
CONSUL = pb.ReadRecordsRequest(selection=ALL_OF_CONSUL)
CONSUL_SINCE = pb.ReadRecordsRequest(selection=ALL_OF_CONSUL, from_time=Timestamp(seconds=1))


pytestmark = pytest.mark.usefixtures("in_kolkata")


def options(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    add_tail(parser)
    return parser.parse_args(words)


def asked(*words: str) -> pb.SubscribeRequest:
    return build_request(options(*words), NOW)


@pytest.mark.parametrize(
    ("words", "start", "value"),
    [
        ((), "position", pb.START_POSITION_LATEST),
        (("-n", "3"), "position", pb.START_POSITION_EARLIEST),
        (("-n0",), "position", pb.START_POSITION_EARLIEST),
        (("--since=start",), "position", pb.START_POSITION_EARLIEST),
        (("--since=0",), "after_seq", 0),
        (("--since=17", "-n3"), "after_seq", 17),
        (("--since=99999999999999999999999",), "after_seq", 2**64 - 1),
        (("--since=10m",), "from_time", "2026-01-10T11:50:00Z"),
        (("--since=3d",), "from_time", "2026-01-07T12:00:00Z"),
        (("--since=2026-01-09T05:30:00Z",), "from_time", "2026-01-09T05:30:00Z"),
        (("--since=2026-01-09T05:30:00+02:00",), "from_time", "2026-01-09T03:30:00Z"),
        (("--since=2026-01-09 05:30",), "from_time", "2026-01-09T00:00:00Z"),
        (("--since=2026-01-09",), "from_time", "2026-01-08T18:30:00Z"),
    ],
)
def test_where_it_starts(words: tuple[str, ...], start: str, value: object) -> None:
    request = asked(*words)
    assert request.WhichOneof("start") == start
    found = getattr(request, start)
    assert (found.ToJsonString() if start == "from_time" else found) == value


@pytest.mark.parametrize(
    "since",
    [
        "some day",
        "-5m",
        "999999999999d",
        "99999999999999d",
        "0001-01-01",
        "\u0661\u0660m",
        "",
    ],
)
def test_a_start_that_is_none_is_told(since: str) -> None:
    with pytest.raises(ValueError, match=r"--since: expected 2h, .* a seq, or 'start'"):
        asked(f"--since={since}")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("-n3", "--since=17"), pb.ReadRecordsRequest(after_seq=17)),
        (("-n3", "-ojson"), pb.ReadRecordsRequest(payload_format=pb.PAYLOAD_FORMAT_JSON)),
        (("-n3", "--system=consul", "--since=start"), CONSUL),
        (
            ("-n3", "--type=a", "--id=job/web", "--source=prod", "--grep=OOM", "--where=true"),
            pb.ReadRecordsRequest(
                types=["a"],
                identifiers=["job/web"],
                sources=["prod"],
                text="OOM",
                filter="true",
            ),
        ),
        (("-n3", "--system=consul", "--since=1970-01-01T00:00:01Z"), CONSUL_SINCE),
    ],
)
def test_the_last_records_are_those_of_what_is_subscribed_to(
    words: tuple[str, ...], expected: pb.ReadRecordsRequest
) -> None:
    read = read_request(asked(*words))
    if not expected.payload_format:
        expected.payload_format = pb.PAYLOAD_FORMAT_TYPED
    assert read == expected


@pytest.mark.parametrize(
    ("words", "left_out"),
    [
        (("--topic=Job", "--system=consul"), "nomad"),
        (("--namespace=a", "--system=puppet", "--system=feldera"), "nomad"),
        (("--name=a", "--system=nomad"), "consul"),
        (("--job=1", "--system=nomad"), "puppet"),
    ],
)
def test_options_of_a_system_that_is_left_out_are_refused(
    words: tuple[str, ...], left_out: str
) -> None:
    with pytest.raises(ValueError, match=f"add --system {left_out}"):
        asked(*words)
    asked(*words, f"--system={left_out}")


def test_a_system_is_taken_as_paths_spell_it() -> None:
    assert asked("--system=docker-cloud") == asked("--system=docker_cloud")
    assert asked("--system=docker-cloud").selection.HasField("docker_cloud")


@pytest.mark.parametrize(
    ("topic", "hint"),
    [
        ("job", "did you mean Job?"),
        ("allocatio:web", "did you mean Allocation?"),
        ("NODEPOOL", "did you mean NodePool?"),
        ("jobs", "did you mean Job?"),
        ("zzz", "(ACLAuthMethod, "),
        ("", "(ACLAuthMethod, "),
    ],
)
def test_a_topic_that_nothing_is_known_of_is_told(topic: str, hint: str) -> None:
    arguments = options(f"--topic={topic}")
    (warning,) = warnings(arguments)
    assert hint in warning
    assert build_request(arguments, NOW).selection.nomad.topics, "newer systems add topics"


@pytest.mark.parametrize("topic", ["*", *NOMAD_TOPICS])
def test_a_topic_that_is_known_is_not(topic: str) -> None:
    assert list(warnings(options(f"--topic={topic}", f"--topic={topic}:key"))) == []


def test_every_topic_that_has_rights_is_known() -> None:
    assert set(NEEDS) <= set(NOMAD_TOPICS)


@pytest.mark.parametrize("count", ["-1", "x", "1.5", "\u0661"])
def test_a_count_is_a_whole_number(count: str) -> None:
    with pytest.raises(SystemExit):
        options(f"-n={count}")
