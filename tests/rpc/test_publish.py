"""Publish: what is stored, once, and how a refusal reads."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
import pytest
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from tests.kit.clock import START_US
from tests.patience import PATIENCE_S
from tests.rpc.events import consul, docker, feldera, nomad, puppet
from tests.rpc.serving import Served, draft, publish, read_one, refusal
from tidings.core.errors import Busy, StoreUnavailable
from tidings.core.record import Draft
from tidings.dialects.consul import event_id
from tidings.dialects.rules import timestamp
from tidings.v1 import event_pb2, event_service_pb2
from tidings.v1.event_service_pb2_grpc import EventServiceStub


def test_a_draft_becomes_one_record_with_a_position_and_a_time(stub: EventServiceStub) -> None:
    stored = publish(stub, nomad(key="a"), nomad(key="b"))
    record = read_one(stub, stored.seq)
    assert not stored.duplicate
    assert [event.nomad.key for event in record.events] == ["a", "b"]
    assert record.recorded_at == timestamp(START_US)


def test_positions_rise(stub: EventServiceStub) -> None:
    seqs = [publish(stub, nomad()).seq for _ in range(5)]
    assert seqs == sorted(set(seqs))
    assert seqs[0] >= 2


def test_the_same_key_stores_once(served: Served) -> None:
    stub = served.stub
    first = publish(stub, nomad(), key="once")
    assert publish(stub, nomad(), key="once") == event_service_pb2.PublishResponse(
        seq=first.seq, duplicate=True, log_id=served.store.log_id
    )
    assert publish(stub, consul("x"), key="once").duplicate is False  # keys are a system's own


def test_source_and_id_are_a_key(stub: EventServiceStub) -> None:
    first = publish(stub, nomad(source="prod", id="7"))
    assert publish(stub, nomad(source="prod", id="7")).seq == first.seq
    assert publish(stub, nomad(source="test", id="7")).seq > first.seq


def test_json_in_another_order_is_a_duplicate(stub: EventServiceStub) -> None:
    first = publish(stub, nomad(payload_json=b'{"A":1,"B":2}'), key="order")
    assert publish(stub, nomad(payload_json=b'{"B":2, "A":1}'), key="order").seq == first.seq


def test_the_same_key_with_other_content_is_refused(stub: EventServiceStub) -> None:
    seq = publish(stub, nomad(), key="taken").seq
    with pytest.raises(grpc.RpcError) as refused:
        publish(stub, nomad(key="other"), key="taken")
    assert refusal(refused.value) == (
        grpc.StatusCode.ALREADY_EXISTS,
        f"its key is stored at seq {seq} with other content",
    )


def test_an_id_of_another_log_that_names_an_equal_event_here_is_another_event(
    stub: EventServiceStub,
) -> None:
    first = publish(stub, consul("deploy"))
    theirs = consul("deploy")
    theirs.source, theirs.id = "edge", event_id("00ff00ff00ff00ff", first.seq)
    stored = publish(stub, theirs)
    assert (stored.seq > first.seq, stored.duplicate) == (True, False)
    ours = read_one(stub, first.seq).events[0].consul.id
    assert publish(stub, consul("deploy", id=ours)).seq == first.seq


@pytest.mark.parametrize(
    ("events", "code", "text"),
    [
        (
            [],
            grpc.StatusCode.INVALID_ARGUMENT,
            "events: a record holds at least one event",
        ),
        (
            [nomad(), consul("x")],
            grpc.StatusCode.INVALID_ARGUMENT,
            "events[1]: a record holds events of one system: nomad or consul",
        ),
        (
            [consul("x"), consul("y")],
            grpc.StatusCode.INVALID_ARGUMENT,
            "events: a record of consul holds 1 event",
        ),
        (
            [consul("x", payload=b"x" * 32_769)],
            grpc.StatusCode.RESOURCE_EXHAUSTED,
            "events[0].consul.payload: 32769 bytes, at most 32768 are allowed",
        ),
        (
            [nomad(payload_json=b"[]")],
            grpc.StatusCode.INVALID_ARGUMENT,
            "events[0].nomad.payload_json: must be a JSON object",
        ),
    ],
)
def test_a_bad_draft_is_refused_and_changes_nothing(
    stub: EventServiceStub, events: list[event_pb2.Event], code: grpc.StatusCode, text: str
) -> None:
    before = publish(stub, nomad()).seq
    with pytest.raises(grpc.RpcError) as refused:
        publish(stub, *events)
    assert refusal(refused.value) == (code, text)
    assert publish(stub, nomad()).seq == before + 1


def test_a_refusal_names_the_field_and_its_reason_for_programs(stub: EventServiceStub) -> None:
    with pytest.raises(grpc.RpcError) as refused:
        publish(stub, consul("x", payload=b"x" * 32_769))
    call: Any = refused.value
    status = rpc_status.from_call(call)
    assert status is not None
    info, bad = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest()
    assert status.details[0].Unpack(info)
    assert status.details[1].Unpack(bad)
    assert (info.domain, info.reason) == ("tidings", "PAYLOAD_TOO_LARGE")
    assert dict(info.metadata) == {"size_bytes": "32769", "limit_bytes": "32768"}
    (violation,) = bad.field_violations
    assert violation.field == "draft.events[0].consul.payload"
    assert violation.description == "32769 bytes, at most 32768 are allowed"


class TestOrder:
    def test_a_finished_job_takes_no_event(self, stub: EventServiceStub) -> None:
        publish(stub, puppet("node_running", "11"))
        publish(stub, puppet("job_finished", "11"))
        with pytest.raises(grpc.RpcError) as refused:
            publish(stub, puppet("node_running", "11"))
        code, text = refusal(refused.value)
        assert code == grpc.StatusCode.FAILED_PRECONDITION
        assert text.startswith("job 11 has finished at seq ")
        assert publish(stub, puppet("node_running", "12")).seq > 0

    def test_a_retry_of_the_last_event_is_a_duplicate_though_the_job_is_finished(
        self, stub: EventServiceStub
    ) -> None:
        publish(stub, puppet("node_running", "21"), key="first")
        last = publish(stub, puppet("job_finished", "21"), key="last")
        assert publish(stub, puppet("job_finished", "21"), key="last").seq == last.seq
        assert publish(stub, puppet("node_running", "21"), key="first").duplicate
        with pytest.raises(grpc.RpcError) as refused:
            publish(stub, puppet("node_failed", "21"), key="last")
        assert refusal(refused.value)[0] == grpc.StatusCode.ALREADY_EXISTS

    def test_feldera_takes_nothing_older_than_the_newest(self, stub: EventServiceStub) -> None:
        publish(stub, feldera(seconds=100))
        with pytest.raises(grpc.RpcError) as refused:
            publish(stub, feldera(seconds=99))
        code, text = refusal(refused.value)
        assert code == grpc.StatusCode.FAILED_PRECONDITION
        assert text.startswith("the event does not sort after the newest")
        assert publish(stub, feldera(seconds=101)).seq > 0

    def test_of_many_who_publish_at_once_none_gets_in_after_the_end(
        self, stub: EventServiceStub
    ) -> None:
        kinds = [*["node_running"] * 6, "job_finished", *["node_finished"] * 6]

        def attempt(kind: str) -> tuple[str, int]:
            try:
                return kind, publish(stub, puppet(kind, "31")).seq
            except grpc.RpcError as error:
                code, _ = refusal(error)
                assert code == grpc.StatusCode.FAILED_PRECONDITION
                return kind, 0

        with ThreadPoolExecutor(len(kinds)) as pool:
            outcomes = list(pool.map(attempt, kinds))
        (end,) = (seq for kind, seq in outcomes if kind == "job_finished")
        assert max(seq for _, seq in outcomes) == end

    def test_a_publisher_who_is_always_overtaken_gives_up(self, served: Served) -> None:
        overtaker = Draft(
            "puppet",
            "puppet.41",
            event_pb2.EventRecord(events=[puppet("a", "41")]).SerializeToString(),
        )

        async def overtake(_drafts: Sequence[Draft]) -> None:
            await served.store.inner.append([overtaker])

        served.store.before_append = overtake
        with pytest.raises(grpc.RpcError) as refused:
            publish(served.stub, puppet("node_running", "41"))
        code, text = refusal(refused.value)
        assert code == grpc.StatusCode.ABORTED
        assert text.startswith("puppet.41: newest record is ")
        served.store.before_append = None
        assert publish(served.stub, puppet("node_running", "41")).seq > 0


class TestFailures:
    def test_a_store_that_fails_is_unavailable(self, served: Served) -> None:
        served.store.failures.append(StoreUnavailable("append"))
        with pytest.raises(grpc.RpcError) as refused:
            publish(served.stub, nomad())
        assert refusal(refused.value) == (
            grpc.StatusCode.UNAVAILABLE,
            "the store failed: append",
        )
        assert publish(served.stub, nomad()).seq > 0

    @pytest.mark.usefixtures("far_ahead")
    def test_a_store_that_hangs_is_said_before_the_deadline(self, served: Served) -> None:
        served.server.call(served.store.may_append.clear)
        with pytest.raises(grpc.RpcError) as refused:
            publish(served.stub, nomad())
        assert refusal(refused.value) == (
            grpc.StatusCode.UNAVAILABLE,
            "the store failed: no answer in the time that the caller has",
        )

    def test_a_full_queue_is_said_before_the_deadline(self, served: Served) -> None:
        async def refuse(*_: object, patience_s: float | None = None) -> None:
            assert patience_s is not None
            assert 0 < patience_s < PATIENCE_S
            raise Busy("the queue of drafts")

        served.deployment.log.append = refuse  # type: ignore[method-assign,assignment]  # one answer
        with pytest.raises(grpc.RpcError) as refused:
            publish(served.stub, nomad())
        assert refusal(refused.value) == (
            grpc.StatusCode.RESOURCE_EXHAUSTED,
            "the queue of drafts is full",
        )

    def test_a_caller_without_a_deadline_waits_as_long_as_it_takes(self, served: Served) -> None:
        served.server.call(served.store.may_append.clear)
        call = served.stub.Publish.future(event_service_pb2.PublishRequest(draft=draft(nomad())))
        assert served.store.is_appending.wait(PATIENCE_S)
        assert not call.done()
        served.server.call(served.store.may_append.set)
        assert call.result(PATIENCE_S).seq == 2


def test_a_cancelled_call_leaves_the_service_as_it_was(served: Served) -> None:
    served.server.call(served.store.may_append.clear)
    call = served.stub.Publish.future(event_service_pb2.PublishRequest(draft=draft(nomad())))
    assert served.store.is_appending.wait(PATIENCE_S)
    call.cancel()
    served.server.call(served.store.may_append.set)
    assert publish(served.stub, nomad()).seq >= 2


def test_what_no_page_documents_is_stored_and_counted(served: Served) -> None:
    registry = served.deployment.service.metrics.registry
    action = docker("action")
    action.docker_cloud.parents.extend(["/api/app/v1/me/service/1/", "/api/app/v1/me/stack/2/"])
    nested = docker("service")
    nested.docker_cloud.parents.append("/api/app/v1/me/service/1/")
    newer = consul("deploy", version=2)
    for event in (action, nested, newer):
        assert publish(served.stub, event).seq > 1
    for system, remark in (
        ("docker_cloud", "parents_of_an_action"),
        ("docker_cloud", "type_of_a_parent"),
        ("consul", "unknown_version"),
    ):
        labels = {"system": system, "remark": remark}
        assert registry.get_sample_value("tidings_draft_remarks_total", labels) == 1.0
