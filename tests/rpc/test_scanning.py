"""How much one call reads before it looks at the time."""

from __future__ import annotations

import pytest

from tests.kit.clock import ManualClock
from tests.kit.loop import scenario
from tests.rpc import events
from tidings.access.rights import MANAGEMENT
from tidings.core.record import Draft
from tidings.dialects import load
from tidings.log.event_log import EventLog
from tidings.rpc.counting import Counts
from tidings.rpc.envelopes import EnvelopeReader
from tidings.rpc.filters.sieve import Filter
from tidings.rpc.reading import Reads
from tidings.rpc.scanning import AT_ONCE_JUDGED, SCAN_S
from tidings.rpc.wire import RecordsWire
from tidings.store.memory import MemoryStore
from tidings.v1 import event_pb2
from tidings.v1 import event_service_pb2 as pb
from tidings.v1.asking_pb2 import CountRecordsRequest

JUDGED_S = 0.03
RECORDS = 300
DIALECTS = load()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> ManualClock:
    """Return a clock that moves with each event that a filter is evaluated for."""
    clock = ManualClock()

    def may_judge(_self: Filter, _event: event_pb2.Event) -> bool:
        clock.at_s += JUDGED_S
        return True

    monkeypatch.setattr(Filter, "may_judge", may_judge)
    return clock


async def filled(clock: ManualClock) -> EventLog:
    body = event_pb2.EventRecord(events=[events.nomad()]).SerializeToString()
    store = MemoryStore(clock=clock)
    await store.append([Draft("nomad", "nomad", body)] * RECORDS)
    log = EventLog(store, clock=clock, envelope_of=EnvelopeReader(DIALECTS))
    await log.open()
    return log


@pytest.mark.parametrize(
    ("order", "types", "remaining_s", "patience_s"),
    [
        (pb.READ_ORDER_OLDEST_FIRST, (), None, SCAN_S),
        (pb.READ_ORDER_NEWEST_FIRST, (), None, SCAN_S),
        (pb.READ_ORDER_OLDEST_FIRST, ("JobRegistered",), 1.0, 0.5),
    ],
    ids=["oldest", "newest", "typed"],
)
@scenario
async def test_a_slow_filter_passes_the_time_of_a_call_by_some_records_at_most(
    clock: ManualClock,
    order: pb.ReadOrder.ValueType,
    types: tuple[str, ...],
    remaining_s: float | None,
    patience_s: float,
) -> None:
    log = await filled(clock)
    reads = Reads(log, DIALECTS, clock, RecordsWire(DIALECTS))
    request = pb.ReadRecordsRequest(filter="event.source != 'x'", order=order, types=types)
    began_s = clock.at_s
    answer = pb.ReadRecordsResponse.FromString(await reads.read(request, MANAGEMENT, remaining_s))
    assert patience_s <= clock.at_s - began_s <= patience_s + AT_ONCE_JUDGED.records * JUDGED_S
    assert 0 < len(answer.records) < RECORDS
    assert answer.next_page_token


@scenario
async def test_pages_of_a_slow_filter_hold_every_record_once(clock: ManualClock) -> None:
    log = await filled(clock)
    counts = Counts(log, DIALECTS, clock)
    request = CountRecordsRequest(filter="event.source != 'x'")
    found: list[int] = []
    while not found or request.page_token:
        answer = await counts.count(request, MANAGEMENT)
        found += [count.events for count in answer.counts]
        request.page_token = answer.next_page_token
    assert sum(found) == RECORDS
    assert len(found) > 1
