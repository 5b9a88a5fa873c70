"""Streams as CloudEvents, for all systems: one a line, or one array.

Source: CloudEvents 1.0.2 and its JSON Event Format. Heartbeats, gaps and the error that ends a
stream are events of their own types.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from urllib.parse import quote

from google.protobuf.message import Message

from tidings.gateway import doors
from tidings.gateway.doors.cloud_event.lines import ERROR, GAP, HEARTBEAT, JSON_CONTENT, SEQ
from tidings.gateway.doors.cloud_event.paths import BATCH_TYPE, STRUCTURED_TYPE
from tidings.gateway.doors.native.formats import Format
from tidings.gateway.json_text import dumps
from tidings.gateway.live.tail import BYTES
from tidings.gateway.transcode.errors import Unprintable
from tidings.gateway.transcode.fields import descriptor_of
from tidings.gateway.transcode.render import render_message
from tidings.gateway.transcode.status import render_status, status_of
from tidings.gateway.upload.spelling import Describe, Description
from tidings.gateway.upstream.failures import Failure
from tidings.v1 import event_pb2, event_system_pb2
from tidings.v1 import event_service_pb2 as pb
from tidings.v1 import json_runtime as rt

_Members = dict[str, rt.Json]

# What an attribute's text must not hold, as the section "Type System" has it.
_BAD_TEXT = re.compile("[\x00-\x1f\x7f-\x9f\ufdd0-\ufdef\ufffe\uffff]")
# What a URI reference may hold beside letters, digits and escapes. Source: RFC 3986.
_IN_URIS = "/:?#@!$&'()*+,;=-._~%"
_NO_ESCAPE = re.compile("%(?![0-9A-Fa-f]{2})")


@dataclass(frozen=True, slots=True)
class CloudEvents:
    """Prints a stream as CloudEvents. `end` follows the last of them."""

    log_id: str
    between: bytes = b"\n"
    end: bytes = b"\n"

    name = "native"
    form = BYTES

    def record(self, record: event_pb2.EventRecord) -> bytes:
        """Print each event of a record.

        Raises:
            Unprintable: one of them is of a newer Tidings, or has no JSON form.
        """
        return b"".join(dumps(each) + self.between for each in self._events(record))

    def heartbeat(self, heartbeat: pb.Heartbeat) -> bytes:
        """Print a heartbeat as an event, which is the last of a stream that ends."""
        made = self._own(HEARTBEAT, f"heartbeat/{heartbeat.seq}", heartbeat.seq)
        return dumps(made) + self.end

    def gap(self, gap: pb.Gap) -> bytes:
        """Print a gap as an event; its position is the one to resume from."""
        system = event_system_pb2.EventSystem.Name(gap.system)
        name = f"gap/{system}/{gap.first_seq}-{gap.last_seq}"
        return dumps(self._own(GAP, name, gap.resume_seq, render_message(gap))) + self.between

    def failure(self, failure: Failure) -> bytes:
        """Print why a stream broke as an event, which is the last one."""
        status = render_status(status_of(failure))
        return dumps(self._own(ERROR, f"error/{uuid.uuid4()}", 0, status)) + self.end

    def _events(self, record: event_pb2.EventRecord) -> Iterator[_Members]:
        places = record.places or range(len(record.events))
        for place, event in zip(places, record.events, strict=True):
            system = event.WhichOneof("body")
            if system is None:
                raise _unprintable(event, "it is of a newer Tidings")
            found = _describers()[system](event, record.seq)
            if isinstance(found, Description):
                yield self._described(found, system, event, record, place)
            else:
                yield {**found, SEQ: str(record.seq)}

    def _described(
        self,
        found: Description,
        system: str,
        event: event_pb2.Event,
        record: event_pb2.EventRecord,
        place: int,
    ) -> _Members:
        time = event.occurred_at if event.HasField("occurred_at") else record.recorded_at
        members: _Members = {
            "specversion": "1.0",
            "id": f"{self.log_id}/{record.seq}/{place}",
            "source": _uri_reference(event.source) or self._source,
            "type": _attribute(f"tidings.{system}.{found.kind}"),
            "subject": _attribute(found.subject),
            "time": rt.time_text(time),
        }
        return {name: member for name, member in members.items() if member} | {
            SEQ: str(record.seq),
            "datacontenttype": JSON_CONTENT,
            "data": found.data,
        }

    def _own(self, kind: str, name: str, seq: int, data: bytes = b"") -> _Members:
        members: _Members = {
            "specversion": "1.0",
            "id": f"{self.log_id}/{name}",
            "source": self._source,
            "type": kind,
        }
        if seq:
            members[SEQ] = str(seq)
        if data:
            members |= {"datacontenttype": JSON_CONTENT, "data": rt.raw(data)}
        return members

    @property
    def _source(self) -> str:
        return f"/tidings/{self.log_id}"


@cache
def _describers() -> Mapping[str, Describe]:
    spellings = doors.spellings().items()
    found = {system: one.describe for system, one in spellings if one.describe is not None}
    return {**found, "tidings": _describe_own}


def _describe_own(event: event_pb2.Event, seq: int) -> Description:
    """Describe an event of Tidings itself, which only this door prints."""
    del seq
    kind = event.tidings.WhichOneof("kind")
    if kind is None:
        raise _unprintable(event, "it is of a newer Tidings")
    source: str = getattr(event.tidings, kind).source
    return Description(kind, source, rt.raw(render_message(event.tidings)))


def _unprintable(event: Message, why: str) -> Unprintable:
    return Unprintable(descriptor_of(event).full_name, why)


def _attribute(text: str) -> str:
    """Return a text with characters percent-encoded that no attribute may hold."""
    return _BAD_TEXT.sub(lambda found: quote(found[0]), text)


def _uri_reference(text: str) -> str:
    return _NO_ESCAPE.sub("%25", quote(text, safe=_IN_URIS))


EVENT_LINES = Format(STRUCTURED_TYPE, f"{STRUCTURED_TYPE}; framing=ndjson", CloudEvents)
EVENT_ARRAY = Format(
    BATCH_TYPE,
    BATCH_TYPE,
    lambda log_id: CloudEvents(log_id, b",\n", b"\n]\n"),
    opening=b"[\n",
    is_endless=False,
)
