"""Subscribe: where it starts, what it holds, how it stays alive, what it says of losses."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp

from tests.patience import PATIENCE_S
from tests.rpc.events import consul, docker, feldera, nomad, puppet
from tests.rpc.serving import (
    START_US,
    Deployment,
    Served,
    publish,
    read_to_head,
    refusal,
    serving,
    subscribed,
)
from tidings.core.record import Draft
from tidings.log.limits import LogLimits
from tidings.v1 import (
    consul_pb2,
    docker_cloud_pb2,
    event_pb2,
    event_service_pb2,
    feldera_pb2,
    nomad_pb2,
    puppet_pb2,
)

START_S = START_US // 1_000_000


def seqs(records: list[event_pb2.Record]) -> list[int]:
    return [record.seq for record in records]


def topics(*names: str, namespace: str = "") -> nomad_pb2.NomadSelector:
    filters = [nomad_pb2.NomadTopicFilter(topic=name) for name in names]
    return nomad_pb2.NomadSelector(topics=filters, namespace=namespace)


@pytest.fixture(scope="module")
def ten(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Records 2 to 11, stored a second apart: Nomad's on even positions, Consul's on odd ones."""
    folder: Path = tmp_path_factory.mktemp("ten")
    deployment = Deployment({"nomad": {"event_buffer_size": 3}})
    with serving(f"unix:{folder / 'socket'}", deployment) as one:
        for number in range(10):
            deployment.clock.at_us = START_US + number * 1_000_000
            publish(one.stub, consul(str(number)) if number % 2 else nomad(key=str(number)))
        yield one


ALL = list(range(2, 12))


class TestStart:
    @pytest.mark.parametrize(
        ("fields", "expected"),
        [
            ({"after_seq": 0}, ALL),
            ({"after_seq": 1}, ALL),
            ({"after_seq": 2}, ALL[1:]),
            ({"after_seq": 10}, [11]),
            ({"after_seq": 11}, []),
            ({"earliest": True}, ALL),
            ({"earliest": False}, []),
            ({"latest": True}, []),
            ({"latest": False}, []),
            ({}, []),
            ({"from_time": Timestamp(seconds=START_S - 100)}, ALL),
            ({"from_time": Timestamp(seconds=START_S)}, ALL),
            ({"from_time": Timestamp(seconds=START_S, nanos=1)}, ALL[1:]),
            ({"from_time": Timestamp(seconds=START_S + 4)}, ALL[4:]),
            ({"from_time": Timestamp(seconds=START_S + 9)}, [11]),
            ({"from_time": Timestamp(seconds=START_S + 9, nanos=1)}, []),
            ({"nomad_index": 0}, [6, 7, 8, 9, 10, 11]),
            ({"nomad_index": 1}, ALL),
            ({"nomad_index": 6}, [6, 7, 8, 9, 10, 11]),
            ({"nomad_index": 10}, [10, 11]),
            ({"nomad_index": 11}, [10, 11]),
            ({"nomad_index": 2**64 - 1}, [10, 11]),
        ],
    )
    def test_every_way_to_start(
        self, ten: Served, fields: dict[str, Any], expected: list[int]
    ) -> None:
        assert seqs(read_to_head(ten.stub, **fields)) == expected

    @pytest.mark.parametrize(("index", "expected"), [(0, [6, 8, 10]), (7, [8, 10]), (99, [10])])
    def test_nomads_rule_over_nomads_records(
        self, ten: Served, index: int, expected: list[int]
    ) -> None:
        found = read_to_head(ten.stub, nomad_index=index, nomad=nomad_pb2.NomadSelector())
        assert seqs(found) == expected

    @pytest.mark.parametrize("index", [0, 1, 5])
    def test_nomads_rule_without_records_waits_for_the_first(
        self, served: Served, index: int
    ) -> None:
        with subscribed(served.stub, nomad_index=index) as stream:
            assert next(stream).HasField("heartbeat")
            seq = publish(served.stub, nomad()).seq
            assert seqs(list(next(stream).records)) == [seq]

    @pytest.mark.parametrize("fields", [{"after_seq": 0}, {"from_time": Timestamp()}])
    def test_an_empty_log_starts_at_once(self, served: Served, fields: dict[str, Any]) -> None:
        with subscribed(served.stub, **fields) as stream:
            assert next(stream).heartbeat.seq == 1

    def test_live_records_follow_the_stored_ones_without_a_seam(self, served: Served) -> None:
        publish(served.stub, nomad())
        with subscribed(served.stub, earliest=True) as stream:
            assert seqs(list(next(stream).records)) == [2]
            assert next(stream).heartbeat.seq == 2
            for expected in (3, 4, 5):
                publish(served.stub, nomad())
                assert seqs(list(next(stream).records)) == [expected]


