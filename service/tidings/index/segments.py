"""Segments: ranges of positions with tables of their own, so that old ones can be dropped.

Deleting from a table costs as much as filling it, and a full-text index without text cannot delete
rows at all; dropping a table costs almost nothing.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import TypeVar

from tidings.index.entries import Entry

SPAN = 2**18
"""Positions of a segment."""

T = TypeVar("T")


def segment_of(seq: int) -> int:
    """Return the segment of a position."""
    return seq // SPAN


def end_of(segment: int) -> int:
    """Return the last position of a segment."""
    return (segment + 1) * SPAN - 1


def by_segment(entries: Iterable[Entry]) -> Iterator[tuple[int, list[Entry]]]:
    """Yield entries, whose positions rise, by segment."""
    for segment, some in groupby(entries, key=_segment):
        yield segment, list(some)


def _segment(entry: Entry) -> int:
    return entry.seq // SPAN


def segments(connection: sqlite3.Connection) -> list[int]:
    """Return the existing segments, in rising order."""
    return [row[0] for row in connection.execute("SELECT segment FROM segments ORDER BY segment")]


def between(
    connection: sqlite3.Connection, after_seq: int, before_seq: int, *, newest_first: bool
) -> list[int]:
    """Return the segments with positions between two, exclusive, in order of reading."""
    first, last = segment_of(after_seq + 1), segment_of(before_seq - 1)
    found = [each for each in segments(connection) if first <= each <= last]
    return found[::-1] if newest_first else found
