"""The course of a stream: forms of payload, batches, heartbeats, gaps, and its end."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from itertools import islice
from typing import Any

import grpc
import pytest
from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp

from tests.kit.clock import START_US, ManualClock
from tests.kit.jumping import turns
from tests.kit.log import running
from tests.kit.loop import run_async, scenario
from tests.patience import PATIENCE_S
from tests.rpc.events import consul, nomad, puppet
from tests.rpc.serving import (
    Deployment,
    Served,
    publish,
    read_to_head,
    refusal,
    serving,
    subscribed,
)
from tidings.core.errors import LogClosed
from tidings.core.selection import Everything, Selection
from tidings.dialects import load
from tidings.log.batch import Batch
from tidings.log.limits import LogLimits
from tidings.rpc.budget import Budget, Room
from tidings.rpc.metrics import Metrics
from tidings.rpc.reader_options import ReaderOptions
from tidings.rpc.starts import Start
from tidings.rpc.subscription import Subscription
from tidings.rpc.wire import RecordsWire
from tidings.v1 import consul_pb2, event_pb2, event_service_pb2, event_system_pb2, nomad_pb2

START_S = START_US // 1_000_000


def seqs(records: list[event_pb2.EventRecord]) -> list[int]:
    return [record.seq for record in records]


class ScriptedFollower:
    """At the head of an empty log; its takes end when the script says, and then the log does."""

    at_head = True
    position = 1

    def __init__(self, clock: ManualClock, ends_at_s: list[float]) -> None:
        self._clock = clock
        self._ends_at_s = iter(ends_at_s)
        self.asked_s: list[float] = []

    def close(self) -> None:
        pass

    async def take(self, idle_s: float, *_: object) -> Batch:
        self.asked_s.append(idle_s)
        try:
            self._clock.at_s = next(self._ends_at_s)
        except StopIteration:
            raise LogClosed from None
        return Batch((), 1)


class TestForms:
    TEXT = b'{"Node":{"ID":"n","NodeResources":{"Cpu":{"CpuShares":33600}}}}'

    def test_json_is_typed_unless_asked_for(self, served: Served) -> None:
        publish(served.stub, nomad(payload_json=self.TEXT))
        (record,) = read_to_head(served.stub, after_seq=0)
        node = record.events[0].nomad.payload.node
        assert node.node_resources.cpu.cpu_shares == 33600
        assert not record.events[0].nomad.payload_json
        (record,) = read_to_head(
            served.stub, after_seq=0, payload_format=event_service_pb2.PAYLOAD_FORMAT_JSON
        )
        assert record.events[0].nomad.payload_json == self.TEXT

    def test_ids_are_complete(self, served: Served) -> None:
        publish(served.stub, consul())
        publish(served.stub, puppet())
        event, job_event = (record.events[0] for record in read_to_head(served.stub, after_seq=0))
        assert len(event.consul.id) == 36
        assert event.consul.l_time == 2
        assert job_event.puppet.id == "3"

    def test_a_reader_who_is_behind_gets_many_records_in_few_messages(self, served: Served) -> None:
        for number in range(250):
            publish(served.stub, nomad(key=str(number)))
        with subscribed(served.stub, after_seq=0) as stream:
            assert len(next(stream).batch.records) == 250

    def test_messages_hold_so_many_records_at_most(
        self, served: Served, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("tidings.rpc.subscription.MAX_BATCH_COUNT", 100)
        for number in range(250):
            publish(served.stub, nomad(key=str(number)))
        with subscribed(served.stub, after_seq=0) as stream:
            sizes = [len(message.batch.records) for message in islice(stream, 3)]
        assert sizes == [100, 100, 50]

    def test_messages_are_cut_before_they_grow_too_large(self, served: Served) -> None:
        for _ in range(5):
            publish(served.stub, nomad(key="k" * 100_000))
        with subscribed(served.stub, after_seq=0) as stream:
            sizes = [len(message.batch.records) for message in islice(stream, 3)]
        assert sizes == [2, 2, 1]


class TestHeartbeat:
    def test_it_comes_at_the_head_and_at_every_interval(self, served: Served) -> None:
        seq = publish(served.stub, nomad()).seq
        with subscribed(
            served.stub, after_seq=0, heartbeat_interval=Duration(nanos=100_000_000)
        ) as stream:
            assert seqs(list(next(stream).batch.records)) == [seq]
            beats = [message.heartbeat.seq for message in islice(stream, 3)]
        assert beats == [seq] * 3

    def test_it_carries_positions_that_were_not_selected(self, served: Served) -> None:
        with subscribed(
            served.stub,
            position=event_service_pb2.START_POSITION_LATEST,
            consul=consul_pb2.ConsulSelector(),
            heartbeat_interval=Duration(nanos=100_000_000),
        ) as stream:
            assert next(stream).heartbeat.seq == 1
            seq = publish(served.stub, nomad()).seq
            assert any(message.heartbeat.seq == seq for message in islice(stream, 5))

    def test_records_and_slow_readers_do_not_shift_it(self) -> None:
        """A beat is due at 0 s, 30 s, 60 s, ...; takes and writes end at the times below."""
        clock = ManualClock(0.0)
        follower = ScriptedFollower(clock, ends_at_s=[0, 20, 30, 45, 61, 155, 180])
        beats: list[float] = []

        async def write(_: bytes) -> None:
            beats.append(clock.at_s)

        async def main() -> None:
            await Subscription(
                follower,  # type: ignore[arg-type]  # what it needs of one
                Start(0),
                clock=clock,
                heartbeat_s=30.0,
                reader=ReaderOptions(as_json=False, room=Room(Budget(), "unix")),
                wire=RecordsWire(load()),
                metrics=Metrics(),
            ).run(write)

        with pytest.raises(LogClosed):
            run_async(main())
        assert beats == [0, 30, 61, 155, 180]
        assert follower.asked_s == [0.0, 30.0, 10.0, 30.0, 15.0, 29.0, 25.0, 30.0]


class TestLive:
    """What comes to a reader at the head is written without his task."""

    @scenario
    async def test_one_write_at_a_time_and_what_came_meanwhile_in_the_next(self) -> None:
        async with running() as rig:
            follower = rig.log.follow(Selection.of({"nomad": Everything()}), 1)
            written: list[tuple[list[int], asyncio.Task[object] | None]] = []
            ended = asyncio.get_running_loop().create_future

            async def write(message: bytes) -> None:
                answer = event_service_pb2.SubscribeResponse.FromString(message)
                if answer.batch.records:
                    begun_by = asyncio.current_task()
                    written.append((seqs(list(answer.batch.records)), begun_by))
                    held.append(ended())
                    await held[-1]

            held: list[asyncio.Future[None]] = []
            stream = asyncio.ensure_future(
                Subscription(
                    follower,
                    Start(1),
                    clock=rig.clock,
                    heartbeat_s=30.0,
                    reader=ReaderOptions(as_json=False, room=Room(Budget(), "unix")),
                    wire=RecordsWire(load()),
                    metrics=Metrics(),
                ).run(write)
            )
            await turns(5)
            for _ in range(3):
                await rig.add(event_pb2.EventRecord(events=[nomad()]).SerializeToString().decode())
                await turns(5)
            assert [numbers for numbers, _ in written] == [[2]]
            while held:
                held.pop().set_result(None)
                await turns(5)
            assert [numbers for numbers, _ in written] == [[2], [3], [4]]
            assert written[0][1] is not stream
            stream.cancel()
            await asyncio.wait([stream])


class TwoMessages(RecordsWire):
    """Makes two messages of each batch, once it may."""

    def __init__(self) -> None:
        super().__init__(load())
        self.asked, self.may_make = asyncio.Event(), asyncio.Event()

    def messages_at_once(self, batch: Batch, **_options: Any) -> None:
        del batch

    async def messages(self, batch: Batch, **_options: Any) -> tuple[bytes, ...]:
        del batch
        self.asked.set()
        await self.may_make.wait()
        return (b"first", b"last")


@scenario
async def test_a_call_that_is_ended_from_outside_has_come_to_what_it_began_to_write() -> None:
    """As by a credential that ends: who continues from that position misses nothing."""
    async with running() as rig:
        await rig.add(event_pb2.EventRecord(events=[nomad()]).SerializeToString().decode())
        for begun_count, position in enumerate([1, 1, 2]):
            writes: asyncio.Queue[bytes] = asyncio.Queue()
            blocked_at = [b"never", b"first", b"last"][begun_count]

            async def write(
                message: bytes,
                writes: asyncio.Queue[bytes] = writes,
                blocked_at: bytes = blocked_at,
            ) -> None:
                writes.put_nowait(message)
                if message == blocked_at:
                    await asyncio.Event().wait()

            wire = TwoMessages()
            subscription = Subscription(
                rig.log.follow(Selection.of({"nomad": Everything()}), 1),
                Start(1),
                clock=rig.clock,
                heartbeat_s=30.0,
                reader=ReaderOptions(as_json=False, room=Room(Budget(), "unix")),
                wire=wire,
                metrics=Metrics(),
            )
            assert subscription.position == 1
            stream = asyncio.ensure_future(subscription.run(write))
            await wire.asked.wait()
            if begun_count:
                wire.may_make.set()
            begun = [await writes.get() for _ in range(begun_count)]
            stream.cancel()
            await asyncio.wait([stream])
            assert begun == [b"first", b"last"][:begun_count]
            assert subscription.position == position


class TestGaps:
    @pytest.fixture
    def small(self, address: str) -> Iterator[Served]:
        """Records 2 to 41 under a tail of four, Nomad's up to 20 and Consul's up to 31 trimmed."""
        with serving(address, Deployment(limits=LogLimits(tail_count=4))) as one:
            for number in range(40):
                publish(one.stub, consul() if number % 2 else nomad())
            one.run(one.store.trim("nomad", 20))
            one.run(one.store.trim("consul", 31))
            yield one

    def told(self, served: Served, **fields: Any) -> tuple[list[tuple[int, int, int]], list[int]]:
        """Return the gaps (system, first, last) and the positions up to the first heartbeat."""
        gaps, found = [], list[int]()
        with subscribed(served.stub, **fields) as stream:
            for message in stream:
                if message.HasField("heartbeat"):
                    break
                if message.HasField("gap"):
                    gap = message.gap
                    assert gap.reason == event_service_pb2.GAP_REASON_RETENTION
                    gaps.append((gap.system, gap.first_seq, gap.last_seq))
                found += seqs(list(message.batch.records))
        return sorted(gaps), found

    def test_each_selected_system_that_lost_something_is_told(self, small: Served) -> None:
        gaps, found = self.told(small, after_seq=0)
        assert gaps == [
            (event_system_pb2.EVENT_SYSTEM_NOMAD, 2, 20),
            (event_system_pb2.EVENT_SYSTEM_CONSUL, 2, 31),
        ]
        assert found == [*range(22, 32, 2), *range(32, 42)]

    def test_a_system_that_was_not_selected_is_not(self, small: Served) -> None:
        gaps, found = self.told(small, after_seq=0, nomad=nomad_pb2.NomadSelector())
        assert gaps == [(event_system_pb2.EVENT_SYSTEM_NOMAD, 2, 20)]
        assert found == list(range(22, 42, 2))

    def test_a_gap_begins_after_the_readers_position(self, small: Served) -> None:
        gaps, _ = self.told(small, after_seq=24)
        assert gaps == [(event_system_pb2.EVENT_SYSTEM_CONSUL, 25, 31)]

    def test_who_asks_for_what_is_retained_lost_nothing(self, small: Served) -> None:
        gaps, found = self.told(small, position=event_service_pb2.START_POSITION_EARLIEST)
        assert gaps == []
        assert found == [*range(22, 32, 2), *range(32, 42)]

    def test_what_is_trimmed_under_a_reader_of_what_is_retained_is_told(
        self, small: Served
    ) -> None:
        trimmed = {"nomad": 20}

        async def trim_more() -> None:
            bounds = small.store.inner.bounds

            async def bounds_before(system: str | None = None) -> Any:
                before = await bounds(system)
                if system in trimmed:  # the next one to look finds more gone
                    await small.store.trim(system, trimmed.pop(system) + 6)
                return before

            small.store.inner.bounds = bounds_before  # type: ignore[method-assign]  # for one moment

        small.run(trim_more())
        gaps, found = self.told(
            small,
            position=event_service_pb2.START_POSITION_EARLIEST,
            nomad=nomad_pb2.NomadSelector(),
        )
        assert gaps == [(event_system_pb2.EVENT_SYSTEM_NOMAD, 21, 26)]
        assert found == list(range(28, 42, 2))

    def test_a_time_before_what_is_retained_may_have_lost_something(self, small: Served) -> None:
        gaps, _ = self.told(small, from_time=Timestamp(seconds=START_S - 5))
        assert len(gaps) == 2

    def test_a_trimmed_nomad_index_is_told_though_the_start_is_the_closest(
        self, small: Served
    ) -> None:
        gaps, found = self.told(small, nomad_index=10, nomad=nomad_pb2.NomadSelector())
        assert gaps == [(event_system_pb2.EVENT_SYSTEM_NOMAD, 10, 20)]
        assert found[0] == 22


class TestEnd:
    def test_a_reader_who_leaves_is_forgotten(self, served: Served) -> None:
        with subscribed(served.stub, position=event_service_pb2.START_POSITION_LATEST) as stream:
            assert next(stream).HasField("heartbeat")
            assert served.deployment.log.group_count == 1

        def gone() -> bool:
            publish(served.stub, nomad())
            return served.deployment.log.group_count == 0

        assert any(gone() for _ in range(1000))

    def test_going_down_ends_the_stream_with_its_position(self, served: Served) -> None:
        seq = publish(served.stub, nomad()).seq
        call = served.stub.Subscribe(
            event_service_pb2.SubscribeRequest(after_seq=0), timeout=PATIENCE_S
        )
        assert seqs(list(next(call).batch.records)) == [seq]
        assert next(call).HasField("heartbeat")
        served.run(served.deployment.log.close())
        with pytest.raises(grpc.RpcError) as ended:
            next(call)
        assert refusal(ended.value)[0] == grpc.StatusCode.UNAVAILABLE
        assert dict(call.trailing_metadata())["tidings-position"] == str(seq)
