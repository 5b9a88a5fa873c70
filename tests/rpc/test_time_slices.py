"""Long work beside others: nobody waits for the end of it."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest

from tests.dialects.drafts import check
from tests.kit.clock import ManualClock
from tests.kit.loop import scenario
from tests.patience import PATIENCE_S
from tests.rpc.events import nomad, puppet
from tests.rpc.serving import Served, draft, publish, read_one
from tidings.core.record import Record
from tidings.dialects.nomad import NomadDialect
from tidings.log.projections import Projections
from tidings.log.time_slices import SLICE_S, TimeSlice
from tidings.log.work_thread import LARGE_BYTES, WorkThread
from tidings.store.memory import MemoryStore
from tidings.v1 import event_service_pb2 as pb


class Steps:
    """A clock that a task moves on by itself."""

    def __init__(self) -> None:
        self.at_s = 0.0

    def now_us(self) -> int:
        return 0

    def monotonic_s(self) -> float:
        return self.at_s


@scenario
async def test_others_have_their_turn_when_it_is_time_and_not_before() -> None:
    clock = Steps()
    time_slice = TimeSlice(clock)
    had: list[int | None] = []
    for _ in range(6):
        asyncio.get_running_loop().call_soon(had.append, None)
        clock.at_s += SLICE_S * 0.6
        await time_slice.step()
        had.append(len(had))
    assert had == [0, None, None, 3, 4, None, None, 7, 8, None, None, 11]


@scenario
async def test_others_have_their_turn_while_projections_take_a_commit() -> None:
    clock, had = Steps(), list[int | None]()

    class Slow:
        """Takes half of a slice for a record, and a little."""

        depth = 1

        def apply(self, record: Record) -> None:
            clock.at_s += SLICE_S * 0.6
            had.append(record.seq)

    projections = Projections(MemoryStore(clock=ManualClock()), {"nomad": Slow()}, clock)
    asyncio.get_running_loop().call_soon(had.append, None)
    await projections.take([Record(seq, 0, "nomad", "nomad", b"") for seq in range(1, 5)])
    assert had == [1, 2, None, 3, 4]


@scenario
async def test_a_bench_does_one_thing_at_a_time_and_raises_what_it_raises() -> None:
    thread = WorkThread()
    busy: list[int] = []
    most: list[int] = []

    def work() -> threading.Thread:
        busy.append(1)
        most.append(len(busy))
        busy.pop()
        return threading.current_thread()

    async with asyncio.TaskGroup() as tasks:
        done = [tasks.create_task(thread.do(work)) for _ in range(20)]
    assert threading.current_thread() not in {task.result() for task in done}
    assert max(most) == 1
    with pytest.raises(ZeroDivisionError):
        await thread.do(lambda: 1 // 0)


@pytest.fixture
def checked_on(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the threads that check Nomad's drafts."""
    names: list[str] = []
    real = NomadDialect.check_body

    def seen(*arguments: Any) -> Any:
        names.append(threading.current_thread().name)
        return real(*arguments)

    monkeypatch.setattr(NomadDialect, "check_body", seen)
    return names


def test_a_large_draft_is_checked_on_a_thread_and_a_small_one_is_not(
    served: Served, checked_on: list[str]
) -> None:
    large = nomad(payload_json=b'{"Node":{"ID":"%s"}}' % (b"n" * LARGE_BYTES))
    seq = publish(served.stub, large).seq
    publish(served.stub, nomad())
    requests = [pb.PublishStreamRequest(drafts=[draft(nomad()), draft(large), draft(nomad())])]
    (response,) = served.stub.PublishStream(iter(requests), timeout=PATIENCE_S)
    assert [result.stored.seq for result in response.results] == [4, 5, 6]
    is_loops = [name == "served" for name in checked_on]
    assert is_loops == [False, True, True, False, True]
    assert read_one(served.stub, seq).events[0].nomad.payload.node.id == "n" * LARGE_BYTES


def test_many_drafts_give_way_to_a_lone_one(served: Served) -> None:
    """A stream of many ordered drafts: a publish beside it is not at its end."""
    many = [draft(puppet(job=str(number % 7 + 1))) for number in range(1300)]
    call = served.stub.PublishStream(
        iter([pb.PublishStreamRequest(drafts=many)]), timeout=PATIENCE_S
    )
    results = list(next(call).results)
    beside = publish(served.stub, nomad()).seq
    results += [result for response in call for result in response.results]
    seqs = [result.stored.seq for result in results]
    assert seqs == sorted(seqs)
    assert len(seqs) == 1300
    assert beside < seqs[-1]


@scenario
async def test_a_draft_is_the_same_wherever_it_is_checked() -> None:
    large = nomad(payload_json=b'{"Node":{"ID":"%s"}}' % (b"n" * LARGE_BYTES))

    dialect = NomadDialect(100)
    assert await WorkThread().do(lambda: check(dialect, large)) == check(dialect, large)
