"""`tidings top`: counts that grow, and how they are read."""

from __future__ import annotations

from contextlib import aclosing
from typing import Any

import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from tests.kit.loop import scenario
from tidings.app.commands.top import Tally, as_json, as_text, counted
from tidings.v1 import asking_pb2, event_system_pb2

NOMAD, CONSUL = event_system_pb2.EVENT_SYSTEM_NOMAD, event_system_pb2.EVENT_SYSTEM_CONSUL
ALL = ("system", "type", "source")


pytestmark = pytest.mark.usefixtures("in_kolkata")


def count(events: int, at_s: int = 0, **fields: Any) -> asking_pb2.Count:
    return asking_pb2.Count(events=events, last_time=Timestamp(seconds=at_s), **fields)


def tally_of(*counts: asking_pb2.Count) -> Tally:
    tally = Tally()
    tally.add(counts)
    return tally


TALLY = tally_of(
    count(3, system=CONSUL, type="deploy\x1b"),
    count(1200, 1_768_046_400, system=NOMAD, type="JobRegistered", source="eu"),
    count(3, system=CONSUL, type="a"),
)
HEAD = "events  system  type           source  last stored"
ROWS = [
    "1200    nomad   JobRegistered  eu      2026-01-10 17:30:00+05:30",
    "3       consul  a              -       1970-01-01 05:30:00+05:30",
    "3       consul  deploy\\x1b     -       1970-01-01 05:30:00+05:30",
]


@pytest.mark.parametrize(
    ("limit", "lines"),
    [
        (0, [HEAD, *ROWS]),
        (3, [HEAD, *ROWS]),
        (1, [HEAD, ROWS[0], "and 2 more"]),
    ],
)
def test_the_noisiest_stand_first(limit: int, lines: list[str]) -> None:
    assert list(as_text(TALLY, ALL, limit)) == lines


def test_only_what_is_counted_by_has_a_column() -> None:
    tally = tally_of(count(2, system=NOMAD), count(3))
    assert list(as_text(tally, ("system",))) == [
        "events  system  last stored",
        "3       -       1970-01-01 05:30:00+05:30",
        "2       nomad   1970-01-01 05:30:00+05:30",
    ]
    assert list(as_text(Tally(), ("system",))) == ["events  system  last stored"]


def test_spans_of_time_are_in_their_order() -> None:
    tally = tally_of(
        count(9, system=NOMAD, start_time=Timestamp(seconds=3600)),
        count(1, system=NOMAD, start_time=Timestamp(seconds=0)),
        count(2, system=CONSUL, start_time=Timestamp(seconds=0)),
    )
    rows = [line.split() for line in as_text(tally, ("from", "system"))][1:]
    assert [(row[0], row[2], row[3]) for row in rows] == [
        ("2", "05:30:00+05:30", "consul"),
        ("1", "05:30:00+05:30", "nomad"),
        ("9", "06:30:00+05:30", "nomad"),
    ]


def test_json_says_the_same() -> None:
    assert as_json(TALLY, ALL)[0] == {
        "system": "nomad",
        "type": "JobRegistered",
        "source": "eu",
        "events": 1200,
        "lastTime": "2026-01-10T12:00:00Z",
    }
    assert as_json(Tally(), ALL) == []


class Service:
    """Counts one event at each position up to its end, ten positions a page."""

    def __init__(self, end: int) -> None:
        self.end = end
        self.asked: list[asking_pb2.CountRecordsRequest] = []

    async def CountRecords(
        self, request: asking_pb2.CountRecordsRequest, **options: float
    ) -> asking_pb2.CountRecordsResponse:
        assert options["timeout"] > 0
        copy = asking_pb2.CountRecordsRequest()
        copy.CopyFrom(request)
        self.asked.append(copy)
        low = int(request.page_token or request.after_seq)
        high = min(low + 10, self.end)
        answer = asking_pb2.CountRecordsResponse(through_seq=self.end, log_id="6f1d")
        if high > low:
            answer.counts.append(count(high - low, high, system=NOMAD))
            answer.totals.append(count(high - low, high, type="a"))
        if high < self.end:
            answer.next_page_token = str(high)
        return answer


@pytest.mark.parametrize("end", [0, 5, 10, 45])
@scenario
async def test_pages_are_one_count(end: int) -> None:
    service: Any = Service(end)
    tally, totals = Tally(), Tally()
    looks = 0
    request = asking_pb2.CountRecordsRequest()
    async for _ in counted(service, request, tally, totals, is_live=False):
        looks += 1
    assert looks == 1
    assert sum(tally.counts.values()) == sum(totals.counts.values()) == end


@scenario
async def test_live_it_counts_on_behind_what_it_has_counted() -> None:
    service: Any = Service(25)
    tally = Tally()

    async def no_pause(pause_s: float) -> None:
        assert pause_s > 0
        service.end += 3

    request = asking_pb2.CountRecordsRequest(types=["a"])
    looks = counted(service, request, tally, Tally(), is_live=True, pause=no_pause)
    async with aclosing(looks):
        totals = []
        async for _ in looks:
            totals.append(sum(tally.counts.values()))
            if len(totals) == 3:
                break
    assert totals == [25, 28, 31]
    assert [(asked.after_seq, asked.log_id) for asked in service.asked[-2:]] == [
        (25, "6f1d"),
        (28, "6f1d"),
    ]
    assert all(list(asked.types) == ["a"] for asked in service.asked)
    assert list(tally.last.values()) == [Timestamp(seconds=31)]
