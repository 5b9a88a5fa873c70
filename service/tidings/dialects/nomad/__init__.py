"""Nomad's event stream: which events a reader selects, where a stream starts, what is blanked."""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

from tidings.core import record as core
from tidings.core.conditions import ANY_KIND
from tidings.core.errors import BadRequest
from tidings.core.selection import Envelope, Everything, Matcher
from tidings.dialects.defaults import NOMAD_EVENT_BUFFER_SIZE
from tidings.dialects.dialect import Dialect, Window
from tidings.dialects.facet_paths import KEY
from tidings.dialects.facets import ObjectVersion, identifiers_of, versions_in
from tidings.dialects.nomad.facts import NomadFacts
from tidings.dialects.nomad.paths import PATHS
from tidings.dialects.nomad.rights import NomadRights
from tidings.dialects.nomad.words import words_of
from tidings.dialects.paths import text_at
from tidings.dialects.rights import ANY
from tidings.dialects.shapes import FieldScan
from tidings.v1 import event_pb2, json_runtime, nomad_json, nomad_pb2
from tidings.v1.json_runtime.canonical import loads_exactly


@dataclass(frozen=True, slots=True)
class NomadMatcher:
    """Wants events of a topic, or with a key, or with both; and of one namespace, or of any ("").

    Differs from Nomad on purpose: `*` is a wildcard wherever it stands, and no event comes twice.
    """

    all_topics: bool
    topics: frozenset[str]
    keys: frozenset[str]
    pairs: frozenset[tuple[str, str]]
    namespace: str

    @property
    def terms(self) -> frozenset[Hashable] | None:
        """Topics, (topic, key) pairs and ("*", key) pairs, as `envelope` lists them."""
        if self.all_topics:
            return None
        return frozenset[Hashable]({*self.topics, *((ANY, key) for key in self.keys), *self.pairs})

    def selects(self, facts: NomadFacts) -> bool:
        """Say whether topic, key and namespace are wanted; no namespace is in every one."""
        if self.namespace and facts.namespace and facts.namespace != self.namespace:
            return False
        return (
            self.all_topics
            or facts.topic in self.topics
            or not self.keys.isdisjoint(facts.keys)
            or any((facts.topic, key) in self.pairs for key in facts.keys)
        )


class NewestPositions:
    """Positions of the newest Nomad records, as many as an index of 0 replays; pure."""

    def __init__(self, depth: int) -> None:
        self.depth = depth
        self._seqs: deque[int] = deque(maxlen=depth)

    def apply(self, record: core.Record) -> None:
        """Take the next Nomad record."""
        self._seqs.append(record.seq)

    def start_after(self, index: int) -> int | None:
        """Return the position after which a stream with this index starts; None = no record yet.

        0 = before the oldest position that is held here; else before the first record at or after
        the index, and before the newest one when the index lies past it.

        Source: Nomad nomad/stream/event_buffer.go, "closest" start.
        """
        if not self._seqs:
            return None
        if index == 0:
            return self._seqs[0] - 1
        return min(index, self._seqs[-1]) - 1


_SECRETS = json_runtime.secret_fields(nomad_pb2.NomadPayload.DESCRIPTOR)


def _is_delicate(field: FieldDescriptor) -> bool:
    """Say whether a payload with this field must be looked at; an event's own time is, anyway."""
    return (
        field.full_name == "tidings.v1.NomadEvent.payload_json"
        or field.full_name in _SECRETS
        or (json_runtime.may_lack_json(field) and field.full_name != "tidings.v1.Event.occurred_at")
    )


