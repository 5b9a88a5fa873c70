"""Lists of sources fit into an answer, whatever their recorders say and however many they are."""

from __future__ import annotations

from collections.abc import Iterator

import grpc
import pytest

from tests.patience import PATIENCE_S, until
from tests.rpc.serving import Served, refusal
from tidings.core.limits import KIB
from tidings.rpc.sources import servicer
from tidings.v1 import event_system_pb2, source_pb2
from tidings.v1 import source_service_pb2 as pb
from tidings.v1.event_service_pb2 import GetLogStatusRequest
from tidings.v1.source_service_pb2_grpc import SourceServiceStub

POSITION = "p" * 16 * KIB


def record(served: Served, source: str) -> None:
    """Run a source once, and report the longest position."""

    def said() -> Iterator[pb.RunSourceRequest]:
        claim = pb.SourceClaim(source=source, system=event_system_pb2.EVENT_SYSTEM_NOMAD)
        yield pb.RunSourceRequest(claim=claim)
        yield pb.RunSourceRequest(report=pb.SourceReport(position=POSITION))

    heard = SourceServiceStub(served.channel).RunSource(said(), timeout=PATIENCE_S)
    assert [each.WhichOneof("part") for each in heard] == ["grant", "accepted"]


def listed(served: Served) -> list[source_pb2.SourceStatus]:
    stub = SourceServiceStub(served.channel)
    return list(stub.ListSources(pb.ListSourcesRequest(), timeout=PATIENCE_S).sources)


def test_positions_that_are_too_long_together_are_left_out(served: Served) -> None:
    for number in range(64):
        record(served, f"s{number:03}")
    assert {each.position for each in listed(served)} == {POSITION}
    record(served, "s064")
    status = served.stub.GetLogStatus(GetLogStatusRequest(), timeout=PATIENCE_S)
    for found in (listed(served), list(status.sources)):
        assert [each.source for each in found] == [f"s{number:03}" for number in range(65)]
        assert {each.position for each in found} == {""}


def test_a_log_knows_so_many_sources_until_one_is_forgotten(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(servicer, "MAX_SOURCES", 2)
    record(served, "a")
    record(served, "b")
    record(served, "a")
    with pytest.raises(grpc.RpcError) as error:
        record(served, "c")
    assert refusal(error.value)[0] is grpc.StatusCode.FAILED_PRECONDITION
    stub = SourceServiceStub(served.channel)

    def forgotten() -> bool:
        try:
            stub.ForgetSource(pb.ForgetSourceRequest(source="a"), timeout=PATIENCE_S)
        except grpc.RpcError:
            return False  # until it is known that its recorder left
        return True

    until(forgotten, "the source is forgotten")
    record(served, "c")
    assert [each.source for each in listed(served)] == ["b", "c"]
