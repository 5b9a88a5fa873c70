"""The forms that streams are printed in, and which of them a request asks for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from tidings.gateway.http.accept import weights
from tidings.gateway.live.stream_key import Renderer
from tidings.gateway.live.tail import BYTES
from tidings.gateway.transcode.render import LINES_TYPE, render_message
from tidings.gateway.transcode.routes import ERROR_MEMBER
from tidings.gateway.transcode.status import render_status, status_of
from tidings.gateway.upstream.failures import Failure
from tidings.v1 import event_pb2
from tidings.v1 import event_service_pb2 as pb

SSE_TYPE = "text/event-stream"


class Printer(Renderer[bytes], Protocol):
    """Prints the messages of a stream, and why it broke."""

    def failure(self, failure: Failure) -> bytes:
        """Print why a stream broke, the last thing that is printed."""
        ...


@dataclass(frozen=True, slots=True)
class Format:
    """One form. `media_type` is what `Accept` names, `content_type` what the answer says.

    `printer` is given the log's id; equal ids give equal printers. `opening` comes before
    everything else. A form that is not endless has a last line, and is for streams that end.
    """

    media_type: str
    content_type: str
    printer: Callable[[str], Printer]
    opening: bytes = b""
    is_endless: bool = True


class NativeLines:
    """Prints a stream as lines: one SubscribeResponse each, with one record."""

    name = "native"
    form = BYTES

    def record(self, record: event_pb2.EventRecord) -> bytes:
        """Print a record as a line."""
        return _batch(record) + b"\n"

    def heartbeat(self, heartbeat: pb.Heartbeat) -> bytes:
        """Print a heartbeat as a line."""
        return render_message(pb.SubscribeResponse(heartbeat=heartbeat)) + b"\n"

    def gap(self, gap: pb.Gap) -> bytes:
        """Print a gap as a line."""
        return render_message(pb.SubscribeResponse(gap=gap)) + b"\n"

    def failure(self, failure: Failure) -> bytes:
        """Print why a stream broke, which is the last line."""
        return b'{"%s":%s}\n' % (ERROR_MEMBER.encode(), render_status(status_of(failure)))


class NativeEvents:
    """Prints a stream as server-sent events, whose id is the position to resume from."""

    name = "native"
    form = BYTES

    def record(self, record: event_pb2.EventRecord) -> bytes:
        """Print a record as a message."""
        return b"id: %d\ndata: %s\n\n" % (record.seq, _batch(record))

    def heartbeat(self, heartbeat: pb.Heartbeat) -> bytes:
        """Print a heartbeat as an event of its own kind."""
        text = render_message(pb.SubscribeResponse(heartbeat=heartbeat))
        return b"id: %d\nevent: heartbeat\ndata: %s\n\n" % (heartbeat.seq, text)

    def gap(self, gap: pb.Gap) -> bytes:
        """Print a gap as an event of its own kind."""
        text = render_message(pb.SubscribeResponse(gap=gap))
        return b"id: %d\nevent: gap\ndata: %s\n\n" % (gap.resume_seq, text)

    def failure(self, failure: Failure) -> bytes:
        """Print why a stream broke as an event of its own kind."""
        return b"event: failure\ndata: %s\n\n" % render_status(status_of(failure))


def _batch(record: event_pb2.EventRecord) -> bytes:
    """Print a SubscribeResponse with one record, without a message: that would copy the record."""
    return b'{"batch":{"records":[%s]}}' % render_message(record)


_LINES, _EVENTS = NativeLines(), NativeEvents()
LINES = Format(LINES_TYPE, LINES_TYPE, lambda _: _LINES)
EVENTS = Format(SSE_TYPE, SSE_TYPE, lambda _: _EVENTS)


def preferred(accept: str, formats: tuple[Format, ...]) -> Format | None:
    """Return the form that a client names with the highest weight, the first of equal ones.

    Source: RFC 9110 section 12.5.1. A range that covers a form without naming it is not enough.
    """
    found, highest = None, 0.0
    for kind, weight in weights(accept):
        named = next((each for each in formats if each.media_type == kind), None)
        if named is not None and weight > highest:
            found, highest = named, weight
    return found
