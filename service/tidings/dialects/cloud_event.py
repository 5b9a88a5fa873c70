"""CloudEvents: the required attributes, their names and types, and who may read whose events."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Self

from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from tidings.core.errors import BadRequest
from tidings.core.record import KEY_SEPARATOR
from tidings.core.selection import Envelope, Everything, Matcher
from tidings.core.tables import only, words_of
from tidings.dialects.dialect import Dialect
from tidings.dialects.facet_paths import FacetPaths
from tidings.dialects.facets import readable
from tidings.dialects.rights import ANY, Refused, SystemRights
from tidings.dialects.rules import MAX_KEY_BYTES, check_time
from tidings.v1 import cloud_event_pb2, event_pb2

SPEC_VERSION = "1.0"
RESERVED = frozenset({"id", "source", "specversion", "type", "data", "tidingsseq"})
"""Names that no other attribute may have: those of fields, and what Tidings adds for readers."""

_NAME = re.compile(r"[a-z0-9]{1,64}")
# Source: CloudEvents 1.0.2, section "Type System": what a String must not hold; protobuf refuses
# surrogates by itself.
_BAD_TEXT = re.compile("[\x00-\x1f\x7f-\x9f\ufdd0-\ufdef\ufffe\uffff]")
_TEXTS = frozenset({"ce_string", "ce_uri", "ce_uri_ref"})
_FORMS = frozenset({"datacontenttype", "dataschema"})
"""Attributes that tell the form of the data; nobody looks for events by their words."""
_TYPES = {
    "datacontenttype": ("ce_string",),
    "dataschema": ("ce_uri", "ce_uri_ref", "ce_string"),
    "subject": ("ce_string",),
    "time": ("ce_timestamp",),
}
"""Types of the attributes that the specification knows; SDKs differ over dataschema."""


class CloudEventFacts(NamedTuple):
    """What selection and rights may see of one event; subject "" = it has none."""

    type: str
    source: str
    subject: str


@dataclass(frozen=True, slots=True)
class Texts:
    """Texts that are equal to one of some, or begin with one of some; neither = any text."""

    exact: frozenset[str] = frozenset()
    prefixes: tuple[str, ...] = ()

    @classmethod
    def of(cls, patterns: Collection[str]) -> Self:
        """Return what patterns stand for, which end with `*` if they are prefixes."""
        prefixes = sorted({each[:-1] for each in patterns if each.endswith(ANY)})
        return cls(frozenset(each for each in patterns if not each.endswith(ANY)), tuple(prefixes))

    @property
    def is_any(self) -> bool:
        """Whether there is no pattern."""
        return not self.exact and not self.prefixes

    def holds(self, text: str) -> bool:
        """Say whether a text is one of these."""
        return text in self.exact or text.startswith(self.prefixes)


@dataclass(frozen=True, slots=True)
class CloudEventMatcher:
    """Wants events whose type, source and subject are wanted."""

    types: Texts
    sources: Texts
    subjects: Texts

    @property
    def terms(self) -> frozenset[Hashable] | None:
        """The values of the first filter that holds no prefix; None if there is none such."""
        for name in ("subjects", "sources", "types"):
            wanted: Texts = getattr(self, name)
            if wanted.exact and not wanted.prefixes:
                return frozenset((name, text) for text in wanted.exact)
        return None

    def selects(self, facts: CloudEventFacts) -> bool:
        """Say whether the event passes every filter."""
        return (
            (self.types.is_any or self.types.holds(facts.type))
            and (self.sources.is_any or self.sources.holds(facts.source))
            and (self.subjects.is_any or self.subjects.holds(facts.subject))
        )


@dataclass(frozen=True, slots=True)
class CloudEventRights(SystemRights):
    """Sources whose events may be read: their names, or prefixes that end with `*`."""

    system = "cloud_event"

    sources: Texts = Texts()

    @classmethod
    def parse(cls, table: Mapping[str, Any], path: str) -> Self:
        """Return what `sources` gives."""
        only(table, {"sources"}, path, "rule")
        return cls(Texts.of(words_of(table, "sources", path)))

    @classmethod
    def united(cls, parts: Sequence[Self]) -> Self:
        """Return all sources."""
        exact = frozenset[str]().union(*(part.sources.exact for part in parts))
        prefixes = {prefix for part in parts for prefix in part.sources.prefixes}
        return cls(Texts(exact, tuple(sorted(prefixes))))

    def may_read(self) -> bool:
        """Say whether there is any source."""
        return not self.sources.is_any

    def may_see(self, facts: CloudEventFacts) -> bool:
        """Say whether events of the event's source may be read."""
        return self.sources.holds(facts.source)

    def refusal(self, selector: Message) -> Refused | None:
        """Return the first source that may not be read. Of a prefix it may be a part."""
        assert isinstance(selector, cloud_event_pb2.CloudEventSelector)
        if not self.may_read():
            return Refused("read", self.system)
        named = (source for source in selector.sources if not source.endswith(ANY))
        refused = (source for source in named if not self.sources.holds(source))
        return next((Refused("read source", source) for source in refused), None)


