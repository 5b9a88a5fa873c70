# ruff: noqa: S608 - statements are put together from our own words and numbers
"""Which records carry which objects, and the status of each version.

For each segment: its objects, with their newest version in the segment; all versions by object; and
the objects by id and by name. So a state at the end of a segment is read from its objects, and only
the segment that contains a time has to be searched for the versions before it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from operator import itemgetter
from typing import NamedTuple, TypeVar

from tidings.core.object_question import (
    Newest,
    ObjectGroup,
    StateQuestion,
    name_number,
    object_number,
)
from tidings.dialects.facets import ObjectVersion
from tidings.index.entries import Entry
from tidings.index.segments import between, end_of

_MAX_KNOWN = 100_000  # numbers of groups and statuses that are cached
_MAX_OBJECTS = 16_384  # some 400 bytes each


_FIND_GROUP = (
    "SELECT number FROM object_groups"
    " WHERE system = ? AND kind = ? AND namespace = ? AND source = ?"
)
_ADD_GROUP = "INSERT INTO object_groups (system, kind, namespace, source) VALUES (?, ?, ?, ?)"
_FIND_STATUS = "SELECT number FROM statuses WHERE status = ?"
_ADD_STATUS = "INSERT INTO statuses (status) VALUES (?)"

_Row = tuple[int, int, int, int]
"""A version: its object, position, state and group. `state` is twice the number of its status, and
one more if it is deleted."""

K = TypeVar("K")


class _Known(NamedTuple):
    """What is kept of an object whatever its state: its number and its group's."""

    number: int
    in_group: int


class ObjectTable:
    """Versions of all objects; `object_groups` and `statuses` have numbers for texts."""

    def __init__(self) -> None:
        self._groups: dict[ObjectGroup, int] = {}
        self._statuses: dict[str, int] = {}
        self._known: dict[tuple[str, ...], _Known] = {}
        self._new_names: set[tuple[int, int]] = set()

    def create(self, connection: sqlite3.Connection) -> None:
        """Create what all segments share."""
        connection.execute(
            "CREATE TABLE object_groups (number INTEGER PRIMARY KEY, system TEXT, kind TEXT,"
            " namespace TEXT, source TEXT, UNIQUE (system, kind, namespace, source))"
        )
        connection.execute("CREATE TABLE statuses (number INTEGER PRIMARY KEY, status TEXT UNIQUE)")

    def begin(self, connection: sqlite3.Connection, segment: int) -> None:
        """Create the tables of a new segment."""
        self._known.clear()  # their names are not in it yet
        connection.execute(
            f"CREATE TABLE objects_{segment} (object INTEGER PRIMARY KEY, in_group INTEGER,"
            " first_seq INTEGER, last_seq INTEGER, last_state INTEGER)"
        )
        connection.execute(
            f"CREATE TABLE versions_{segment} (object INTEGER, seq INTEGER, state INTEGER,"
            " PRIMARY KEY (object, seq)) WITHOUT ROWID"
        )
        connection.execute(
            f"CREATE TABLE object_names_{segment} (name INTEGER, object INTEGER,"
            " PRIMARY KEY (name, object)) WITHOUT ROWID"
        )

    def add(self, connection: sqlite3.Connection, segment: int, entries: list[Entry]) -> None:
        """Add entries of one segment."""
        versions: list[_Row] = []
        for seq, _, system, events in entries:
            for source, facets in events:
                for each in facets.objects:
                    kind, object_id, name, namespace, status, deleted, _ = each
                    told = (system, source, kind, namespace, object_id, name)
                    known = self._known.get(told) or self._know(connection, *told)
                    state = self._statuses.get(status) or self._add_status(connection, each)
                    versions.append((known.number, seq, 2 * state + deleted, known.in_group))
        _write(connection, segment, versions, sorted(self._new_names))
        self._new_names.clear()

    def seal(self, connection: sqlite3.Connection, segment: int) -> None:
        """Do nothing: the tables are in order."""

    def drop(self, connection: sqlite3.Connection, segment: int) -> None:
        """Delete the tables of a segment."""
        for name in ("objects", "versions", "object_names"):
            connection.execute(f"DROP TABLE {name}_{segment}")

    def _know(  # cached: most events are about objects of earlier events
        self,
        connection: sqlite3.Connection,
        system: str,
        source: str,
        kind: str,
        namespace: str,
        object_id: str,
        name: str,
    ) -> _Known:
        group = ObjectGroup(system, kind, namespace, source)
        in_group = self._groups.get(group) or self._add_group(connection, group)
        number = object_number(group, object_id)
        called = {name_number(system, kind, text) for text in (object_id, name) if text}
        known = _Known(number, in_group)
        self._new_names.update([(each, number) for each in called])
        if len(self._known) >= _MAX_OBJECTS:
            self._known.clear()
        self._known[system, source, kind, namespace, object_id, name] = known
        return known

    def _add_group(self, connection: sqlite3.Connection, group: ObjectGroup) -> int:
        """Return the number of a group, from 1."""
        return _add(connection, self._groups, group, _FIND_GROUP, _ADD_GROUP, group)

    def _add_status(self, connection: sqlite3.Connection, version: ObjectVersion) -> int:
        """Return the number of a status, from 1."""
        status = version.status
        return _add(connection, self._statuses, status, _FIND_STATUS, _ADD_STATUS, (status,))