class TestChecks:
    @pytest.mark.parametrize(
        ("fields", "code", "text"),
        [
            (
                {"after_seq": 12},
                grpc.StatusCode.OUT_OF_RANGE,
                "after_seq 12 is past the end of the log, 11",
            ),
            (
                {"after_seq": 2**64 - 1},
                grpc.StatusCode.OUT_OF_RANGE,
                "after_seq 18446744073709551615 is past the end of the log, 11",
            ),
            (
                {"heartbeat_interval": Duration(nanos=99_999_999)},
                grpc.StatusCode.INVALID_ARGUMENT,
                "heartbeat_interval: must be at least 100 ms",
            ),
            (
                {"heartbeat_interval": Duration(seconds=-1)},
                grpc.StatusCode.INVALID_ARGUMENT,
                "heartbeat_interval: must be at least 100 ms",
            ),
            (
                {"from_time": Timestamp(seconds=-(10**12))},
                grpc.StatusCode.INVALID_ARGUMENT,
                "from_time: lies outside of the years 1 to 9999",
            ),
        ],
    )
    def test_what_cannot_be_served_is_refused_before_any_metadata(
        self, ten: Served, fields: dict[str, Any], code: grpc.StatusCode, text: str
    ) -> None:
        call = ten.stub.Subscribe(event_service_pb2.SubscribeRequest(**fields), timeout=PATIENCE_S)
        with pytest.raises(grpc.RpcError) as refused:
            next(call)
        assert refusal(refused.value) == (code, text)
        assert "tidings-log-id" not in dict(call.initial_metadata())

    def test_another_logs_position_is_refused(self, ten: Served) -> None:
        other = "00000000-0000-0000-0000-000000000000"
        call = ten.stub.Subscribe(
            event_service_pb2.SubscribeRequest(after_seq=2, log_id=other), timeout=PATIENCE_S
        )
        with pytest.raises(grpc.RpcError) as refused:
            next(call)
        code, text = refusal(refused.value)
        assert code == grpc.StatusCode.FAILED_PRECONDITION
        assert text == f"this is log {ten.deployment.log.log_id}, not {other}"

    def test_the_logs_id_comes_at_once_and_is_accepted(self, ten: Served) -> None:
        log_id = ten.deployment.log.log_id
        request = event_service_pb2.SubscribeRequest(latest=True, log_id=log_id)
        call = ten.stub.Subscribe(request, timeout=PATIENCE_S)
        assert dict(call.initial_metadata())["tidings-log-id"] == log_id
        call.cancel()


@pytest.fixture(scope="module")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(f"unix:{tmp_path_factory.mktemp('mixed') / 'socket'}") as one:
        publish(one.stub, nomad("Job", namespace="a"), nomad("Node"), nomad("Job", namespace="b"))
        publish(one.stub, consul("deploy"))
        publish(one.stub, docker(namespace="acme"))
        publish(one.stub, puppet(job="7"))
        publish(one.stub, feldera("Unhealthy"))
        publish(one.stub, nomad("Node"))
        yield one


