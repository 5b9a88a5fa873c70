"""Stored records as selection and conditions see them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tidings.core.record import Record
from tidings.core.selection import Envelope
from tidings.dialects.dialect import Dialect
from tidings.dialects.rules import events_of
from tidings.v1 import event_pb2

_NOTHING_KNOWN = Envelope(frozenset(), ())


class EnvelopeReader:
    """Opens stored records for selection. A damaged one has no known content, not even an event."""

    def __init__(self, dialects: Mapping[str, Dialect]) -> None:
        self._dialects = dialects

    def __call__(self, record: Record) -> Envelope:
        """Return what selection may see of a stored record."""
        events = events_of(record)
        if not events:
            return _NOTHING_KNOWN
        dialect = self._dialects[record.system]
        terms, facts, _ = dialect.envelope(events)
        return Envelope(terms, facts, _Contents(dialect, events))


class _Contents:
    """What conditions may see of each event.

    By hand, since creating a `functools.cache` takes longer than most envelopes.
    """

    __slots__ = ("_dialect", "_events", "_found")

    def __init__(self, dialect: Dialect, events: Sequence[event_pb2.Event]) -> None:
        self._dialect = dialect
        self._events = events
        self._found: list[_Content] | None = None

    def __call__(self) -> list[_Content]:
        """Return it, in order."""
        if self._found is None:
            self._found = [_Content(self._dialect, event) for event in self._events]
        return self._found


class _Content:
    """What conditions may see of one event; each part is read when it is first used.

    A type is a field, identifiers are in few places of a payload, and words almost anywhere.
    """

    __slots__ = ("_dialect", "_event", "_identifiers", "_text", "_type")

    def __init__(self, dialect: Dialect, event: event_pb2.Event) -> None:
        self._dialect = dialect
        self._event = event
        self._type: str | None = None
        self._identifiers: tuple[tuple[str, str], ...] | None = None
        self._text: tuple[str, ...] | None = None

    @property
    def type(self) -> str:
        if self._type is None:
            self._type = self._dialect.type_of(self._event)
        return self._type

    @property
    def source(self) -> str:
        return self._event.source

    @property
    def identifiers(self) -> tuple[tuple[str, str], ...]:
        if self._identifiers is None:
            self._identifiers = self._dialect.identifiers(self._event)
        return self._identifiers

    @property
    def text(self) -> tuple[str, ...]:
        if self._text is None:
            facets = self._dialect.facets(self._event)
            self._identifiers, self._text = facets.identifiers, facets.text
        return self._text
