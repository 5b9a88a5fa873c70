"""The JSON format of CloudEvents 1.0, both directions.

Source: CloudEvents, JSON Event Format, 1.0.2. The protobuf format keeps data as bytes or as text,
so the text of JSON data is kept as it came.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from google.protobuf.timestamp_pb2 import Timestamp

from tidings.gateway.upload.spelling import BadLine, Spelling
from tidings.v1 import event_pb2
from tidings.v1 import json_runtime as rt
from tidings.v1.cloud_event_pb2 import CloudEvent, CloudEventAttributeValue

SEQ = "tidingsseq"
"""The attribute that holds an event's position where Tidings prints it; left out where it reads."""

HEARTBEAT = "tidings.heartbeat"
GAP = "tidings.gap"
ERROR = "tidings.error"
"""Types of a stream's own events: its position, a gap, the error that ends it."""

JSON_CONTENT = "application/json"
_FIELDS = {"id": "id", "source": "source", "specversion": "spec_version", "type": "type"}
_JSON_CONTENT = re.compile(r"\s*[^/;\s]+/(?:[^/;\s]+\+)?json\s*(?:;.*)?", re.IGNORECASE)
_MIN_INT32, _MAX_INT32 = -(2**31), 2**31 - 1


def is_json(content_type: str) -> bool:
    """Say whether a media type declares JSON."""
    return bool(_JSON_CONTENT.fullmatch(content_type))


def parse_event(text: bytes, source: str) -> event_pb2.Draft | None:
    """Return the draft of one event in the JSON format, None for an empty object.

    None also for events of the stream that it was read from: a heartbeat, or the end.

    Data without a content type is JSON, and gets that type, as the format requires.

    Raises:
        BadLine: it is no such object.
    """
    try:
        members = rt.members(text)
        if not members or rt.loads(members.get("type", b"null")) in (HEARTBEAT, ERROR):
            return None
        event = CloudEvent()
        _read_data(event, members)
        for name, member in members.items():
            _read_attribute(event, name, member)
    except rt.JsonError as error:
        raise BadLine(str(error)) from None
    return event_pb2.Draft(events=[event_pb2.Event(source=source, cloud_event=event)])


def _read_data(event: CloudEvent, members: dict[str, bytes]) -> None:
    """Move the data from the members to the event."""
    data, encoded = members.pop("data", b"null"), members.pop("data_base64", b"null")
    if encoded != b"null":
        if data != b"null":
            raise BadLine("data_base64: either data or data_base64, not both")
        event.binary_data = _base64(encoded)
    elif data != b"null":
        kind = rt.loads(members.get("datacontenttype", b"null"))
        if kind is None:
            members["datacontenttype"] = b'"%s"' % JSON_CONTENT.encode("ascii")
            kind = JSON_CONTENT
        if isinstance(kind, str) and is_json(kind):
            event.text_data = data.decode("utf-8")
        else:
            event.text_data = _text(data, "data")


def _read_attribute(event: CloudEvent, name: str, member: bytes) -> None:
    if name == SEQ:
        return
    if field := _FIELDS.get(name):
        setattr(event, field, _text(member, name))
        return
    value = rt.loads(member)
    match value:
        case None:
            return  # as if it were not there
        case bool():
            event.attributes[name].ce_boolean = value
        case int() if _MIN_INT32 <= value <= _MAX_INT32:
            event.attributes[name].ce_integer = value
        case str() if name == "time":
            try:
                fields = rt.time_fields(value)
            except rt.JsonError as error:
                raise error.inside(name) from None
            event.attributes[name].ce_timestamp.CopyFrom(Timestamp(**fields))
        case str() if name == "dataschema":
            event.attributes[name].ce_uri = value
        case str():
            event.attributes[name].ce_string = value
        case _:
            raise BadLine(f"{name}: expected a text, true, false or a 32-bit integer")


def _text(member: bytes, name: str) -> str:
    value = rt.loads(member)
    if type(value) is not str:
        raise BadLine(f"{name}: expected a text")
    return value


def _base64(member: bytes) -> bytes:
    try:
        return rt.base64_bytes(_text(member, "data_base64"))
    except ValueError:
        raise BadLine("data_base64: expected base64") from None


def event_object(event: CloudEvent) -> dict[str, rt.Json]:
    """Return an event as its JSON object: the required members, the others by name, the data."""
    found: dict[str, rt.Json] = {
        "specversion": event.spec_version,
        "id": event.id,
        "source": event.source,
        "type": event.type,
    }
    for name in sorted(event.attributes):
        found[name] = _attribute_value(event.attributes[name])
    kind = event.attributes["datacontenttype"].ce_string if "datacontenttype" in found else ""
    match event.WhichOneof("data"):
        case "text_data" if not is_json(kind):
            found["data"] = event.text_data
        case "text_data":
            found |= _json_data(event.text_data.encode("utf-8"))
        case "binary_data":
            found["data_base64"] = rt.base64_text(event.binary_data)
        case "proto_data":
            found["data_base64"] = rt.base64_text(event.proto_data.value)
    return found


def _json_data(text: bytes) -> Mapping[str, rt.Json]:
    try:
        rt.loads(text)
    except rt.JsonError:  # published over gRPC, where it is not checked
        return {"data_base64": rt.base64_text(text)}
    return {"data": rt.raw(text)}


def _attribute_value(value: CloudEventAttributeValue) -> rt.Json:
    match kind := value.WhichOneof("attr"):
        case None:
            return None
        case "ce_bytes":
            return rt.base64_text(value.ce_bytes)
        case "ce_timestamp":
            return rt.time_text(value.ce_timestamp)
        case _:
            found: rt.Json = getattr(value, kind)
            return found


def describe(event: event_pb2.Event, seq: int) -> dict[str, rt.Json]:
    """Return an event as it was published, whole."""
    del seq
    return event_object(event.cloud_event)


SPELLING = Spelling("cloud_event", parse_event, describe, ("specversion",))
