"""Stored records as selection and conditions see them."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

from tidings.core.conditions import ANY_KIND, Conditions
from tidings.core.record import Record
from tidings.core.selection import Envelope, Opened
from tidings.dialects.dialect import Dialect
from tidings.dialects.rules import events_of, holds_one_event
from tidings.v1 import event_pb2

_NOTHING_KNOWN = Envelope(frozenset(), ())


class EnvelopeReader:
    """Opens stored records for selection. A damaged one has no known content, not even an event."""

    def __init__(self, dialects: Mapping[str, Dialect]) -> None:
        self._dialects = dialects

    def __call__(self, record: Record) -> Opened:
        """Return what selection may see of a stored record."""
        events = events_of(record)
        if not events:
            return _NOTHING_KNOWN
        return _Opened(self._dialects[record.system], events)


def evidence_for(conditions: Conditions) -> Callable[[Record], bool] | None:
    """Return what says of a record that an index names for conditions whether that is enough.

    It is where the record has one event, and mentions what is asked for: then its payload need not
    be read. The index alone is not: its terms are hashes. None = it never is, as with words.
    """
    if conditions.words.phrases:
        return None
    groups = [
        tuple(value.encode("utf-8", "surrogatepass") for value in values)
        for values in conditions.values
    ]

    def is_enough(record: Record) -> bool:
        body = record.body
        if record.is_damaged or not holds_one_event(body):
            return False
        for group in groups:  # loops take half as long as `any` and `all`
            for value in group:
                if value in body:
                    break
            else:
                return False
        return True

    return is_enough


class _Opened:
    """A record's envelope, each part of it made when it is first looked at."""

    __slots__ = ("_contents", "_dialect", "_envelope", "_events")

    def __init__(self, dialect: Dialect, events: Sequence[event_pb2.Event]) -> None:
        self._dialect = dialect
        self._events = events
        self._envelope: Envelope | None = None
        self._contents: list[_Content] | None = None

    @property
    def terms(self) -> AbstractSet[Hashable]:
        return self._made().terms

    @property
    def events(self) -> Sequence[Any]:
        return self._made().events

    def contents(self) -> list[_Content]:
        if self._contents is None:
            self._contents = [_Content(self._dialect, event) for event in self._events]
        return self._contents

    def _made(self) -> Envelope:
        if self._envelope is None:
            self._envelope = self._dialect.envelope(self._events)
        return self._envelope


class _Content:
    """What conditions may see of one event; each part is read when it is first used.

    A type is a field, identifiers are in few places of a payload, and words almost anywhere.
    """

    __slots__ = ("_dialect", "_event", "_identifiers", "_text", "_type")

    def __init__(self, dialect: Dialect, event: event_pb2.Event) -> None:
        self._dialect = dialect
        self._event = event
        self._type: str | None = None
        self._identifiers: dict[str, tuple[tuple[str, str], ...]] = {}
        self._text: tuple[str, ...] | None = None

    @property
    def type(self) -> str:
        if self._type is None:
            self._type = self._dialect.type_of(self._event)
        return self._type

    @property
    def source(self) -> str:
        return self._event.source

    def identifiers_of(self, kind: str) -> tuple[tuple[str, str], ...]:
        known = self._identifiers
        asked = ANY_KIND if ANY_KIND in known else kind
        if asked not in known:
            asked = ANY_KIND if known else kind  # one kind is less work than all, several are not
            known[asked] = self._dialect.identifiers(self._event, asked)
        return known[asked]

    def may_have(self, kind: str, values: frozenset[str]) -> bool:
        return bool(self._identifiers) or self._dialect.may_identify(self._event, kind, values)

    @property
    def text(self) -> tuple[str, ...]:
        if self._text is None:
            facets = self._dialect.facets(self._event)
            self._identifiers[ANY_KIND], self._text = facets.identifiers, facets.text
        return self._text
