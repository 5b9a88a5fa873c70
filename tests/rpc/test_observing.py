"""Around every call: the access log, the metrics, and what a caller hears of a bug."""

from __future__ import annotations

import re
from typing import Any

import grpc
import pytest

from tests.patience import PATIENCE_S
from tests.rpc.events import consul, nomad
from tests.rpc.serving import Served, draft, publish, read_to_head, refusal
from tidings.v1 import event_service_pb2


def count(served: Served, name: str, **labels: str) -> float:
    """Return a metric's value; a call counts once it is settled."""
    return served.deployment.service.metrics.registry.get_sample_value(name, labels) or 0.0


def settled(served: Served) -> None:
    """Wait until the calls before this one were counted and logged."""
    served.stub.List(event_service_pb2.ListRequest(), timeout=PATIENCE_S)
    served.server.call(lambda: None)


def test_a_call_makes_one_line_without_what_it_carried(served: Served, lines: list[Any]) -> None:
    publish(served.stub, consul("canary-name", payload=b"canary-payload"), key="canary-key")
    settled(served)
    (line,) = [line for line in lines if line.get("method") == "Publish"]
    assert line["event"] == "call"
    assert line["code"] == "OK"
    assert line["seconds"] >= 0
    assert re.fullmatch("[0-9a-f]{16}", line["request_id"])
    assert "canary" not in str(lines)


def test_a_refused_call_is_logged_with_its_code(served: Served, lines: list[Any]) -> None:
    with pytest.raises(grpc.RpcError):
        publish(served.stub, consul(""))
    settled(served)
    assert [line["code"] for line in lines if line["method"] == "Publish"] == ["INVALID_ARGUMENT"]


def test_a_bug_is_logged_whole_and_told_by_number_only(served: Served, lines: list[Any]) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("canary")

    served.deployment.log.append = broken  # type: ignore[method-assign,assignment]  # a bug
    with pytest.raises(grpc.RpcError) as refused:
        publish(served.stub, nomad())
    code, text = refusal(refused.value)
    assert code == grpc.StatusCode.INTERNAL
    settled(served)
    (line,) = [line for line in lines if line["event"] == "call failed"]
    assert text == f"internal error, request {line['request_id']}"
    assert line["exc_info"]
    assert line["method"] == "Publish"


def test_calls_are_counted_by_method_and_code(served: Served) -> None:
    publish(served.stub, nomad())
    with pytest.raises(grpc.RpcError):
        publish(served.stub, consul(""))
    settled(served)
    assert count(served, "tidings_rpc_calls_total", method="Publish", code="OK") == 1
    assert count(served, "tidings_rpc_calls_total", method="Publish", code="INVALID_ARGUMENT") == 1
    assert count(served, "tidings_rpc_seconds_count", method="Publish") == 2
    assert count(served, "tidings_rpc_open_calls", method="Publish") == 0


def test_drafts_are_counted_by_what_became_of_them(served: Served) -> None:
    for _ in range(2):
        publish(served.stub, nomad(), key="k")
    requests = [
        event_service_pb2.PublishStreamRequest(drafts=[draft(nomad()), draft(consul(""))]),
    ]
    assert len(list(served.stub.PublishStream(iter(requests), timeout=PATIENCE_S))) == 1
    settled(served)
    assert count(served, "tidings_drafts_total", outcome="stored") == 2
    assert count(served, "tidings_drafts_total", outcome="duplicate") == 1
    assert count(served, "tidings_drafts_total", outcome="refused") == 1


def test_each_refused_draft_is_counted_by_its_reason_alone_and_in_a_stream(served: Served) -> None:
    publish(served.stub, nomad(), key="k")
    drafts = [
        draft(consul("")),
        draft(nomad("other"), key="k"),
        draft(nomad("good")),
        draft(consul("")),
    ]
    requests = [event_service_pb2.PublishStreamRequest(drafts=drafts)]
    list(served.stub.PublishStream(iter(requests), timeout=PATIENCE_S))
    with pytest.raises(grpc.RpcError):
        publish(served.stub, nomad("other"), key="k")
    assert count(served, "tidings_drafts_total", outcome="refused") == 4
    assert count(served, "tidings_draft_refusals_total", reason="BAD_REQUEST") == 2
    assert count(served, "tidings_draft_refusals_total", reason="KEY_REUSED") == 2
    settled(served)
    assert count(served, "tidings_rpc_refusals_total", reason="KEY_REUSED") == 1


def test_a_reader_who_leaves_counts_as_cancelled(served: Served, lines: list[Any]) -> None:
    publish(served.stub, nomad())
    read_to_head(served.stub, after_seq=0)
    while not any(line["method"] == "Subscribe" for line in lines):
        settled(served)
    (line,) = [line for line in lines if line["method"] == "Subscribe"]
    assert line["code"] == "CANCELLED"
    assert count(served, "tidings_sent_bytes_total") > 0
    assert count(served, "tidings_rpc_open_calls", method="Subscribe") == 0


def test_a_deadline_that_passed_is_told_from_a_cancelled_call(
    served: Served, lines: list[Any]
) -> None:
    with pytest.raises(grpc.RpcError):
        list(
            served.stub.Subscribe(
                event_service_pb2.SubscribeRequest(
                    position=event_service_pb2.START_POSITION_LATEST
                ),
                timeout=0.2,
            )
        )
    while not any(line["method"] == "Subscribe" for line in lines):
        settled(served)
    (line,) = [line for line in lines if line["method"] == "Subscribe"]
    assert line["code"] == "DEADLINE_EXCEEDED"


def test_a_method_of_nobodys_is_unimplemented_and_not_counted(served: Served) -> None:
    nothing: Any = served.channel.unary_unary("/tidings.v1.EventService/Nothing")
    with pytest.raises(grpc.RpcError) as refused:
        nothing(b"", timeout=PATIENCE_S)
    assert refusal(refused.value)[0] == grpc.StatusCode.UNIMPLEMENTED
    assert count(served, "tidings_rpc_calls_total", method="Nothing", code="UNIMPLEMENTED") == 0


def test_what_the_log_is_doing_is_shown(served: Served) -> None:
    seq = publish(served.stub, nomad()).seq
    assert count(served, "tidings_last_seq") == seq
    assert count(served, "tidings_queued_drafts") == 0
    assert count(served, "tidings_selections") == 0


def test_how_long_things_take_is_measured(served: Served) -> None:
    call = served.stub.Subscribe(event_service_pb2.SubscribeRequest(), timeout=PATIENCE_S)
    next(call)  # the heartbeat at the head: from here on it is live
    assert count(served, "tidings_subscribers") == 1
    assert count(served, "tidings_slowest_subscriber_lag") == 0
    for number in range(3):
        publish(served.stub, nomad(f"web-{number}"))
        next(call)
    call.cancel()
    settled(served)
    assert count(served, "tidings_commit_seconds_count") == 3
    assert count(served, "tidings_commit_drafts_sum") == 3
    assert count(served, "tidings_publish_seconds_count") == 3
    assert 1 <= count(served, "tidings_delivery_seconds_count") <= 3
    assert count(served, "tidings_delivery_seconds_bucket", le="+Inf") <= 3


def test_refusals_are_counted_by_their_reason(served: Served) -> None:
    with pytest.raises(grpc.RpcError):
        publish(served.stub, consul(""))
    settled(served)
    assert count(served, "tidings_rpc_refusals_total", reason="BAD_REQUEST") == 1
