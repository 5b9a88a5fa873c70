"""Events whose order matters: any number of publishers at once, and times of any kind."""

from __future__ import annotations

import asyncio
from typing import Any

import grpc
import pytest
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from tests.kit.clock import START_US
from tests.patience import PATIENCE_S
from tests.rpc.events import feldera, puppet
from tests.rpc.serving import Served, draft, publish, read_to_head
from tidings.core.record import Draft
from tidings.dialects.rules import microseconds, timestamp
from tidings.rpc.subject_locks import SubjectLocks
from tidings.v1 import event_pb2
from tidings.v1 import event_service_pb2 as pb

MANY = 300
FAR_S = 253_402_300_799  # the last second of the year 9999


def same_time() -> event_pb2.Event:
    return feldera(seconds=START_US // 1_000_000)


def with_an_id() -> event_pb2.Event:
    with_an_id.count += 1  # type: ignore[attr-defined]
    event = feldera()
    event.id = f"00000000-0000-4000-8000-{-with_an_id.count % 2**48:012x}"  # type: ignore[attr-defined]  # falling
    return event


with_an_id.count = 0  # type: ignore[attr-defined]


@pytest.mark.parametrize("make", [feldera, same_time, with_an_id, puppet])
def test_three_hundred_at_once_are_all_stored(served: Served, make: Any) -> None:
    calls = [
        served.stub.Publish.future(pb.PublishRequest(draft=draft(make())), timeout=PATIENCE_S)
        for _ in range(MANY)
    ]
    seqs = sorted(call.result().seq for call in calls)
    records = read_to_head(served.stub, after_seq=1)
    assert [record.seq for record in records] == seqs
    assert len(seqs) == MANY
    events = [record.events[0] for record in records]
    if events[0].WhichOneof("body") == "feldera":
        order = [(microseconds(event.feldera.recorded_at), event.feldera.id) for event in events]
        assert order == sorted(set(order))


def test_a_year_9999_is_refused_by_name_and_nobody_is_the_worse(served: Served) -> None:
    with pytest.raises(grpc.RpcError) as refused:
        publish(served.stub, feldera(seconds=FAR_S))
    error: Any = refused.value
    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
    status = rpc_status.from_call(error)
    assert status is not None
    found = error_details_pb2.BadRequest()
    assert status.details[1].Unpack(found)
    assert found.field_violations[0].field == "draft.events[0].feldera.recorded_at"
    assert publish(served.stub, feldera()).seq > 1


def test_a_log_that_holds_a_year_9999_takes_events_and_shows_them(served: Served) -> None:
    old = feldera(seconds=FAR_S)
    old.id = old.feldera.id = "00000000-0000-4000-8000-000000000001"
    old.feldera.all_healthy = True
    body = event_pb2.EventRecord(events=[old]).SerializeToString()
    served.run(served.deployment.log.append(Draft("feldera", "feldera", body)))
    now = feldera("Unhealthy", seconds=START_US // 1_000_000 + 1)
    seqs = [publish(served.stub, each).seq for each in (feldera(), now, feldera())]
    answer = served.stub.ListClusterEvents(pb.ListClusterEventsRequest(), timeout=PATIENCE_S)
    assert len(answer.events) == 1 + len(seqs)
    assert answer.events[-1].id == old.id
    latest = served.stub.GetClusterEvent(
        pb.GetClusterEventRequest(event_id="latest"), timeout=PATIENCE_S
    )
    assert latest.event == answer.events[0]
    assert latest.event.recorded_at != old.feldera.recorded_at


def test_a_publisher_ahead_does_not_stop_one_that_gives_no_time(served: Served) -> None:
    ahead = feldera()
    ahead.feldera.recorded_at.CopyFrom(timestamp(START_US + 299_000_000))
    first = publish(served.stub, ahead)
    assert publish(served.stub, feldera()).seq > first.seq


def test_turns_come_in_order_and_a_leaver_holds_nobody_up() -> None:
    async def main() -> None:
        locks, seen = SubjectLocks(), list[str]()
        may_end = asyncio.Event()

        async def take(name: str, subject: str = "a") -> None:
            async with locks.locked(subject):
                seen.append(name)
                if name == "first":
                    await may_end.wait()

        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(take("first"))
            waiting = tasks.create_task(take("leaver"))
            last = tasks.create_task(take("last"))
            tasks.create_task(take("other", "b"))
            await asyncio.wait([last], timeout=0)
            assert seen == ["first", "other"]
            waiting.cancel()
            may_end.set()
        assert seen == ["first", "other", "last"]
        async with locks.locked("a"):  # nothing is left of them
            assert len(seen) == 3

    asyncio.run(main())
