"""Gaps as messages: what a reader is told instead of records that cannot be given to him."""

from __future__ import annotations

from tidings.v1 import event_pb2, event_service_pb2

_SYSTEMS = {
    name.removeprefix("SYSTEM_").lower(): number for name, number in event_pb2.System.items()
}


def gap_message(system: str, first_seq: int, last_seq: int, reason: str) -> bytes:
    """Return an encoded SubscribeResponse with a gap; both positions are inclusive."""
    gap = event_service_pb2.Gap(
        system=_SYSTEMS[system], first_seq=first_seq, last_seq=last_seq, reason=reason
    )
    return event_service_pb2.SubscribeResponse(gap=gap).SerializeToString()