class TestSelection:
    @pytest.mark.parametrize(
        ("fields", "expected"),
        [
            ({}, [2, 3, 4, 5, 6, 7]),
            ({"nomad": nomad_pb2.NomadSelector()}, [2, 7]),
            ({"nomad": topics("Job")}, [2]),
            ({"nomad": topics("Allocation")}, []),
            ({"consul": consul_pb2.ConsulSelector(names=["deploy"])}, [3]),
            ({"consul": consul_pb2.ConsulSelector(names=["other"])}, []),
            ({"docker_cloud": docker_cloud_pb2.DockerCloudSelector(namespace="acme")}, [4]),
            ({"puppet": puppet_pb2.PuppetSelector(jobs=["7"])}, [5]),
            ({"feldera": feldera_pb2.FelderaSelector(all_healthy=False)}, [6]),
            ({"feldera": feldera_pb2.FelderaSelector(all_healthy=True)}, []),
            (
                {"nomad": topics("Node"), "consul": consul_pb2.ConsulSelector()},
                [2, 3, 7],
            ),
        ],
    )
    def test_selectors_are_ored(
        self, mixed: Served, fields: dict[str, Any], expected: list[int]
    ) -> None:
        assert seqs(read_to_head(mixed.stub, after_seq=0, **fields)) == expected

    @pytest.mark.parametrize(
        ("selector", "namespaces"),
        [
            (topics("Job"), ["a", "b"]),
            (topics("Node"), [""]),
            (topics("*", namespace="a"), ["a", ""]),
            (topics("*"), ["a", "", "b"]),
        ],
    )
    def test_a_reader_gets_the_events_of_a_record_that_he_selected(
        self, mixed: Served, selector: nomad_pb2.NomadSelector, namespaces: list[str]
    ) -> None:
        first = read_to_head(mixed.stub, after_seq=0, nomad=selector)[0]
        assert first.seq == 2
        assert [event.nomad.namespace for event in first.events] == namespaces
        assert first.HasField("recorded_at")

    def test_positions_of_a_rare_selection_still_advance(self, mixed: Served) -> None:
        with subscribed(mixed.stub, after_seq=2, puppet=puppet_pb2.PuppetSelector()) as stream:
            assert seqs(list(next(stream).records)) == [5]
            assert next(stream).heartbeat.seq == 7


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
            sizes = [len(message.records) for message in islice(stream, 3)]
        assert sizes == [100, 100, 50]

    def test_messages_are_cut_before_they_grow_too_large(self, served: Served) -> None:
        for _ in range(5):
            publish(served.stub, nomad(key="k" * 100_000))
        with subscribed(served.stub, after_seq=0) as stream:
            sizes = [len(message.records) for message in islice(stream, 3)]
        assert sizes == [2, 2, 1]


