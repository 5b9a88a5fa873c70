"""`tidings source list`: the sources as people read them."""

from __future__ import annotations

from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp

from tidings.app.commands.source import as_text
from tidings.v1 import event_system_pb2, source_pb2


def test_a_table_says_how_each_is_doing() -> None:
    since = Timestamp(seconds=1_700_000_000)
    good = source_pb2.SourceStatus(
        source="prod",
        system=event_system_pb2.EVENT_SYSTEM_NOMAD,
        connected=True,
        since=since,
        last_event_at=since,
        lag=Duration(seconds=1, nanos=230_000_000),
        events=7,
        bytes=2048,
        position="18230",
    )
    bad = source_pb2.SourceStatus(
        source="old\x1b[2J",
        system=event_system_pb2.EVENT_SYSTEM_CONSUL,
        since=since,
        stale_since=since,
        reason="is not reached",
        gaps=1,
        errors=2,
    )
    head, first, second = as_text([good, bad])
    assert head.split() == [
        "source", "system", "state", "since", "last", "event", "lag", "events", "size", "gaps",
        "errors", "position",
    ]  # fmt: skip
    time = "2023-11-14T22:13:20Z"
    assert first.split() == [
        "prod", "nomad", "connected", time, time, "1.2s", "7", "2.0", "KiB", "0", "0", "18230"
    ]  # fmt: skip
    assert "consul  stale, is not reached" in second
    assert second.split()[-8:] == ["-", "-", "0", "0", "bytes", "1", "2", "-"]
    assert "\x1b" not in second
