"""Drafts, and a world that stands still, for the tests of the dialects."""

from __future__ import annotations

from collections.abc import Sequence

from google.protobuf.timestamp_pb2 import Timestamp

from tidings.core import record as core
from tidings.dialects.checking import check_draft
from tidings.dialects.dialect import CheckContext, Dialect
from tidings.v1 import event_pb2

NOW_US = 1_700_000_000_123_456
CONTEXT = CheckContext(now_us=NOW_US, token=lambda count: bytes(range(count)), last_seq=5)


def at(seconds: int, nanos: int = 0) -> Timestamp:
    return Timestamp(seconds=seconds, nanos=nanos)


def check(dialect: Dialect, *events: event_pb2.Event, key: str = "") -> core.Draft:
    """Check a draft, and see that the draft itself has not changed."""
    draft = event_pb2.Draft(key=key, events=events)
    before = draft.SerializeToString(deterministic=True)
    try:
        return check_draft(dialect, draft, CONTEXT)
    finally:
        assert draft.SerializeToString(deterministic=True) == before


def stored(draft: core.Draft) -> Sequence[event_pb2.Event]:
    """Return the events of a checked draft's body."""
    return event_pb2.EventRecord.FromString(draft.body).events


def record(draft: core.Draft, seq: int) -> core.Record:
    """Return the record that a draft becomes."""
    return core.Record(seq, NOW_US, draft.system, draft.subject, draft.body)