class TestHeartbeat:
    def test_it_comes_at_the_head_and_at_every_interval(self, served: Served) -> None:
        seq = publish(served.stub, nomad()).seq
        with subscribed(
            served.stub, after_seq=0, heartbeat_interval=Duration(nanos=100_000_000)
        ) as stream:
            assert seqs(list(next(stream).records)) == [seq]
            beats = [message.heartbeat.seq for message in islice(stream, 3)]
        assert beats == [seq] * 3

    def test_it_carries_positions_that_were_not_selected(self, served: Served) -> None:
        with subscribed(
            served.stub,
            latest=True,
            consul=consul_pb2.ConsulSelector(),
            heartbeat_interval=Duration(nanos=100_000_000),
        ) as stream:
            assert next(stream).heartbeat.seq == 1
            seq = publish(served.stub, nomad()).seq
            assert any(message.heartbeat.seq == seq for message in islice(stream, 5))


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
                    assert gap.reason == "trimmed by retention before it was read"
                    gaps.append((gap.system, gap.first_seq, gap.last_seq))
                found += seqs(list(message.records))
        return sorted(gaps), found

    def test_each_selected_system_that_lost_something_is_told(self, small: Served) -> None:
        gaps, found = self.told(small, after_seq=0)
        assert gaps == [
            (event_pb2.SYSTEM_NOMAD, 2, 20),
            (event_pb2.SYSTEM_CONSUL, 2, 31),
        ]
        assert found == [*range(22, 32, 2), *range(32, 42)]

    def test_a_system_that_was_not_selected_is_not(self, small: Served) -> None:
        gaps, found = self.told(small, after_seq=0, nomad=nomad_pb2.NomadSelector())
        assert gaps == [(event_pb2.SYSTEM_NOMAD, 2, 20)]
        assert found == list(range(22, 42, 2))

    def test_a_gap_begins_after_the_readers_position(self, small: Served) -> None:
        gaps, _ = self.told(small, after_seq=24)
        assert gaps == [(event_pb2.SYSTEM_CONSUL, 25, 31)]

    def test_who_asks_for_what_is_retained_lost_nothing(self, small: Served) -> None:
        gaps, found = self.told(small, earliest=True)
        assert gaps == []
        assert found == [*range(22, 32, 2), *range(32, 42)]

    def test_what_is_trimmed_under_a_reader_of_what_is_retained_is_told(
        self, small: Served
    ) -> None:
        trimmed = {"nomad": 20}

        async def trim_more() -> None:
            bounds = small.store.bounds

            async def bounds_before(system: str | None = None) -> Any:
                before = await bounds(system)
                if system in trimmed:  # the next one to look finds more gone
                    await small.store.trim(system, trimmed.pop(system) + 6)
                return before

            small.store.bounds = bounds_before  # type: ignore[method-assign]  # for one moment

        small.run(trim_more())
        gaps, found = self.told(small, earliest=True, nomad=nomad_pb2.NomadSelector())
        assert gaps == [(event_pb2.SYSTEM_NOMAD, 21, 26)]
        assert found == list(range(28, 42, 2))

    def test_a_time_before_what_is_retained_may_have_lost_something(self, small: Served) -> None:
        gaps, _ = self.told(small, from_time=Timestamp(seconds=START_S - 5))
        assert len(gaps) == 2

    def test_a_trimmed_nomad_index_is_told_though_the_start_is_the_closest(
        self, small: Served
    ) -> None:
        gaps, found = self.told(small, nomad_index=10, nomad=nomad_pb2.NomadSelector())
        assert gaps == [(event_pb2.SYSTEM_NOMAD, 10, 20)]
        assert found[0] == 22


class TestEnd:
    def test_a_reader_who_leaves_is_forgotten(self, served: Served) -> None:
        with subscribed(served.stub, latest=True) as stream:
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
        assert seqs(list(next(call).records)) == [seq]
        assert next(call).HasField("heartbeat")
        served.run(served.deployment.log.close())
        with pytest.raises(grpc.RpcError) as ended:
            next(call)
        assert refusal(ended.value)[0] == grpc.StatusCode.UNAVAILABLE
        assert dict(call.trailing_metadata())["tidings-position"] == str(seq)


def test_a_wiped_log_behind_a_resuming_reader_is_told(
    tmp_path: Path, ten: Served, served: Served
) -> None:
    seq = read_to_head(ten.stub, earliest=True)[-1].seq
    old_id = ten.deployment.log.log_id
    for fields, code in (
        ({"after_seq": seq}, grpc.StatusCode.OUT_OF_RANGE),
        ({"after_seq": seq, "log_id": old_id}, grpc.StatusCode.FAILED_PRECONDITION),
        ({"after_seq": 1, "log_id": old_id}, grpc.StatusCode.FAILED_PRECONDITION),
    ):
        with pytest.raises(grpc.RpcError) as refused, subscribed(served.stub, **fields) as stream:
            next(stream)
        assert refusal(refused.value)[0] == code


def test_what_another_node_stored_may_be_asked_for_before_it_is_here(served: Served) -> None:
    """A position above this node's tail but not above the store's end is waited for."""
    publish(served.stub, nomad())
    body = event_pb2.Record(events=[nomad()]).SerializeToString()
    served.run(served.store.append([Draft("nomad", "nomad", body), Draft("nomad", "nomad", body)]))
    assert seqs(read_to_head(served.stub, after_seq=3)) == [4]