class NomadDialect(Dialect):
    """Nomad's rules. Topics and types are free: newer Nomads have more of them."""

    system = "nomad"
    rights = NomadRights
    color = 32
    payload_fields = ("payload", "payload_json")
    keeps_events = True
    facet_paths = PATHS
    delicate_fields = FieldScan(event_pb2.Draft.DESCRIPTOR, _is_delicate)

    def __init__(self, event_buffer_size: int) -> None:
        self.window = Window(max_count=event_buffer_size)
        self._event_buffer_size = event_buffer_size

    def check_body(self, body: Message, path: str) -> None:
        """Refuse an event without topic or type, and one with two payloads that differ."""
        assert isinstance(body, nomad_pb2.NomadEvent)
        if not body.topic:
            raise BadRequest(path + "topic", "must not be empty")
        if not body.type:
            raise BadRequest(path + "type", "must not be empty")
        if body.HasField("payload") and body.payload_json:
            derived = nomad_pb2.NomadEvent(payload_json=body.payload_json)
            is_derived = _derive(derived) and bool(derived.payload_json)
            if not is_derived or derived.payload != body.payload:
                raise BadRequest(path + "payload_json", "either payload or payload_json, not both")
            body.ClearField("payload")  # a reader is given both where the text holds more

    def check_payload(self, body: Message, path: str) -> None:
        """Refuse a typed payload that has no JSON."""
        assert isinstance(body, nomad_pb2.NomadEvent)
        if not body.HasField("payload"):
            return
        try:
            json_runtime.check_printable(body.payload)
        except json_runtime.JsonError as error:
            raise BadRequest(f"{path}payload.{error.path}", error.reason) from error

    def blank_payload(self, body: Message) -> None:
        """Blank the secrets of the payload, typed or text."""
        assert isinstance(body, nomad_pb2.NomadEvent)
        if body.HasField("payload"):
            nomad_json.blank_nomad_payload(body.payload)
        elif text := body.payload_json:  # a copy, whenever it is looked at
            blank = nomad_json.blank_nomad_payload_text(text)
            if blank is not text:
                body.payload_json = blank

    def present(self, events: Sequence[event_pb2.Event], *, as_json: bool) -> bool:
        """Turn payloads into JSON text, or JSON text into typed payloads.

        Text that the types cannot hold in full stays beside them; text that they cannot hold at all
        stays alone.
        """
        changed = False
        for event in events:
            body = event.nomad
            if as_json and body.HasField("payload"):
                body.payload_json = json_runtime.dumps(
                    nomad_json.nomad_payload_to_json(body.payload)
                )
                body.ClearField("payload")
                changed = True
            elif not as_json and body.payload_json:
                changed |= _derive(body)
        return changed

    def members(self, event: event_pb2.Event) -> Mapping[str, Any]:
        """Return the event as Nomad prints it; a payload that is no JSON is left out."""
        body = event.nomad
        return {
            "Topic": body.topic,
            "Type": body.type,
            "Key": body.key,
            "Namespace": body.namespace,
            "FilterKeys": body.filter_keys,
            "Payload": _payload_of(body),
        }

    def identifiers(
        self, event: event_pb2.Event, kind: str = ANY_KIND
    ) -> tuple[tuple[str, str], ...]:
        """Return the identifiers; all but keys are in the payload, so that nothing else is read."""
        if kind in {ANY_KIND, KEY}:
            return super().identifiers(event, kind)
        return identifiers_of(PATHS, {"Payload": _payload_of(event.nomad)}, kind)

    def may_identify(self, event: event_pb2.Event, kind: str, values: frozenset[str]) -> bool:
        """Look for them in the payload's text, where they stand as they are, unless it escapes."""
        text = event.nomad.payload_json
        if not text or kind in {ANY_KIND, KEY} or len(values) > _FEW or b"\\" in text:
            return True
        return any(value.encode() in text for value in values)

    def objects(
        self, event: event_pb2.Event
    ) -> tuple[str, Sequence[tuple[ObjectVersion, json_runtime.Json]]]:
        """Return the type and the objects of an event; its payload is parsed once for both."""
        body = event.nomad
        kind, payload = body.type, _payload_of(body, exactly=True)
        found = versions_in(PATHS, kind, {"Payload": payload})
        if isinstance(payload, Message):
            found = [(version, None) for version, _ in found]
        return kind, found

    def type_of(self, event: event_pb2.Event) -> str:
        """Return the event's type."""
        return event.nomad.type

    def object_json(self, event: event_pb2.Event, kind: str, object_id: str) -> bytes:
        """Return an object that an event carries: its part of the payload's text."""
        if not event.nomad.payload_json:
            event = event_pb2.Event(nomad=event.nomad)
            self.present([event], as_json=True)
        payload = json_runtime.members(event.nomad.payload_json)
        for paths in PATHS.objects:
            text = payload.get(paths.at.rpartition(".")[2]) if paths.kind == kind else None
            if text is not None and text_at(json_runtime.loads(text), paths.id) == object_id:
                return text
        raise KeyError(kind, object_id)

    def words(self, event: event_pb2.Event) -> Sequence[str]:
        """Return the event's topic, type and key, and how its object is."""
        return words_of(event.nomad)

    def envelope(self, events: Sequence[event_pb2.Event]) -> Envelope:
        """Return topic, keys and namespace of each event."""
        facts: list[NomadFacts] = []
        terms: set[Hashable] = set()
        for event in events:
            body = event.nomad
            topic, keys = body.topic, (body.key, *body.filter_keys)
            facts.append(NomadFacts(topic, keys, body.namespace))
            terms.add(topic)
            for key in keys:
                terms.add((ANY, key))
                terms.add((topic, key))
        return Envelope(terms, facts)

    def matcher(self, selector: Message) -> Matcher:
        """Return a matcher of topics, keys and namespace."""
        assert isinstance(selector, nomad_pb2.NomadSelector)
        topics, keys, pairs = set[str](), set[str](), set[tuple[str, str]]()
        all_topics = not selector.topics
        for wanted in selector.topics:
            any_key = not wanted.HasField("key") or wanted.key == ANY
            if wanted.topic == ANY and any_key:
                all_topics = True
            elif any_key:
                topics.add(wanted.topic)
            elif wanted.topic == ANY:
                keys.add(wanted.key)
            else:
                pairs.add((wanted.topic, wanted.key))
        namespace = "" if selector.namespace == ANY else selector.namespace
        if all_topics and not namespace:
            return Everything()
        return NomadMatcher(
            all_topics=all_topics,
            topics=frozenset(topics),
            keys=frozenset(keys),
            pairs=frozenset(pairs),
            namespace=namespace,
        )

    def projection(self) -> NewestPositions:
        """Return an empty list of the newest positions."""
        return NewestPositions(self._event_buffer_size)


_FEW = 8  # to look for more of them takes as long as to parse the text


def _payload_of(body: nomad_pb2.NomadEvent, *, exactly: bool = False) -> Any:  # noqa: ANN401 - any JSON
    """Return a payload as a value, perhaps of `loads_exactly`, or a message; None = no JSON."""
    text = body.payload_json
    if not text:
        return body.payload
    try:
        return loads_exactly(text) if exactly else json_runtime.loads(text)
    except json_runtime.JsonError:
        return None


def _derive(body: nomad_pb2.NomadEvent) -> bool:
    try:
        typed, is_complete = nomad_json.nomad_payload_from_text(body.payload_json)
    except json_runtime.JsonError:
        return False
    body.payload.CopyFrom(typed)
    if is_complete:
        body.ClearField("payload_json")
    return True


def make(event_buffer_size: int = NOMAD_EVENT_BUFFER_SIZE) -> NomadDialect:
    """Return Nomad's dialect; 0 counts as 100, as in Nomad."""
    return NomadDialect(event_buffer_size or NOMAD_EVENT_BUFFER_SIZE)
