"""Entries as a log would give them, and an index of them without a service."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tidings.core.conditions import Conditions
from tidings.dialects import load
from tidings.dialects.facets import Facets
from tidings.index.entries import Entry, Indexed, entry_of
from tidings.index.file import IndexFile
from tidings.store.base import EventStore
from tidings.v1 import event_pb2

LOG = "a-log"
DIALECTS = load()
HOUR_US = 3_600_000_000


def indexed(
    kind: str = "deploy", source: str = "", ids: Iterable[str] = (), text: str = ""
) -> Indexed:
    """Return an event; its identifiers are spelled `kind/value`."""
    pairs = tuple((each.partition("/")[0], each.partition("/")[2]) for each in ids)
    return Indexed(source, Facets(kind, "", "", pairs, (text,) if text else (), ()))


def entry(seq: int, *events: Indexed, system: str = "consul", at_us: int | None = None) -> Entry:
    """Return a record; without a time it is stored at as many seconds as its position says."""
    return Entry(seq, seq * 1_000_000 if at_us is None else at_us, system, events or (indexed(),))


def filled(directory: Path, entries: list[Entry], through_seq: int | None = None) -> IndexFile:
    """Return an open index of these entries."""
    file = IndexFile(directory)
    file.start_anew(LOG)
    file.add(entries, entries[-1].seq if through_seq is None else through_seq)
    return file


def asked(**given: Any) -> Conditions:
    """Return conditions; what is not given asks for nothing."""
    return Conditions.parse(
        given.get("types", ()),
        given.get("identifiers", ()),
        given.get("sources", ()),
        given.get("text", ""),
    )


async def entries_of(store: EventStore, after_seq: int, limit: int) -> list[Entry]:
    """Return the next entries of a log, as an updater would make them."""
    found = []
    for record in await store.read(after_seq, limit):
        message = event_pb2.EventRecord.FromString(record.body)
        message.seq = record.seq
        message.recorded_at.FromMicroseconds(record.recorded_at_us)
        found.append(entry_of(message, DIALECTS))
    return found
