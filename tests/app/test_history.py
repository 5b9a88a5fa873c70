"""`tidings history`: what is asked, and versions as people read them."""

from __future__ import annotations

import argparse
import datetime as dt
from typing import Any

import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from tests.kit.loop import scenario
from tidings.app.commands.asking_options import add_history
from tidings.app.commands.history import as_diff, as_line, build_request, versions
from tidings.v1 import objects_pb2
from tidings.v1.event_system_pb2 import EVENT_SYSTEM_NOMAD

NOW = dt.datetime(2026, 1, 10, 12, 0, tzinfo=dt.UTC)
NOON = Timestamp(seconds=int(NOW.timestamp()))


pytestmark = pytest.mark.usefixtures("in_kolkata")


def version(**fields: Any) -> objects_pb2.ObjectVersion:
    made = objects_pb2.ObjectVersion(**fields)
    made.object.MergeFrom(
        objects_pb2.ObjectState(
            system=EVENT_SYSTEM_NOMAD,
            kind="job",
            id="web",
            type="JobRegistered",
            status="running",
            seq=117,
            recorded_at=NOON,
        )
    )
    return made


CHANGES = [
    objects_pb2.ObjectChange(pointer="/Count", old_json="1", new_json="3"),
    objects_pb2.ObjectChange(pointer="/Meta", new_json='{"a":1.50,"b":["\u009b"]}'),
    objects_pb2.ObjectChange(pointer="", old_json='"x"'),
]
LINE = "     117  2026-01-10 17:30:00+05:30  JobRegistered  running  "


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"first_known": True}, "the first that is known"),
        ({}, "no change"),
        ({"changes": CHANGES[:1]}, "1 change"),
        ({"changes": CHANGES}, "3 changes"),
        ({"changes": CHANGES, "more_changes": True}, "3 changes and more"),
        ({"changes": CHANGES, "deleted": True}, "deleted"),
    ],
)
def test_a_line_says_what_became_of_it(fields: dict[str, Any], told: str) -> None:
    assert as_line(version(**fields), colored=False) == LINE + told


def test_a_diff_is_as_git_prints_one() -> None:
    shown = version(changes=CHANGES, occurred_at=Timestamp(seconds=NOON.seconds - 60))
    shown.object.name, shown.object.namespace, shown.object.source = "w\x1b", "prod", "eu"
    assert list(as_diff(shown, colored=False)) == [
        "seq 117",
        "Object:    nomad job/web (w\\x1b)",
        "Namespace: prod",
        "Type:      JobRegistered",
        "Status:    running",
        "Source:    eu",
        "Stored:    2026-01-10 17:30:00+05:30",
        "Happened:  2026-01-10 17:29:00+05:30",
        "",
        "@@ /Count @@",
        "-1",
        "+3",
        "",
        "@@ /Meta @@",
        "+{",
        '+  "a": 1.50,',
        '+  "b": [',
        '+    "\\u009b"',
        "+  ]",
        "+}",
        "",
        "@@ / @@",
        '-"x"',
    ]


def test_a_diff_is_coloured_as_git_colours_one() -> None:
    lines = list(as_diff(version(changes=CHANGES[:1], more_changes=True), colored=True))
    assert lines[0] == "\x1b[33mseq 117\x1b[0m"
    assert lines[-5:] == [
        "\x1b[36m@@ /Count @@\x1b[0m",
        "\x1b[31m-1\x1b[0m",
        "\x1b[32m+3\x1b[0m",
        "",
        "    and more than fits in an answer",
    ]


def test_the_first_version_has_nothing_to_differ_from() -> None:
    lines = list(as_diff(version(first_known=True), colored=False))
    assert lines[-2:] == ["", "    the first that is known"]


def asked(*words: str) -> objects_pb2.GetObjectHistoryRequest:
    parser = argparse.ArgumentParser()
    add_history(parser)
    return build_request(parser.parse_args(words), NOW)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("job/web",), {"changed_only": True}),
        (("jobs/web", "--all"), {}),
        (
            ("job/web", "--namespace=prod", "--source="),
            {"changed_only": True, "namespace": "prod", "source": ""},
        ),
        (
            ("job/web", "--since=1h", "--until=2026-01-10T12:00Z"),
            {
                "changed_only": True,
                "from_time": Timestamp(seconds=NOON.seconds - 3600),
                "until_time": NOON,
            },
        ),
    ],
)
def test_options_are_one_request(words: tuple[str, ...], expected: dict[str, Any]) -> None:
    wanted = objects_pb2.GetObjectHistoryRequest(kind="job", id="web", **expected)
    assert asked(*words) == wanted


class Service:
    """Has versions of seqs that fall, three a page."""

    def __init__(self, seqs: list[int]) -> None:
        self.seqs = seqs
        self.sizes: list[int] = []

    async def GetObjectHistory(
        self, request: objects_pb2.GetObjectHistoryRequest, **options: float
    ) -> objects_pb2.GetObjectHistoryResponse:
        assert options["timeout"] > 0
        self.sizes.append(request.page_size)
        at = int(request.page_token or 0)
        size = min(request.page_size or 3, 3)
        answer = objects_pb2.GetObjectHistoryResponse()
        for seq in self.seqs[at : at + size]:
            answer.versions.add(object=objects_pb2.ObjectState(seq=seq))
        if at + size < len(self.seqs):
            answer.next_page_token = str(at + size)
        return answer


@pytest.mark.parametrize(
    ("count", "found", "sizes"),
    [
        (0, [9, 8, 7, 6, 5, 4, 3], [0, 0, 0]),
        (1, [9], [1]),
        (5, [9, 8, 7, 6, 5], [5, 2]),
        (50, [9, 8, 7, 6, 5, 4, 3], [50, 47, 44]),
    ],
)
@scenario
async def test_pages_are_one_history(count: int, found: list[int], sizes: list[int]) -> None:
    service: Any = Service([9, 8, 7, 6, 5, 4, 3])
    request = objects_pb2.GetObjectHistoryRequest(system=EVENT_SYSTEM_NOMAD, kind="job", id="web")
    assert [each.object.seq async for each in versions(service, request, count)] == found
    assert service.sizes == sizes


@pytest.mark.parametrize("identity", ["a/b", "a?b#c", "100%", "a%2Fb", "a b", "café", "/a//b/"])
def test_an_id_is_taken_as_it_is(identity: str) -> None:
    assert asked(f"job/{identity}").id == identity
