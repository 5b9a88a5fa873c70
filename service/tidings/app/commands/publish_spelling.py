"""The formats of published objects: drafts, records as tail prints them, or a system's own.

A system's own format is read by the door that prints it, which is loaded when needed.
"""

from __future__ import annotations

import base64
from collections.abc import Callable

import msgspec

from tidings.app.commands.exact_json import exact_json
from tidings.app.commands.options import DRAFTS, OUR_OWN
from tidings.gateway.doors import spellings
from tidings.gateway.transcode.errors import MalformedRequest
from tidings.gateway.transcode.json_body import merge_json, parse_json
from tidings.gateway.upload.spelling import BadLine
from tidings.v1 import event_pb2
from tidings.v1 import json_runtime as rt
from tidings.v1.systems import SYSTEMS

_DRAFT_MARKS = frozenset({"batch", "heartbeat", "gap", "events", "key"})
_elements = msgspec.json.Decoder(list[msgspec.Raw])
_READ = frozenset({"seq", "recordedAt", "publisher"})
"""Members that only a record has, and a draft that was read as one."""


class BadObject(Exception):
    """An object that cannot be published; the text is for the publisher."""


Read = Callable[[bytes, str], event_pb2.Draft | None]


class Spelling:
    """Reads objects of one format: the named one, or that of the first object."""

    def __init__(self, system: str | None, source: str) -> None:
        self._system = system
        self._source = source
        self._read: Read | None = None

    @property
    def is_newest_first(self) -> bool:
        """Whether the system's lists begin with the newest, as far as is known yet."""
        return self._system in SYSTEMS and spellings()[self._system].newest_first

    def recognise(self, text: bytes) -> None:
        """Detect the format from an object, if it is not known yet.

        Raises:
            BadObject: it does not show it.
        """
        self._system = self._system or _recognised(text)

    def draft(self, text: bytes) -> event_pb2.Draft | None:
        """Return the draft of an object, None for one that holds nothing: a heartbeat.

        Raises:
            BadObject: it cannot be published.
        """
        self.recognise(text)
        if self._system is None:
            return None
        if self._read is None:
            self._read = _read_draft if self._system == DRAFTS else _reader_of(self._system)
        return self._read(text, self._source)


def _recognised(text: bytes) -> str | None:
    """Return whose an object is, None for an empty one, which does not tell."""
    members = _members(text)
    if not members:
        return None
    for system, spelling in spellings().items():
        if not members.keys().isdisjoint(spelling.marks):
            return system
    if not members.keys().isdisjoint(_DRAFT_MARKS):
        return DRAFTS
    raise BadObject("not known whose event this is; --system says it")


def _reader_of(system: str) -> Read:
    read = spellings()[system].parse

    def checked(text: bytes, source: str) -> event_pb2.Draft | None:
        try:
            return read(text, source)
        except BadLine as error:
            raise BadObject(str(error)) from None

    return checked


def _read_draft(text: bytes, source: str) -> event_pb2.Draft | None:
    members = _members(text)
    if "batch" in members:  # a line of GET /v1/events, which holds one record
        text = _members(members["batch"]).get("records", b"[{}]").strip()[1:-1]
        members = _members(text)
    elif not members or members.keys() <= {"heartbeat"}:
        return None
    if "gap" in members:
        raise BadObject("gap: records are missing here, and cannot be published")
    if members.keys() & _READ:
        text = rt.join(_with_exact_events(members))
    draft = event_pb2.Draft()
    try:
        merge_json(draft, parse_json(text))
    except MalformedRequest as error:
        raise BadObject(str(error)) from None
    if draft.events and all(event.WhichOneof("body") == OUR_OWN for event in draft.events):
        return None  # what a log says for itself
    for event in draft.events:
        event.source = event.source or source
    return draft


def _with_exact_events(members: dict[str, bytes]) -> dict[str, bytes]:
    """Return a printed record's members, with payloads as the text that they are printed as."""
    try:
        found = _elements.decode(members.get("events", b"[]"))
    except msgspec.MsgspecError:
        raise BadObject("events: expected a list") from None
    events = [_with_exact_json(bytes(event)) for event in found]
    return {**members, "events": b"[" + b",".join(events) + b"]"}


def _with_exact_json(event: bytes) -> bytes:
    members = _members(event)
    for system, exact in exact_json().items():
        if system in members:
            body = _members(members[system])
            if (text := body.pop(exact.shown, None)) is not None:
                body[exact.taken] = b'"' + base64.b64encode(text) + b'"'
            members[system] = rt.join(body)
    return rt.join(members)


def _members(text: bytes) -> dict[str, bytes]:
    try:
        return rt.members(text)
    except rt.JsonError as error:
        raise BadObject(str(error)) from None
