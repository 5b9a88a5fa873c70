# ruff: noqa: S608 - statements are put together from our own words and numbers
"""Counts of events by system, type and source: by hour, and by record.

Whole hours are summed from the one; where a bound is inside an hour, from the other.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterator

from tidings.core.tallies import CountGroup, Key, Tallied, TallyQuestion
from tidings.index.entries import Entry
from tidings.index.segments import between

HOUR_US = 3_600_000_000


class CountTable:
    """Counts of all records; `groups` names each system, type and source by a number."""

    def __init__(self) -> None:
        self._numbers: dict[tuple[str, str, str], int] = {}

    def create(self, connection: sqlite3.Connection) -> None:
        """Create what all segments share."""
        connection.execute(
            "CREATE TABLE groups (number INTEGER PRIMARY KEY, system TEXT, type TEXT, source TEXT,"
            " UNIQUE (system, type, source))"
        )
        self._numbers = {}

    def begin(self, connection: sqlite3.Connection, segment: int) -> None:
        """Create the tables of a new segment."""
        connection.execute(
            f"CREATE TABLE events_{segment} (seq INTEGER, number INTEGER, events INTEGER,"
            " at_us INTEGER, PRIMARY KEY (seq, number)) WITHOUT ROWID"
        )
        connection.execute(
            f"CREATE TABLE hours_{segment} (hour INTEGER, number INTEGER, events INTEGER,"
            " first_seq INTEGER, last_seq INTEGER, last_us INTEGER,"
            " PRIMARY KEY (hour, number)) WITHOUT ROWID"
        )

    def add(self, connection: sqlite3.Connection, segment: int, entries: list[Entry]) -> None:
        """Add entries of one segment."""
        rows: list[tuple[int, int, int, int]] = []
        hours: dict[tuple[int, int], list[int]] = {}
        for seq, at_us, system, told in entries:
            hour = at_us // HOUR_US
            groups = [(system, each.facets.type, each.source) for each in told]
            counts = Counter(groups) if len(groups) > 1 else dict.fromkeys(groups, 1)
            for group, events in counts.items():
                number = self._numbers.get(group) or self._number(connection, group)
                rows.append((seq, number, events, at_us))
                total = hours.get((hour, number))
                if total is None:
                    total = hours[hour, number] = [0, seq, 0, 0]
                total[0] += events
                total[2], total[3] = seq, at_us
        connection.executemany(f"INSERT INTO events_{segment} VALUES (?, ?, ?, ?)", rows)
        connection.executemany(
            f"INSERT INTO hours_{segment} VALUES (?, ?, ?, ?, ?, ?)"
            " ON CONFLICT DO UPDATE SET events = events + excluded.events,"
            " last_seq = excluded.last_seq, last_us = excluded.last_us",
            [(*key, *total) for key, total in hours.items()],
        )

    def seal(self, connection: sqlite3.Connection, segment: int) -> None:
        """Do nothing: the tables are in order."""

    def drop(self, connection: sqlite3.Connection, segment: int) -> None:
        """Delete the tables of a segment."""
        connection.execute(f"DROP TABLE events_{segment}")
        connection.execute(f"DROP TABLE hours_{segment}")

    def _number(self, connection: sqlite3.Connection, group: tuple[str, str, str]) -> int:
        connection.execute(
            "INSERT OR IGNORE INTO groups (system, type, source) VALUES (?, ?, ?)", group
        )
        ((number,),) = connection.execute(
            "SELECT number FROM groups WHERE system = ? AND type = ? AND source = ?", group
        )
        self._numbers[group] = found = int(number)
        return found


def newest(connection: sqlite3.Connection, segment: int) -> dict[str, int]:
    """Return the newest position of each system that has records in a segment."""
    return dict(
        connection.execute(
            f"SELECT system, MAX(last_seq) FROM hours_{segment} JOIN groups USING (number)"
            " GROUP BY system"
        )
    )


_WHOLE = """
    first_seq > after_seq AND last_seq < :before_seq
    AND hour * :hour_us >= :from_us AND (hour + 1) * :hour_us <= :until_us
    AND :bucket_us % :hour_us = 0
