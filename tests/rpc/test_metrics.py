"""What the service shows of an index: how far it has come, and how far it is behind."""

from __future__ import annotations

import pytest

from tests.kit.clock import ManualClock
from tests.kit.loop import scenario
from tests.rpc import events
from tidings.core.extent import Extent
from tidings.core.record import Draft
from tidings.dialects import load
from tidings.index.reader import IndexReader
from tidings.log.event_log import EventLog
from tidings.rpc.envelopes import EnvelopeReader
from tidings.rpc.metrics import Metrics
from tidings.store.memory import MemoryStore
from tidings.v1 import event_pb2


@pytest.mark.parametrize(
    ("known", "position", "lag"),
    [
        (None, 0, 6),
        (Extent("a-log", 0, 1), 1, 5),
        (Extent("a-log", 0, 4), 4, 2),
        (Extent("a-log", 0, 6), 6, 0),
        (Extent("a-log", 0, 9), 9, 0),  # it heard of records before the readers here did
    ],
)
@scenario
async def test_an_index_has_a_position_and_a_lag(
    known: Extent | None, position: int, lag: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    clock = ManualClock()
    store = MemoryStore(clock=clock)
    body = event_pb2.EventRecord(events=[events.nomad()]).SerializeToString()
    await store.append([Draft("nomad", "nomad", body)] * 5)
    log = EventLog(store, clock=clock, envelope_of=EnvelopeReader(load()))
    await log.open()
    index = IndexReader(tmp_path_factory.mktemp("index"), log.log_id)
    index.known = known
    metrics = Metrics()
    metrics.show_index(log, index)
    shown = metrics.registry.get_sample_value
    assert shown("tidings_index_position") == position
    assert shown("tidings_index_lag_records") == lag
    await index.close()
