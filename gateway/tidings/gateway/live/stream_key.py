"""Which readers share a stream, and how its messages are printed for them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, Protocol

import structlog

from tidings.gateway.live.tail import Form, Line
from tidings.gateway.metrics import Metrics
from tidings.gateway.transcode.metadata import Metadata
from tidings.v1 import event_pb2, event_system_pb2
from tidings.v1 import event_service_pb2 as pb

UNPRINTABLE = "the record is stored and cannot be printed as JSON; gRPC readers get it"

_log = structlog.get_logger("tidings.gateway")


class Renderer(Protocol[Line]):
    """How a door prints a stream. Each method returns whole lines, or nothing for the wire."""

    @property
    def name(self) -> str:
        """The door, for logs and metrics."""
        ...

    @property
    def form(self) -> Form[Line]:
        """What its lines are: bytes of a body, or frames of a websocket."""
        ...

    def record(self, record: event_pb2.EventRecord) -> Line:
        """Print a record."""
        ...

    def heartbeat(self, heartbeat: pb.Heartbeat) -> Line:
        """Print a heartbeat of the service."""
        ...

    def gap(self, gap: pb.Gap) -> Line:
        """Print a gap; its reason says whether that is one record, after which all goes on."""
        ...


@dataclass(frozen=True, slots=True)
class StreamKey(Generic[Line]):
    """What a reader wants, how it is printed and who asks. Readers with equal keys share streams.

    `selection` is a serialized SubscribeRequest without start and log_id; `credential` is the
    caller's, byte for byte, or empty.
    """

    renderer: Renderer[Line]
    selection: bytes
    credential: Metadata


def lines_of(
    metrics: Metrics, renderer: Renderer[Line], message: pb.SubscribeResponse
) -> list[tuple[int, Line]]:
    """Return the lines of a message, each with the position that is safe to go on after."""
    if message.HasField("heartbeat"):
        return [(message.heartbeat.seq, renderer.heartbeat(message.heartbeat))]
    if message.HasField("gap"):
        _note_gap(metrics, renderer.name, message.gap)
        return [(message.gap.resume_seq, renderer.gap(message.gap))]
    return [(record.seq, _printed(metrics, renderer, record)) for record in message.batch.records]


def _printed(metrics: Metrics, renderer: Renderer[Line], record: event_pb2.EventRecord) -> Line:
    """Print a record. One that cannot be printed becomes a gap and does not end the stream.

    This version stores no such record; a log of an older version may have some.
    """
    try:
        return renderer.record(record)
    except Exception as error:  # noqa: BLE001 - whatever it is, the next record is wanted as well
        metrics.unprintable.labels(door=renderer.name).inc()
        _log.warning(
            "a record cannot be printed",
            door=renderer.name,
            seq=record.seq,
            kind=type(error).__name__,
        )
        system = record.events[0].WhichOneof("body") if record.events else None
        name = f"EVENT_SYSTEM_{(system or 'unspecified').upper()}"
        return renderer.gap(
            pb.Gap(
                system=event_system_pb2.EventSystem.Value(name),
                first_seq=record.seq,
                last_seq=record.seq,
                reason=pb.GAP_REASON_UNPRINTABLE,
                detail=UNPRINTABLE,
                resume_seq=record.seq,
            )
        )


def _note_gap(metrics: Metrics, door: str, gap: pb.Gap) -> None:
    """Log and count a gap: some doors have no form for it."""
    metrics.gaps.labels(door=door).inc()
    _log.warning(
        "gap: records that a reader asked for are gone",
        door=door,
        system=event_system_pb2.EventSystem.Name(gap.system),
        reason=pb.GapReason.Name(gap.reason),
        first_seq=gap.first_seq,
        last_seq=gap.last_seq,
    )
