"""`tidings info`: the status as people read it."""

from __future__ import annotations

import pytest
from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp

from tidings.app.commands.info import as_text
from tidings.v1 import event_service_pb2 as pb
from tidings.v1 import event_system_pb2

LOG = "6f1d"
KEPT = "36h, 5000 records, 1.0 GiB, at least 256 records"
NOMAD = pb.EventSystemStatus(
    system=event_system_pb2.EVENT_SYSTEM_NOMAD,
    first_seq=1003,
    last_seq=1117,
    record_count=90,
    size_bytes=2048,
    trimmed_through_seq=1002,
    last_recorded_at=Timestamp(seconds=1_700_000_000),
    retention=pb.Retention(
        max_age=Duration(seconds=36 * 3600), max_records=5000, max_bytes=2**30, min_records=256
    ),
)
PUPPET = pb.EventSystemStatus(system=event_system_pb2.EVENT_SYSTEM_PUPPET)


def test_all_of_it_is_a_few_lines_and_a_table() -> None:
    status = pb.GetLogStatusResponse(
        log_id=LOG,
        head_seq=1117,
        version="0.1.0",
        systems=[NOMAD, PUPPET],
        store=pb.StoreStatus(kind="sqlite", size_bytes=3_400_000, retention_max_bytes=50 * 2**30),
        open_calls=[pb.OpenCalls(method="Subscribe", count=3), pb.OpenCalls(method="List")],
    )
    assert list(as_text(status)) == [
        "log      6f1d",
        "head     1117",
        "version  0.1.0",
        "store    sqlite, 3.2 MiB",
        "keeps    50.0 GiB of records",
        "readers  Subscribe 3, List 0",
        "",
        "system  records  size     first  last  gone through  newest                retention",
        "nomad   90       2.0 KiB  1003   1117  1002          2023-11-14T22:13:20Z  " + KEPT,
        "puppet  0        0 bytes  -      -     -             -                     everything",
    ]


def test_what_is_not_told_is_left_out() -> None:
    status = pb.GetLogStatusResponse(log_id=LOG, head_seq=1, version="0.1.0")
    assert list(as_text(status)) == ["log      6f1d", "head     1", "version  0.1.0"]


@pytest.mark.parametrize(
    ("size_bytes", "text"),
    [
        (0, "0 bytes"),
        (1023, "1023 bytes"),
        (1024, "1.0 KiB"),
        (1536 * 1024, "1.5 MiB"),
        (5 * 1024**3, "5.0 GiB"),
        (3 * 1024**4, "3.0 TiB"),
    ],
)
def test_sizes_are_in_binary_units(size_bytes: int, text: str) -> None:
    status = pb.GetLogStatusResponse(store=pb.StoreStatus(kind="sqlite", size_bytes=size_bytes))
    assert list(as_text(status))[3] == f"store    sqlite, {text}"
