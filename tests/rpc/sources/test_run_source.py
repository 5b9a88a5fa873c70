"""RunSource: one recorder at a time, positions that last, gaps and states as events."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

import grpc
import pytest
from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp
from structlog.testing import capture_logs

from tests.patience import PATIENCE_S, until
from tests.rpc.serving import Served, read_to_head, refusal, serving
from tests.rpc.sources.recorders import NOMAD, PUPPET, recording, sources
from tidings.log.event_log import EventLog
from tidings.rpc.sources import registry, servicer
from tidings.rpc.sources.lease import SOURCES
from tidings.v1 import event_system_pb2, source_pb2, tidings_event_pb2
from tidings.v1 import source_service_pb2 as pb
from tidings.v1.event_service_pb2 import GetLogStatusRequest
from tidings.v1.source_service_pb2_grpc import SourceServiceStub


@pytest.fixture
def served(address: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    monkeypatch.setattr(registry, "TICK_S", 0.01)  # between two looks for what is stale
    with serving(address) as running:
        yield running


def only(
    served: Served, wanted: Callable[[source_pb2.SourceStatus], bool]
) -> source_pb2.SourceStatus:
    """Return the only source, once it is as wanted."""

    def look() -> source_pb2.SourceStatus | None:
        found = sources(served)
        return found[0] if len(found) == 1 and wanted(found[0]) else None

    return until(look, "the source is as wanted")


def told(served: Served) -> list[tidings_event_pb2.TidingsEvent]:
    records = read_to_head(served.stub, after_seq=0)
    return [event.tidings for record in records for event in record.events]


def test_the_first_run_has_no_position_and_a_later_one_reads_on(served: Served) -> None:
    with recording(served, address="nomad:4646") as first:
        assert first.granted() is None
        first.report(connected=True)
        first.report(position="18230", events=3, bytes=900)
        assert first.hear() == "accepted"
    with recording(served) as second:
        answers = list(islice((each for each in second.heard if each.HasField("grant")), 1))
        assert [each.grant.position for each in answers] == ["18230"]


def test_of_two_recorders_one_runs_and_the_other_follows_when_it_dies(served: Served) -> None:
    with recording(served) as first:
        assert first.granted() is None
        first.report(position="7")
        assert first.hear() == "accepted"
        with recording(served) as second:
            assert second.hear() == "standby"
            first.die()
            assert second.granted() == "7"


def test_that_a_recorder_left_is_stored_before_the_next_one_is_granted(served: Served) -> None:
    with recording(served) as first:
        first.granted()
        first.report(connected=True)
        first.report(position="7")
        assert first.hear() == "accepted"
        with recording(served) as second:
            assert second.hear() == "standby"
            first.die()
            second.granted()
            states = [event.source_state for event in told(served)]
            assert [(each.connected, each.reason) for each in states] == [
                (True, ""), (False, "its recorder left")
            ]  # fmt: skip


def test_what_a_recorder_says_is_listed(served: Served) -> None:
    with recording(served, address="nomad:4646", required=True) as recorder:
        recorder.granted()
        waiting = only(served, lambda status: bool(status.node))
        assert (waiting.connected, waiting.reason) == (False, "not connected yet")
        recorder.report(connected=True)
        recorder.report(events=2, bytes=80, errors=1, lag=Duration(seconds=1))
        status = only(served, lambda status: status.events == 2)
        assert (status.source, status.system, status.address) == ("prod", NOMAD, "nomad:4646")
        assert (status.connected, status.bytes, status.errors) == (True, 80, 1)
        assert status.lag == Duration(seconds=1)
        assert status.required
        assert status.node
        answer = served.stub.GetLogStatus(GetLogStatusRequest(), timeout=PATIENCE_S)
        assert list(answer.sources) == [status]
        recorder.report(
            gap=tidings_event_pb2.SourceGap(after="7"), last_event_at=Timestamp(seconds=1_700_000)
        )
        only(served, lambda status: status.gaps == 1)
        assert metrics(served) == {
            "connected": 1, "stale": 0, "lag_seconds": 1, "events_total": 2, "bytes_total": 80,
            "gaps_total": 1, "errors_total": 1, "last_event_timestamp_seconds": 1_700_000,
        }  # fmt: skip
        recorder.die()
        left = only(served, lambda status: not status.connected)
        assert (left.reason, left.node, left.events) == ("its recorder left", "", 2)


def metrics(served: Served) -> dict[str, float]:
    """Return the metrics of the source, by what comes after their prefix."""
    prefix = "tidings_source_"
    return {
        sample.name.removeprefix(prefix): sample.value
        for family in served.deployment.service.metrics.registry.collect()
        for sample in family.samples
        if sample.name.startswith(prefix) and sample.labels == {"source": "prod", "system": "nomad"}
    }


def test_a_recorder_that_went_with_its_process_is_not_connected(served: Served) -> None:
    there = source_pb2.SourceStatus(source="prod", system=NOMAD, node="before", connected=True)
    run = served.server.run
    run(served.deployment.log.state.put(SOURCES + "prod", there.SerializeToString()))
    only(served, lambda status: status.connected)
    run(served.deployment.service.sources.open())  # as the next process does
    left = only(served, lambda status: not status.connected)
    assert (left.node, left.reason) == ("", "its recorder is silent")


def test_connections_and_gaps_are_events_of_tidings(served: Served) -> None:
    with recording(served) as recorder:
        recorder.granted()
        recorder.report(connected=True)
        gap = tidings_event_pb2.SourceGap(
            source="other", system=PUPPET, after="7", before="9", reason="the buffer began later"
        )
        recorder.report(gap=gap, position="9")
        assert recorder.hear() == "accepted"
        recorder.report(connected=False, reason="cut off", position="9")
        assert recorder.hear() == "accepted"
        up, lost, down = told(served)
        assert (up.source_state.source, up.source_state.connected) == ("prod", True)
        assert (lost.source_gap.source, lost.source_gap.system) == ("prod", NOMAD)
        assert (lost.source_gap.after, lost.source_gap.before) == ("7", "9")
        assert (down.source_state.connected, down.source_state.reason) == (False, "cut off")
        assert only(served, lambda status: status.gaps == 1).position == "9"


def test_the_state_of_a_source_of_another_tidings_becomes_an_event(served: Served) -> None:
    with recording(served, system=event_system_pb2.EVENT_SYSTEM_TIDINGS) as recorder:
        recorder.granted()
        state = tidings_event_pb2.SourceState(source="nomad", system=NOMAD, reason="cut off")
        recorder.report(state=state)
        assert recorder.hear() == "accepted"
        (event,) = told(served)
        state.source = "prod/nomad"
        assert event.source_state == state


def test_a_source_without_a_connection_becomes_stale_once_and_health_tells(served: Served) -> None:
    of_all = served.deployment.service.sources
    with (
        capture_logs() as logged,
        recording(served, stale_after=Duration(seconds=60), required=True) as recorder,
    ):
        recorder.granted()
        served.deployment.clock.at_us += 61_000_000
        stale = only(served, lambda status: status.HasField("stale_since"))
        until(lambda: told(served), "the event is stored")
        (event,) = told(served)
        assert event.source_state.stale_since == stale.stale_since
        assert not event.source_state.connected
        until(lambda: served.deployment.log.checks.reason("sources") or None, "the check of health")
        assert metrics(served)["stale"] == 1
        for _ in range(3):
            served.server.run(of_all.look())
        assert [each["event"] for each in logged].count("a source is stale") == 1
        served.server.run(of_all.open())  # as a node that starts, which finds it stale as well
        served.server.run(of_all.look())
        assert len(told(served)) == 1
        recorder.report(connected=True)
        fine = only(served, lambda status: status.connected)
        assert not fine.HasField("stale_since")
        until(lambda: not served.deployment.log.checks.reason("sources") or None, "it passes again")


@pytest.fixture
def shared(address: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    """Serve a log that other nodes may serve as well."""
    monkeypatch.setattr(EventLog, "store_kind", "jetstream")
    monkeypatch.setattr(servicer, "RENEW_S", 0.01)
    monkeypatch.setattr(registry, "TICK_S", 0.01)
    with serving(address) as running:
        yield running


def test_a_recorder_that_says_nothing_keeps_its_source_on_a_shared_log(shared: Served) -> None:
    state = shared.deployment.log.state

    def revision() -> int:
        entry = shared.server.run(state.get(SOURCES + "prod"))
        return entry.revision if entry else 0

    with recording(shared) as recorder:
        recorder.granted()
        first = revision()
        until(lambda: revision() > first + 2, "its lease is renewed")
        assert only(shared, lambda status: bool(status.node)).source == "prod"


def test_a_recorder_of_another_node_that_fell_silent_is_told(
    shared: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = source_pb2.SourceStatus(source="prod", system=NOMAD, node="other", connected=True)
    put = shared.deployment.log.state.put
    shared.server.run(put(SOURCES + "prod", there.SerializeToString()))
    only(shared, lambda status: status.connected)
    monkeypatch.setattr(registry, "DEAD_AFTER_S", 0.05)
    left = only(shared, lambda status: not status.connected)
    assert (left.node, left.reason) == ("", "its recorder is silent")


REFUSED = [
    ({"claim": {}}, "claim.source: expected 1 to 64 of"),
    ({"claim": {"source": "a b", "system": NOMAD}}, "claim.source: expected 1 to 64 of"),
    ({"claim": {"source": "a" * 65, "system": NOMAD}}, "claim.source: expected 1 to 64 of"),
    ({"claim": {"source": "prod"}}, "claim.system: is required"),
    (
        {"claim": {"source": "prod", "system": NOMAD, "address": "a" * 257}},
        "claim.address: 257 bytes, at most 256 are allowed",
    ),
    (
        {"claim": {"source": "prod", "system": NOMAD, "stale_after": {"nanos": 1}}},
        "claim.stale_after: must be at least 1s",
    ),
    ({"report": {}}, "claim: is required, as the first request"),
    ({}, "claim: is required, as the first request"),
]


@pytest.mark.parametrize(("first", "text"), REFUSED)
def test_a_bad_first_request_is_refused_by_name(
    served: Served, first: dict[str, Any], text: str
) -> None:
    stub = SourceServiceStub(served.channel)
    with pytest.raises(grpc.RpcError) as caught:
        next(stub.RunSource(iter([pb.RunSourceRequest(**first)]), timeout=PATIENCE_S))
    code, said = refusal(caught.value)
    assert said.startswith(text)
    assert code in {grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.RESOURCE_EXHAUSTED}
    assert sources(served) == []


def test_a_bad_report_ends_the_run_and_changes_nothing(served: Served) -> None:
    with recording(served) as recorder:
        recorder.granted()
        recorder.report(position="x" * (16 * 1024 + 1))
        with pytest.raises(grpc.RpcError) as caught:
            next(recorder.heard)
        text = "report.position: 16385 bytes, at most 16384 are allowed"
        assert refusal(caught.value) == (grpc.StatusCode.RESOURCE_EXHAUSTED, text)
        assert only(served, lambda status: not status.node).position == ""


def test_a_second_claim_in_one_call_is_refused(served: Served) -> None:
    with recording(served) as recorder:
        recorder.granted()
        recorder.claim("other")
        with pytest.raises(grpc.RpcError) as caught:
            next(recorder.heard)
        assert refusal(caught.value) == (
            grpc.StatusCode.INVALID_ARGUMENT,
            "report: is required after the claim",
        )


def test_a_log_has_one_source_of_a_system_whose_ids_are_one_space(served: Served) -> None:
    with recording(served, source="one", system=PUPPET) as one:
        one.granted()
        with recording(served, source="two", system=PUPPET) as two:
            with pytest.raises(grpc.RpcError) as caught:
                next(two.heard)
            code, text = refusal(caught.value)
            assert code is grpc.StatusCode.FAILED_PRECONDITION
            assert text.startswith("the ids of puppet are one space: a log has one source of it")


def test_a_name_stays_with_its_system_until_it_is_forgotten(served: Served) -> None:
    stub = SourceServiceStub(served.channel)
    forget = pb.ForgetSourceRequest(source="prod")
    with recording(served) as first:
        first.granted()
        with pytest.raises(grpc.RpcError) as caught:
            stub.ForgetSource(forget, timeout=PATIENCE_S)
        assert refusal(caught.value)[0] is grpc.StatusCode.FAILED_PRECONDITION
    only(served, lambda status: not status.node)
    with recording(served, system=PUPPET) as other, pytest.raises(grpc.RpcError) as caught:
        next(other.heard)
    assert refusal(caught.value) == (
        grpc.StatusCode.FAILED_PRECONDITION,
        "the source's name belongs to another system; forget that source first",
    )
    stub.ForgetSource(forget, timeout=PATIENCE_S)
    assert sources(served) == []
    with pytest.raises(grpc.RpcError) as caught:
        stub.ForgetSource(forget, timeout=PATIENCE_S)
    assert refusal(caught.value)[0] is grpc.StatusCode.NOT_FOUND
