"""Gaps as messages: what a reader is told instead of records that cannot be delivered."""

from __future__ import annotations

from tidings.dialects.systems import system_number
from tidings.v1 import event_service_pb2
from tidings.v1.event_service_pb2 import GapReason

DETAILS = {
    GapReason.GAP_REASON_RETENTION: "trimmed by retention before it was read",
    GapReason.GAP_REASON_DAMAGED: "damaged on the disk: its content is not what was stored",
    GapReason.GAP_REASON_TOO_LARGE: "larger than an answer may be",
}


def gap_of(
    system: str, first_seq: int, last_seq: int, reason: GapReason.ValueType, resume_seq: int
) -> event_service_pb2.Gap:
    """Return a gap; both positions are inclusive.

    Everything that the reader selected up to `resume_seq` has been sent or reported.
    """
    return event_service_pb2.Gap(
        system=system_number(system),
        first_seq=first_seq,
        last_seq=last_seq,
        reason=reason,
        detail=DETAILS[reason],
        resume_seq=resume_seq,
    )


def gap_message(
    system: str, first_seq: int, last_seq: int, reason: GapReason.ValueType, resume_seq: int
) -> bytes:
    """Return an encoded SubscribeResponse with a gap (`gap_of`)."""
    gap = gap_of(system, first_seq, last_seq, reason, resume_seq)
    return event_service_pb2.SubscribeResponse(gap=gap).SerializeToString()
