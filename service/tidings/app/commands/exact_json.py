"""Payloads that are stored as the published JSON text, and where commands show that text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from tidings.dialects import load
from tidings.v1 import event_pb2


@dataclass(frozen=True, slots=True)
class ExactJson:
    """One such field of a system's event.

    `shown` is the member that tail puts the text in, and that publish takes it from; `taken` is the
    field's own in proto3 JSON, which holds it in base64.
    """

    field: str
    shown: str
    taken: str


@cache
def exact_json() -> Mapping[str, ExactJson]:
    """Return the fields of all systems that have one, by system."""
    found = {}
    for system, dialect in load().items():
        if dialect.payload_fields is not None:
            body = event_pb2.Event.DESCRIPTOR.fields_by_name[system].message_type
            assert body is not None
            typed, text = (body.fields_by_name[name] for name in dialect.payload_fields)
            found[system] = ExactJson(text.name, typed.json_name, text.json_name)
    return found
