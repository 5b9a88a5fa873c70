"""Nomad's lines in both directions: records to lines of the stream, published lines to drafts."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import msgspec

from tidings.gateway.json_text import dumps
from tidings.gateway.live.tail import BYTES
from tidings.gateway.upload.spelling import BadLine, Description, Spelling
from tidings.v1 import event_pb2, json_runtime, nomad_json, nomad_pb2
from tidings.v1 import event_service_pb2 as pb

HEARTBEAT = b"{}\n"

_MAX_UINT64 = 2**64 - 1
_MEMBERS = frozenset({"Index", "Events"})
_events = msgspec.json.Decoder(list[dict[str, msgspec.Raw]] | None)


class NomadLines:
    """Prints the stream: one line a record, nothing for heartbeats and gaps of the service.

    Heartbeats run by the door's own clock; a gap has no form on Nomad's wire.
    """

    name = "nomad"
    form = BYTES

    def record(self, record: event_pb2.EventRecord) -> bytes:
        """Print a record: its position as Index on line and events, payloads byte for byte."""
        events = [event_object(event, record.seq) for event in record.events]
        return dumps({"Index": record.seq, "Events": events}) + b"\n"

    def heartbeat(self, heartbeat: pb.Heartbeat) -> bytes:
        """Print nothing."""
        del heartbeat
        return b""

    def gap(self, gap: pb.Gap) -> bytes:
        """Print nothing."""
        del gap
        return b""


def event_object(event: event_pb2.Event, seq: int) -> dict[str, json_runtime.Json]:
    """Return an event as a JSON object of the stream."""
    members = nomad_json.nomad_event_to_json(event.nomad)
    payload = members.pop("Payload")
    # the order of Nomad's own lines
    return {**members, "Index": seq, "Payload": payload}


def parse_line(text: bytes, source: str) -> event_pb2.Draft | None:
    """Return the draft of one line of an event stream, None for a heartbeat.

    With a source its key is source, upstream Index and the SHA-256 of the line's canonical JSON, so
    that a replay is stored once, in whatever order Nomad writes the members.

    Raises:
        BadLine: it is no such line.
    """
    try:
        line = json_runtime.members(text)
        index = _parse_index(line) or 0
        events = _events.decode(line.get("Events", b"null")) or []
        if not events:
            # Nomad's Go client: a heartbeat has Index 0 and no Events; the wire has just `{}`
            if index or line.keys() - _MEMBERS:
                raise BadLine("Events: must hold at least one event")
            return None
        draft = event_pb2.Draft()
        for place, members in enumerate(events):
            try:
                body = _parse_event(members, index)
            except json_runtime.JsonError as error:
                raise BadLine(f"Events[{place}].{error}") from None
            draft.events.add(nomad=body, source=source)
        if source:
            digest = hashlib.sha256(json_runtime.canonical(text)).hexdigest()
            draft.key = f"{source}/{index}/{digest}"
    except json_runtime.JsonError as error:
        raise BadLine(str(error)) from None
    except msgspec.MsgspecError:
        raise BadLine("Events: expected a list of objects") from None
    return draft


def _parse_event(members: dict[str, msgspec.Raw], line_index: int) -> nomad_pb2.NomadEvent:
    texts = {name: bytes(text) for name, text in members.items()}
    index = _parse_index(texts)
    texts.pop("Index", None)
    # Members that only a newer Nomad has are left out: the event's own, never those of its payload.
    left_out: list[str] = []
    event = nomad_json.nomad_event_from_members(texts, left_out)
    if known := line_index if index is None else index:
        event.upstream_index = known
    return event


def _parse_index(members: Mapping[str, bytes]) -> int | None:
    value = json_runtime.loads(members.get("Index", b"null"))
    if value is None:
        return None
    if type(value) is not int or not 0 <= value <= _MAX_UINT64:
        raise json_runtime.JsonError("Index", "expected an unsigned 64-bit integer")
    return value


def describe(event: event_pb2.Event, seq: int) -> Description:
    """Describe an event by its topic, its type and the key of its object."""
    kind = f"{event.nomad.topic}.{event.nomad.type}"
    return Description(kind, event.nomad.key, event_object(event, seq))


SPELLING = Spelling("nomad", parse_line, describe, ("Events", "Index"))
