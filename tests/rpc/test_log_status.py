"""GetLogStatus: what the log holds, and to whom it is told."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path

import grpc
import pytest
from google.protobuf import duration_pb2

from tests.kit.clock import START_US
from tests.nats.shared import ON_NATS
from tests.patience import PATIENCE_S
from tests.rpc import events
from tests.rpc.credentials import ROOT_SECRET, bearer, guarded, put_policy, token_of
from tests.rpc.serving import Served, draft, publish, refusal, serving, subscribed
from tidings.core.record import SYSTEMS, Draft
from tidings.log.retention_rule import WHOLE_LOG, Keep, put_rule
from tidings.rpc.disk import disk_of
from tidings.v1 import event_pb2, event_system_pb2
from tidings.v1 import event_service_pb2 as pb


def status(served: Served, secret: str = "") -> pb.GetLogStatusResponse:
    request = pb.GetLogStatusRequest()
    return served.stub.GetLogStatus(request, timeout=PATIENCE_S, metadata=bearer(secret))


def systems(answer: pb.GetLogStatusResponse) -> dict[str, pb.EventSystemStatus]:
    names = event_system_pb2.EventSystem
    return {names.Name(one.system)[13:].lower(): one for one in answer.systems}


def test_an_empty_log_has_nothing_of_any_system(served: Served) -> None:
    answer = status(served)
    assert (answer.log_id, answer.version) == (served.deployment.log.log_id, version("tidings"))
    assert (answer.head_seq, tuple(systems(answer))) == (1, SYSTEMS)
    for one in answer.systems:
        assert one == pb.EventSystemStatus(system=one.system)
    assert answer.store.kind == ("jetstream" if ON_NATS else "memory")
    assert answer.store.HasField("size_bytes") == ON_NATS


def test_a_system_has_its_ends_its_count_and_what_is_gone(served: Served) -> None:
    consul = [publish(served.stub, events.consul()).seq for _ in range(5)]
    served.deployment.clock.at_us = START_US + 60_000_000
    puppet = publish(served.stub, events.puppet()).seq
    served.run(served.store.trim("consul", consul[1]))
    answer = status(served)
    assert answer.head_seq == puppet
    found = systems(answer)
    one = found["consul"]
    assert (one.first_seq, one.last_seq, one.record_count) == (consul[2], consul[4], 3)
    assert one.trimmed_through_seq == consul[1]
    assert 3 * 50 < one.size_bytes < 3 * 1000, "three small events"
    assert one.last_recorded_at.ToMicroseconds() == START_US
    one = found["puppet"]
    assert (one.first_seq, one.last_seq, one.record_count) == (puppet, puppet, 1)
    assert not one.HasField("trimmed_through_seq")
    assert one.last_recorded_at.ToMicroseconds() == START_US + 60_000_000
    assert found["nomad"].record_count == 0


def test_a_system_that_lost_everything_says_through_where(served: Served) -> None:
    seq = publish(served.stub, events.consul()).seq
    served.run(served.store.trim("consul", seq))
    one = systems(status(served))["consul"]
    assert not one.HasField("last_seq")
    assert (one.record_count, one.size_bytes, one.trimmed_through_seq) == (0, 0, seq)


def test_the_bytes_of_a_system_are_about_what_its_records_take(served: Served) -> None:
    payloads = [b"x" * 1000 * (number % 3) for number in range(30)]
    for payload in payloads:
        publish(served.stub, events.consul(payload=payload))
        publish(served.stub, events.nomad())
    found = systems(status(served))
    wanted = sum(map(len, payloads))
    assert wanted < found["consul"].size_bytes < wanted + 30 * 1000
    assert found["nomad"].size_bytes < 30 * 1000


@pytest.mark.parametrize("count", [100, 300])
def test_of_many_records_some_of_the_newest_stand_for_all(served: Served, count: int) -> None:
    async def publish_all() -> None:
        for number in range(count):
            text = "x" * 1000 if number >= count - 100 else ""
            body = event_pb2.EventRecord(events=[events.nomad(key=text)]).SerializeToString()
            await served.deployment.log.append(Draft("nomad", "nomad", body))

    served.run(publish_all())
    one = systems(status(served))["nomad"]
    assert one.record_count == count
    assert count * 1000 < one.size_bytes < count * 2000


@pytest.mark.parametrize(
    ("rule", "told"),
    [
        (Keep(), pb.Retention(min_records=1)),
        (
            Keep(max_age_s=1.5, max_count=7, min_count=256, max_bytes=2**70),
            pb.Retention(
                max_age=duration_pb2.Duration(seconds=1, nanos=500_000_000),
                max_records=7,
                max_bytes=2**64 - 1,
                min_records=256,
            ),
        ),
    ],
)
def test_what_retention_keeps_is_told(served: Served, rule: Keep, told: pb.Retention) -> None:
    state = served.deployment.log.state
    assert served.run(put_rule(state, "consul", rule, 0))
    assert served.run(put_rule(state, WHOLE_LOG, Keep(max_bytes=5 * 2**30), 0))
    answer = status(served)
    found = systems(answer)
    assert found["consul"].retention == told
    assert not found["nomad"].HasField("retention")
    assert answer.store.retention_max_bytes == 5 * 2**30


def test_open_calls_are_counted(served: Served) -> None:
    assert {one.method: one.count for one in status(served).open_calls} == {
        "Subscribe": 0,
        "List": 0,
    }
    with subscribed(served.stub) as stream:
        next(stream)
        assert {one.method: one.count for one in status(served).open_calls} == {
            "Subscribe": 1,
            "List": 0,
        }


def test_work_is_counted(served: Served) -> None:
    assert status(served).work == pb.WorkStatus(publish_time=duration_pb2.Duration())
    for _ in range(3):
        publish(served.stub, events.consul())
    with subscribed(served.stub) as stream:
        next(stream)
        work = status(served).work
    assert (work.publish_count, work.subscriber_count, work.slowest_subscriber_lag) == (3, 1, 0)
    assert work.publish_time.ToNanoseconds() > 0


def test_a_folder_has_a_disk_and_one_that_is_gone_has_none(tmp_path: Path) -> None:
    disk = disk_of(tmp_path)
    assert disk is not None
    assert 0 < disk.free_bytes <= disk.size_bytes
    assert disk_of(tmp_path / "gone") is None


@pytest.mark.parametrize(
    ("rules", "seen"),
    [
        ('puppet.jobs = "read"', ["puppet"]),
        ('puppet.jobs = "read"\nfeldera.role = "read"', ["puppet", "feldera"]),
        ('consul.event_prefix."" = "read"', []),
        ('nomad.namespaces."*" = ["read-job"]', []),
        ('docker_cloud.namespaces = ["me"]\ntidings.events = "read"', ["tidings"]),
    ],
)
def test_others_are_told_of_what_they_may_read_as_a_whole(
    address: str, rules: str, seen: list[str]
) -> None:
    with serving(address, guarded()) as served:
        root = bearer(ROOT_SECRET)
        for system in SYSTEMS:
            served.run(put_rule(served.deployment.log.state, system, Keep(max_count=7), 0))
        for event in (events.consul(), events.puppet(), events.nomad()):
            request = pb.PublishRequest(draft=draft(event))
            served.stub.Publish(request, timeout=PATIENCE_S, metadata=root)
        put_policy(served.channel, "p", rules)
        answer = status(served, token_of(served.channel, policies=["p"])[1])
        assert list(systems(answer)) == seen
        assert [one.retention.max_records for one in answer.systems] == [7] * len(seen)
        assert not answer.HasField("store")
        assert not answer.HasField("work")
        assert not answer.open_calls
        everything = status(served, ROOT_SECRET)
        assert tuple(systems(everything)) == SYSTEMS
        assert everything.HasField("store")
        for secret, code in (
            ("", grpc.StatusCode.UNAUTHENTICATED),
            (token_of(served.channel)[1], grpc.StatusCode.PERMISSION_DENIED),
        ):
            with pytest.raises(grpc.RpcError) as error:
                status(served, secret)
            assert refusal(error.value)[0] is code
