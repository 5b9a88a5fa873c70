"""Entries: what the index takes from records, by the dialects. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import NamedTuple

from tidings.dialects.dialect import Dialect
from tidings.dialects.facets import Facets
from tidings.dialects.rules import microseconds
from tidings.v1 import event_pb2


class Indexed(NamedTuple):
    """One event."""

    source: str
    facets: Facets


_indexed = partial(tuple.__new__, Indexed)  # a Python class takes twice as long


class Entry(NamedTuple):
    """One record; `recorded_at_us` is microseconds since 1970.

    Without events only its position is known.
    """

    seq: int
    recorded_at_us: int
    system: str
    events: Sequence[Indexed]


def unknown(seq: int) -> Entry:
    """Return the entry of a record that cannot be read."""
    return Entry(seq, 0, "", ())


def entry_of(record: event_pb2.EventRecord, dialects: Mapping[str, Dialect]) -> Entry:
    """Return what the index takes from a record."""
    events = record.events
    system = events[0].WhichOneof("body") if events else None
    dialect = dialects.get(system or "")
    if dialect is None:  # of a newer Tidings, on another node
        return unknown(record.seq)
    return Entry(
        record.seq,
        microseconds(record.recorded_at),
        dialect.system,
        [_indexed((event.source, dialect.facets(event))) for event in events],
    )