"""

_OF_HOURS = f"""
    SELECT {{start}}, class, SUM(events), MAX(last_seq), last_us
    FROM hours_{{segment}} JOIN asked USING (number) WHERE {_WHOLE} GROUP BY 1, 2
"""

_CUT = f"""
    INSERT INTO cut SELECT hour, number, first_seq, last_seq
    FROM hours_{{segment}} JOIN asked USING (number)
    WHERE NOT ({_WHOLE}) AND last_seq > after_seq AND first_seq < :before_seq
"""

_OF_RECORDS = """
    SELECT {start}, class, SUM(events), MAX(seq), at_us
    FROM events_{segment} JOIN asked USING (number)
    JOIN cut ON cut.number = asked.number AND cut.hour = at_us / :hour_us
    WHERE seq BETWEEN :first_seq AND :last_seq AND cut.hour = :of_hour
    AND seq > after_seq AND seq < :before_seq AND at_us >= :from_us AND at_us < :until_us
    GROUP BY 1, 2
"""


def tally(connection: sqlite3.Connection, question: TallyQuestion) -> Iterator[Tallied]:
    """Yield the counts of a question; perhaps several for one span and key, to be summed."""
    places: dict[Key, int] = {}
    asked: list[tuple[int, int, int]] = []
    for number, *named in connection.execute("SELECT number, system, type, source FROM groups"):
        group = CountGroup(*named)
        after_seq = question.after_seq.get(group.system)
        key = None if after_seq is None else question.key_of(group)
        if after_seq is not None and key is not None:
            asked.append((number, places.setdefault(key, len(places)), after_seq))
    if not asked:
        return
    keys = list(places)
    connection.execute("DELETE FROM temp.asked")
    connection.executemany("INSERT INTO temp.asked VALUES (?, ?, ?)", asked)
    bounds = {
        "before_seq": question.before_seq,
        "from_us": question.from_us,
        "until_us": question.until_us,
        "bucket_us": question.bucket_us,
        "hour_us": HOUR_US,
    }
    first_seq = min(after_seq for _, _, after_seq in asked)
    for segment in between(connection, first_seq, question.before_seq, newest_first=False):
        for start_us, place, *total in _of_segment(connection, segment, bounds):
            key = keys[place]._replace(start_us=start_us if question.bucket_us else None)
            yield Tallied(key, *total)


def _of_segment(
    connection: sqlite3.Connection, segment: int, bounds: dict[str, int]
) -> Iterator[tuple[int, ...]]:
    starts = _starts("hour * :hour_us", bounds), _starts("at_us", bounds)
    yield from connection.execute(_OF_HOURS.format(segment=segment, start=starts[0]), bounds)
    connection.execute("DELETE FROM temp.cut")
    connection.execute(_CUT.format(segment=segment), bounds)
    cut = connection.execute(
        "SELECT hour, MIN(first_seq), MAX(last_seq) FROM cut GROUP BY hour"
    ).fetchall()
    for hour, first_seq, last_seq in cut:
        span = {"of_hour": hour, "first_seq": first_seq, "last_seq": last_seq}
        statement = _OF_RECORDS.format(segment=segment, start=starts[1])
        yield from connection.execute(statement, bounds | span)


def _starts(time: str, bounds: dict[str, int]) -> str:
    return f"{time} - {time} % :bucket_us" if bounds["bucket_us"] else "0"


def prepare(connection: sqlite3.Connection) -> None:
    """Create a reader's own temporary tables for the parameters of questions."""
    connection.execute(
        "CREATE TEMP TABLE asked (number INTEGER PRIMARY KEY, class INTEGER, after_seq INTEGER)"
    )
    connection.execute(
        "CREATE TEMP TABLE cut (hour INTEGER, number INTEGER, first_seq INTEGER,"
        " last_seq INTEGER, PRIMARY KEY (hour, number)) WITHOUT ROWID"
    )
