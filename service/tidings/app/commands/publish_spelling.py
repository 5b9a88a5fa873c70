"""How people spell what they publish: as drafts, as tail prints records, or as a system does.

A system's own spelling is read by the door that prints it, which is loaded when it is needed.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from importlib import import_module

import msgspec

from tidings.app.commands.exact_json import EXACT_JSON
from tidings.app.commands.options import DRAFTS
from tidings.gateway.transcode.errors import BadRequest
from tidings.gateway.transcode.json_body import merge_json, parse_json
from tidings.v1 import event_pb2
from tidings.v1 import json_runtime as rt

_DOORS = "tidings.gateway.doors"
_READERS = {
    "nomad": (f"{_DOORS}.nomad.lines", "parse_line"),
    "consul": (f"{_DOORS}.consul.lines", "parse_event"),
    "docker_cloud": (f"{_DOORS}.docker_cloud.frames", "parse_event"),
    "puppet": (f"{_DOORS}.puppet.lines", "parse_item"),
    "feldera": (f"{_DOORS}.feldera.lines", "parse_event"),
}
# A member that only objects of this spelling have; the first that is found decides.
_MARKS = {
    "records": DRAFTS,
    "heartbeat": DRAFTS,
    "gap": DRAFTS,
    "events": DRAFTS,
    "key": DRAFTS,
    "Events": "nomad",
    "Index": "nomad",
    "api_status": "feldera",
    "job": "puppet",
    "resource_uri": "docker_cloud",
    "LTime": "consul",
    "Name": "consul",
}
_elements = msgspec.json.Decoder(list[msgspec.Raw])
_OUR_OWN = "tidings"
_STAMPS = frozenset({"seq", "recordedAt"})


class BadObject(Exception):
    """An object that cannot be published; the text is for the publisher."""


Read = Callable[[bytes, str], event_pb2.Draft | None]


class Spelling:
    """Reads objects of one spelling: the named one, or what the first object shows."""

    def __init__(self, system: str | None, source: str) -> None:
        self._system = system
        self._source = source
        self._read: Read | None = None

    @property
    def is_newest_first(self) -> bool:
        """Whether the system's lists begin with the newest, as far as is known yet."""
        return self._system == "feldera"

    def recognise(self, text: bytes) -> None:
        """Look at an object, if it is not known yet whose they are.

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
    for member, system in _MARKS.items():
        if member in members:
            return system
    raise BadObject("not known whose event this is; --system says it")


def _reader_of(system: str) -> Read:
    module, name = _READERS[system]
    read: Read = getattr(import_module(module), name)
    bad: type[Exception] = import_module("tidings.gateway.upload.publish").BadLine

    def checked(text: bytes, source: str) -> event_pb2.Draft | None:
        try:
            return read(text, source)
        except bad as error:
            raise BadObject(str(error)) from None

    return checked


def _read_draft(text: bytes, source: str) -> event_pb2.Draft | None:
    members = _members(text)
    if "records" in members:  # a line of GET /v1/events, which holds one
        text = members["records"].strip()[1:-1]
        members = _members(text)
    elif not members or members.keys() <= {"heartbeat"}:
        return None
    if "gap" in members:
        raise BadObject("gap: records are missing here, and cannot be published")
    if members.keys() & _STAMPS:
        text = rt.join(_without_stamps(members))
    draft = event_pb2.Draft()
    try:
        merge_json(draft, parse_json(text), ignore_unknown=False)
    except BadRequest as error:
        raise BadObject(str(error)) from None
    if draft.events and all(event.WhichOneof("body") == _OUR_OWN for event in draft.events):
        return None  # what a log says for itself
    for event in draft.events:
        event.source = event.source or source
    return draft


def _without_stamps(members: dict[str, bytes]) -> dict[str, bytes]:
    """Return a printed record's members as a draft's."""
    try:
        found = _elements.decode(members.get("events", b"[]"))
    except msgspec.MsgspecError:
        raise BadObject("events: expected a list") from None
    events = [_with_exact_json(bytes(event)) for event in found]
    others = {name: text for name, text in members.items() if name not in _STAMPS}
    return {**others, "events": b"[" + b",".join(events) + b"]"}


def _with_exact_json(event: bytes) -> bytes:
    members = _members(event)
    for system, exact in EXACT_JSON.items():
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
