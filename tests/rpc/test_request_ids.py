"""The id of a call: the caller's or one of ours, told and logged."""

from __future__ import annotations

import re
from typing import Any

import grpc
import pytest

from tests.patience import PATIENCE_S
from tests.rpc.serving import Served
from tidings.core.limits import KIB, MIB
from tidings.v1 import event_service_pb2 as pb

MADE = re.compile("[0-9a-f]{16}")
KEY = "x-request-id"


def listed(served: Served, *given: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Call List with such ids and return its initial and trailing metadata."""
    metadata = tuple((KEY, one) for one in given)
    _, call = served.stub.List.with_call(pb.ListRequest(), timeout=PATIENCE_S, metadata=metadata)
    return dict(call.initial_metadata()), dict(call.trailing_metadata())


def test_a_given_id_comes_back_in_initial_metadata_and_is_logged(
    served: Served, lines: list[Any]
) -> None:
    assert listed(served, "mine") == ({KEY: "mine"}, {})
    listed(served)
    served.server.call(lambda: None)
    assert next(line["request_id"] for line in lines if line.get("method") == "List") == "mine"


@pytest.mark.parametrize("given", [(), ("a b",), ("x" * 129,), ("mine", "yours")])
def test_an_id_that_is_made_comes_in_trailing_metadata(
    served: Served, given: tuple[str, ...]
) -> None:
    initial, trailing = listed(served, *given)
    assert initial == {}
    assert MADE.fullmatch(trailing[KEY])


@pytest.mark.parametrize("given", ["mine", ""])
def test_a_stream_tells_its_id_at_its_start(served: Served, given: str) -> None:
    metadata = ((KEY, given),) if given else ()
    stream = served.stub.Subscribe(pb.SubscribeRequest(), timeout=PATIENCE_S, metadata=metadata)
    told = dict(stream.initial_metadata())[KEY]
    assert told == given or MADE.fullmatch(str(told))
    stream.cancel()
    answers = served.stub.PublishStream(iter(()), timeout=PATIENCE_S, metadata=metadata)
    assert dict(answers.initial_metadata()).keys() == {KEY, "tidings-log-id"}


def test_a_refused_call_tells_its_id_too(served: Served) -> None:
    stream = served.stub.Subscribe(
        pb.SubscribeRequest(log_id="other"), timeout=PATIENCE_S, metadata=((KEY, "mine"),)
    )
    with pytest.raises(grpc.RpcError):
        next(stream)
    assert dict(stream.trailing_metadata())[KEY] == "mine"
    request = pb.GetClusterEventRequest(event_id="none")
    with pytest.raises(grpc.RpcError) as refused:
        served.stub.GetClusterEvent(request, timeout=PATIENCE_S, metadata=((KEY, "mine"),))
    failed: Any = refused.value
    assert dict(failed.initial_metadata())[KEY] == "mine"


@pytest.mark.parametrize(
    ("method", "request_bytes", "more", "code"),
    [
        ("Nope", 0, 0, grpc.StatusCode.UNIMPLEMENTED),
        ("List", 6 * MIB, 0, grpc.StatusCode.RESOURCE_EXHAUSTED),
        ("List", 0, 20 * KIB, grpc.StatusCode.RESOURCE_EXHAUSTED),
    ],
)
def test_what_grpc_refuses_by_itself_has_no_id(
    served: Served, method: str, request_bytes: int, more: int, code: grpc.StatusCode
) -> None:
    call: grpc.UnaryUnaryMultiCallable[bytes, bytes] = served.channel.unary_unary(
        f"/tidings.v1.EventService/{method}"
    )
    metadata = ((KEY, "mine"), ("more", "x" * more))
    with pytest.raises(grpc.RpcError) as refused:
        call(bytes(request_bytes), timeout=PATIENCE_S, metadata=metadata)
    failed: Any = refused.value
    assert failed.code() is code
    told = (*(failed.initial_metadata() or ()), *(failed.trailing_metadata() or ()))
    assert KEY not in dict(told)
