"""Subscribe: where it starts, what it holds, how it stays alive, what it says of losses."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp

from tests.kit.clock import START_US
from tests.patience import PATIENCE_S
from tests.rpc.events import consul, docker, feldera, nomad, puppet
from tests.rpc.serving import (
    Deployment,
    Served,
    publish,
    read_to_head,
    refusal,
    serving,
    subscribe_request,
    subscribed,
)
from tidings.core.record import Draft
from tidings.dialects.rules import timestamp
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


def seqs(records: list[event_pb2.EventRecord]) -> list[int]:
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
STARTS: list[tuple[dict[str, Any], list[int]]] = [
    ({"after_seq": 0}, ALL),
    ({"after_seq": 1}, ALL),
    ({"after_seq": 2}, ALL[1:]),
    ({"after_seq": 10}, [11]),
    ({"after_seq": 11}, []),
    ({"position": event_service_pb2.START_POSITION_EARLIEST}, ALL),
    ({"position": event_service_pb2.START_POSITION_LATEST}, []),
    ({"position": event_service_pb2.START_POSITION_UNSPECIFIED}, []),
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
]


class TestStart:
    @pytest.mark.parametrize(("fields", "expected"), STARTS)
    def test_every_way_to_start(
        self, ten: Served, fields: dict[str, Any], expected: list[int]
    ) -> None:
        assert seqs(read_to_head(ten.stub, **fields)) == expected

    @pytest.mark.parametrize(("fields", "expected"), STARTS)
    def test_the_position_that_comes_at_once_is_where_it_starts(
        self, ten: Served, fields: dict[str, Any], expected: list[int]
    ) -> None:
        request = subscribe_request(**fields)
        call = ten.stub.Subscribe(request, timeout=PATIENCE_S)
        position = int(dict(call.initial_metadata())["tidings-position"])
        call.cancel()
        assert seqs(read_to_head(ten.stub, after_seq=position)) == expected

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
            assert seqs(list(next(stream).batch.records)) == [seq]

    @pytest.mark.parametrize("fields", [{"after_seq": 0}, {"from_time": Timestamp()}])
    def test_an_empty_log_starts_at_once(self, served: Served, fields: dict[str, Any]) -> None:
        with subscribed(served.stub, **fields) as stream:
            assert next(stream).heartbeat.seq == 1

    def test_live_records_follow_the_stored_ones_without_a_seam(self, served: Served) -> None:
        publish(served.stub, nomad())
        with subscribed(served.stub, position=event_service_pb2.START_POSITION_EARLIEST) as stream:
            assert seqs(list(next(stream).batch.records)) == [2]
            assert next(stream).heartbeat.seq == 2
            for expected in (3, 4, 5):
                publish(served.stub, nomad())
                assert seqs(list(next(stream).batch.records)) == [expected]


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
                {"heartbeat_interval": Duration(seconds=1, nanos=-1)},
                grpc.StatusCode.INVALID_ARGUMENT,
                "heartbeat_interval: seconds and nanos must have the same sign",
            ),
            (
                {"heartbeat_interval": Duration(nanos=2 * 10**9)},
                grpc.StatusCode.INVALID_ARGUMENT,
                "heartbeat_interval: nanos must be -999999999 to 999999999",
            ),
            *(
                (
                    {system: selector},
                    grpc.StatusCode.INVALID_ARGUMENT,
                    f"{system}.{field}: at most 1000 are allowed",
                )
                for system, field, selector in (
                    ("nomad", "topics", {"topics": [{"topic": "Job"}] * 1001}),
                    ("consul", "names", {"names": ["deploy"] * 1001}),
                    ("docker_cloud", "parents", {"parents": ["/"] * 1001}),
                    ("puppet", "types", {"types": ["x"] * 1001}),
                )
            ),
            *(
                (
                    {system: selector},
                    grpc.StatusCode.INVALID_ARGUMENT,
                    f"{system}.{field}: must not be empty",
                )
                for system, field, selector in (
                    ("consul", "names[0]", {"names": [""]}),
                    ("docker_cloud", "types[1]", {"types": ["service", ""]}),
                    ("docker_cloud", "parents[0]", {"parents": [""]}),
                    ("puppet", "types[0]", {"types": ["", "x"]}),
                    ("tidings", "sources[0]", {"sources": [""]}),
                )
            ),
            (
                {"payload_format": 7},
                grpc.StatusCode.INVALID_ARGUMENT,
                "payload_format: not a value of tidings.v1.PayloadFormat",
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
        call = ten.stub.Subscribe(subscribe_request(**fields), timeout=PATIENCE_S)
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
        log_id = ten.deployment.log.log_id
        assert text == f"this is log {log_id}, not the one that was asked for"

    def test_the_logs_id_comes_at_once_and_is_accepted(self, ten: Served) -> None:
        log_id = ten.deployment.log.log_id
        request = event_service_pb2.SubscribeRequest(
            position=event_service_pb2.START_POSITION_LATEST, log_id=log_id
        )
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
        ("fields", "places"),
        [
            ({}, [0, 1, 2, 3, 4, 5]),
            ({"nomad": nomad_pb2.NomadSelector()}, [0, 5]),
            ({"nomad": topics("Job")}, [0]),
            ({"nomad": topics("Allocation")}, []),
            ({"consul": consul_pb2.ConsulSelector(names=["deploy"])}, [1]),
            ({"consul": consul_pb2.ConsulSelector(names=["other"])}, []),
            ({"docker_cloud": docker_cloud_pb2.DockerCloudSelector(namespace="acme")}, [2]),
            ({"puppet": puppet_pb2.PuppetSelector(jobs=["7"])}, [3]),
            ({"feldera": feldera_pb2.FelderaSelector(all_healthy=False)}, [4]),
            ({"feldera": feldera_pb2.FelderaSelector(all_healthy=True)}, []),
            (
                {"nomad": topics("Node"), "consul": consul_pb2.ConsulSelector()},
                [0, 1, 5],
            ),
        ],
    )
    def test_selectors_are_ored(
        self, mixed: Served, fields: dict[str, Any], places: list[int]
    ) -> None:
        stored = seqs(read_to_head(mixed.stub, after_seq=0))
        assert len(stored) == 6
        found = seqs(read_to_head(mixed.stub, after_seq=0, **fields))
        assert found == [stored[place] for place in places]

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
        stored = seqs(read_to_head(mixed.stub, after_seq=0))
        with subscribed(mixed.stub, after_seq=2, puppet=puppet_pb2.PuppetSelector()) as stream:
            assert seqs(list(next(stream).batch.records)) == [stored[3]]
            assert next(stream).heartbeat.seq == stored[-1]


def test_a_wiped_log_behind_a_resuming_reader_is_told(
    tmp_path: Path, ten: Served, served: Served
) -> None:
    seq = read_to_head(ten.stub, position=event_service_pb2.START_POSITION_EARLIEST)[-1].seq
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
    body = event_pb2.EventRecord(events=[nomad()]).SerializeToString()
    served.run(served.store.append([Draft("nomad", "nomad", body), Draft("nomad", "nomad", body)]))
    assert seqs(read_to_head(served.stub, after_seq=3)) == [4]


def test_a_time_to_come_is_waited_for(served: Served) -> None:
    clock = served.deployment.clock
    publish(served.stub, nomad("Before"))
    wanted = timestamp(clock.at_us + 60_000_000)
    every = Duration(nanos=100_000_000)
    with subscribed(served.stub, from_time=wanted, heartbeat_interval=every) as stream:
        assert next(stream).HasField("heartbeat")
        early = [publish(served.stub, nomad("Early")).seq for _ in range(2)]
        clock.at_us += 59_999_999
        early.append(publish(served.stub, nomad("Early")).seq)
        beat = next(each.heartbeat.seq for each in stream if each.heartbeat.seq >= early[-1])
        clock.at_us += 1
        late = [publish(served.stub, nomad("Late")).seq for _ in range(2)]
        clock.at_us -= 1
        found: list[int] = []
        for message in stream:
            found += [record.seq for record in message.batch.records]
            if len(found) == len(late):
                break
    assert beat == early[-1]
    assert found == late
    later = timestamp(clock.at_us + 1)
    assert [each.seq for each in read_to_head(served.stub, from_time=later)] == late