def _add(
    connection: sqlite3.Connection,
    numbers: dict[K, int],
    key: K,
    find: str,
    add: str,
    values: tuple[str, ...],
) -> int:
    row = connection.execute(find, values).fetchone()
    number = int(row[0]) if row else connection.execute(add, values).lastrowid or 0
    if len(numbers) >= _MAX_KNOWN:
        numbers.clear()
    numbers[key] = number
    return number


def _write(
    connection: sqlite3.Connection,
    segment: int,
    versions: list[_Row],
    names: list[tuple[int, int]],
) -> None:
    # the last of several in a record is the newest
    in_order = [row[:3] for row in sorted(versions, key=itemgetter(0, 1))]
    connection.executemany(f"INSERT OR REPLACE INTO versions_{segment} VALUES (?, ?, ?)", in_order)
    newest = {row[0]: row for row in versions}
    oldest = {row[0]: row for row in reversed(versions)}
    connection.executemany(
        f"INSERT INTO objects_{segment} VALUES (?1, ?4, ?5, ?2, ?3)"
        " ON CONFLICT DO UPDATE SET last_seq = ?2, last_state = ?3",
        [(*row, oldest[number][1]) for number, row in sorted(newest.items())],
    )
    connection.executemany(f"INSERT OR IGNORE INTO object_names_{segment} VALUES (?, ?)", names)


def states(connection: sqlite3.Connection, question: StateQuestion, floor_seq: int) -> list[Newest]:
    """Return the objects of a question that were not deleted, by newest event first.

    Only of events past a position.
    """
    groups = [
        number
        for number, *named in connection.execute("SELECT * FROM object_groups")
        if question.is_wanted(ObjectGroup(*named))
    ]
    statuses = {
        number
        for number, status in connection.execute("SELECT number, status FROM statuses")
        if not question.statuses or status in question.statuses
    }
    seen: set[int] = set()
    found: list[Newest] = []
    for segment in between(connection, floor_seq, question.before_seq, newest_first=True):
        rows = _newest_in(connection, segment, groups, question.before_seq)
        for number, seq, state in rows:
            if number not in seen:
                seen.add(number)
                if not state & 1 and state >> 1 in statuses:
                    found.append(Newest(seq, number))
    found.sort(key=lambda each: each.seq, reverse=True)
    return found


def _newest_in(
    connection: sqlite3.Connection, segment: int, groups: list[int], before_seq: int
) -> Iterator[tuple[int, int, int]]:
    """Yield each object of some groups with its newest version in a segment before a position."""
    connection.execute("DELETE FROM temp.asked_groups")
    connection.executemany(
        "INSERT INTO temp.asked_groups VALUES (?)", [(number,) for number in groups]
    )
    of_groups = "in_group IN (SELECT number FROM temp.asked_groups)"
    yield from connection.execute(
        f"SELECT object, last_seq, last_state FROM objects_{segment}"
        f" WHERE {of_groups} AND last_seq < ?",
        (before_seq,),
    )
    if end_of(segment) < before_seq:
        return
    yield from connection.execute(
        f"SELECT o.object, v.seq, v.state FROM objects_{segment} o"
        f" JOIN versions_{segment} v ON v.object = o.object AND v.seq ="
        f" (SELECT MAX(seq) FROM versions_{segment} WHERE object = o.object AND seq < ?1)"
        f" WHERE o.{of_groups} AND o.last_seq >= ?1 AND o.first_seq < ?1",
        (before_seq,),
    )


def versions(
    connection: sqlite3.Connection, name: int, after_seq: int, before_seq: int, limit: int
) -> list[int]:
    """Return the newest positions between two that carry an object, or objects of a name."""
    found: list[int] = []
    for segment in between(connection, after_seq, before_seq, newest_first=True):
        rows = connection.execute(
            f"SELECT DISTINCT seq FROM versions_{segment} WHERE seq > ?2 AND seq < ?3 AND object IN"
            f" (SELECT object FROM object_names_{segment} WHERE name = ?1 UNION SELECT ?1)"
            " ORDER BY seq DESC LIMIT ?4",
            (name, after_seq, before_seq, limit - len(found)),
        )
        found += (row[0] for row in rows)
        if len(found) == limit:
            break
    return found


def prepare(connection: sqlite3.Connection) -> None:
    """Create a reader's own temporary tables for the parameters of questions."""
    connection.execute("CREATE TEMP TABLE asked_groups (number INTEGER PRIMARY KEY)")
