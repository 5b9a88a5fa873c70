"""`tidings state`: what is asked, and objects as people read them."""

from __future__ import annotations

import argparse
import datetime as dt
from typing import Any

import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from tidings.app.commands.asking_options import add_state
from tidings.app.commands.state import as_text, build_request
from tidings.v1 import objects_pb2

NOW = dt.datetime(2026, 1, 10, 12, 0, tzinfo=dt.UTC)
NOON = Timestamp(seconds=int(NOW.timestamp()))
BASIC = objects_pb2.OBJECT_VIEW_BASIC


pytestmark = pytest.mark.usefixtures("in_kolkata")


def state(kind: str, identity: str, **fields: Any) -> objects_pb2.ObjectState:
    system = fields.pop("system", "EVENT_SYSTEM_NOMAD")
    return objects_pb2.ObjectState(
        system=system, kind=kind, id=identity, recorded_at=NOON, **fields
    )


def test_each_kind_is_a_table_of_what_it_has() -> None:
    found = [
        state("node", "6f", name="n2", status="ready", seq=9),
        state(
            "allocation",
            "a\x1b1",
            status="running",
            namespace="prod",
            parents=["job/web", "node/bdf62670-24b0-4592-88cb-0e31e36e2e4f"],
            seq=1234,
        ),
        state("node", "5e", name="n1", status="down", seq=117, source="eu"),
        state(
            "job", "352", system="EVENT_SYSTEM_PUPPET", parts={"finished": 3, "failed": 1}, seq=4
        ),
    ]
    assert list(as_text(found)) == [
        "nomad allocation: 1",
        "id      namespace  status   of                     seq   since",
        "a\\x1b1  prod       running  job/web node/bdf62670  1234  2026-01-10 17:30:00+05:30",
        "",
        "nomad node: 2",
        "id  name  status  source  seq  since",
        "5e  n1    down    eu      117  2026-01-10 17:30:00+05:30",
        "6f  n2    ready   -       9    2026-01-10 17:30:00+05:30",
        "",
        "puppet job: 1",
        "id   status                 seq  since",
        "352  (1 failed 3 finished)  4    2026-01-10 17:30:00+05:30",
    ]


def test_nothing_is_nothing() -> None:
    assert list(as_text([])) == []


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ((), {"view": BASIC}),
        (("nodes", "allocs"), {"view": BASIC, "kinds": ["node", "allocation"]}),
        (("-ojson",), {"view": objects_pb2.OBJECT_VIEW_FULL}),
        (("--at=1h",), {"view": BASIC, "at": Timestamp(seconds=NOON.seconds - 3600)}),
        (
            ("--system=docker-cloud", "--id=a", "--id=b", "--namespace=prod", "--status=Running"),
            {
                "view": BASIC,
                "systems": ["EVENT_SYSTEM_DOCKER_CLOUD"],
                "ids": ["a", "b"],
                "namespace": "prod",
                "statuses": ["Running"],
            },
        ),
        (
            ("--parent=jobs/web", "--parent=alloc/6f", "--parent=x", "--source="),
            {"view": BASIC, "parents": ["job/web", "allocation/6f", "x"], "sources": [""]},
        ),
    ],
)
def test_options_are_one_request(words: tuple[str, ...], expected: dict[str, Any]) -> None:
    parser = argparse.ArgumentParser()
    add_state(parser)
    wanted = objects_pb2.ListObjectsRequest(**expected)
    assert build_request(parser.parse_args(words), NOW) == wanted