class CloudEventDialect(Dialect):
    """The rules of CloudEvents 1.0, in its protobuf format."""

    system = "cloud_event"
    rights = CloudEventRights
    color = 95
    id_field = "id"
    facet_paths = FacetPaths(
        type="type",
        topic="source",
        identifiers=(("source", "source"), ("subject", "attributes.subject")),
        text=("type", "source", "attributes.*", "data"),
    )

    def check_body(self, body: Message, path: str) -> None:
        """Refuse an event without a required attribute, and attributes that cannot be."""
        assert isinstance(body, cloud_event_pb2.CloudEvent)
        if body.spec_version != SPEC_VERSION:
            raise BadRequest(path + "spec_version", f"must be {SPEC_VERSION}")
        for field in ("id", "source", "type"):
            _check_text(getattr(body, field), path + field)
        for name, value in body.attributes.items():
            if not _NAME.fullmatch(name):
                raise BadRequest(
                    path + "attributes", "a name is 1 to 64 lower-case letters, digits"
                )
            _check_attribute(name, value, f"{path}attributes[{name}]")

    def own_time(self, body: Message) -> Timestamp | None:
        """Return the attribute `time`."""
        assert isinstance(body, cloud_event_pb2.CloudEvent)
        if "time" not in body.attributes:  # asking for what is not there would add it
            return None
        return body.attributes["time"].ce_timestamp

    def key_of(self, event: event_pb2.Event, body: Message) -> str:
        """Return the event's source and id, or a hash of them if they are longer than keys are."""
        assert isinstance(body, cloud_event_pb2.CloudEvent)
        key = f"{body.source}{KEY_SEPARATOR}{body.id}"
        if len(key.encode()) > MAX_KEY_BYTES:
            return f"sha256:{hashlib.sha256(key.encode()).hexdigest()}"
        return key

    def members(self, event: event_pb2.Event) -> Mapping[str, Any]:
        """Return the event, its attributes that are text, and its data if that is text."""
        body = event.cloud_event
        return {
            "type": body.type,
            "source": body.source,
            "attributes": {
                name: getattr(value, str(value.WhichOneof("attr")))
                for name, value in body.attributes.items()
                if value.WhichOneof("attr") in _TEXTS and name not in _FORMS
            },
            "data": body.text_data or readable(body.binary_data),
        }

    def words(self, event: event_pb2.Event) -> Sequence[str]:
        """Return type, source and subject."""
        return _facts(event.cloud_event)

    def envelope(self, events: Sequence[event_pb2.Event]) -> Envelope:
        """Return type, source and subject of each event."""
        facts = [_facts(event.cloud_event) for event in events]
        terms: set[Hashable] = set()
        for one in facts:
            terms |= {("types", one.type), ("sources", one.source), ("subjects", one.subject)}
        return Envelope(terms, facts)

    def matcher(self, selector: Message) -> Matcher:
        """Return a matcher of types, sources and subjects."""
        assert isinstance(selector, cloud_event_pb2.CloudEventSelector)
        matcher = CloudEventMatcher(
            Texts.of(selector.types), Texts.of(selector.sources), Texts.of(selector.subjects)
        )
        return Everything() if matcher == CloudEventMatcher(Texts(), Texts(), Texts()) else matcher


def _check_text(text: str, path: str) -> None:
    if not text:
        raise BadRequest(path, "must not be empty")
    if _BAD_TEXT.search(text):
        raise BadRequest(path, "holds a control character, or what is no character")


def _check_attribute(name: str, value: cloud_event_pb2.CloudEventAttributeValue, path: str) -> None:
    if name in RESERVED:
        raise BadRequest(path, "is no attribute that may be given")
    kind = value.WhichOneof("attr")
    if kind is None:
        raise BadRequest(path, "has no value")
    known = _TYPES.get(name)
    if known is not None and kind not in known:
        raise BadRequest(path, f"must be a {known[0]}")
    if kind in _TEXTS:
        text: str = getattr(value, kind)
        if known is not None or kind != "ce_string":
            _check_text(text, path)
        elif _BAD_TEXT.search(text):
            raise BadRequest(path, "holds a control character, or what is no character")
    elif kind == "ce_timestamp":
        check_time(value.ce_timestamp, path)


def _facts(event: cloud_event_pb2.CloudEvent) -> CloudEventFacts:
    subject = event.attributes["subject"].ce_string if "subject" in event.attributes else ""
    return CloudEventFacts(event.type, event.source, subject)


def make() -> CloudEventDialect:
    """Return the dialect of CloudEvents."""
    return CloudEventDialect()
