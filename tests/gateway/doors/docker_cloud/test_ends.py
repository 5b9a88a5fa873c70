"""How a stream ends that was begun, and what is said before that."""

from __future__ import annotations

import grpc
import pytest
from google.protobuf import any_pb2
from google.rpc import error_details_pb2, status_pb2

from tests.gateway.doors.docker_cloud.stream import EVENTS, close_code, message, opened
from tests.gateway.doors.fake import FakeService
from tidings.gateway.doors.docker_cloud.refusals import end_of
from tidings.gateway.upstream.failures import Failure
from tidings.v1 import docker_cloud_pb2, event_pb2, event_system_pb2
from tidings.v1 import event_service_pb2 as pb

Code = grpc.StatusCode


def record(seq: int, state: str = "1") -> pb.SubscribeResponse:
    body = docker_cloud_pb2.DockerCloudEvent(type="stack", action="create", state=state)
    made = event_pb2.EventRecord(seq=seq, events=[event_pb2.Event(docker_cloud=body)])
    return pb.SubscribeResponse(batch=pb.RecordBatch(records=[made]))


@pytest.mark.parametrize(
    ("failure", "text", "code"),
    [
        ((Code.PERMISSION_DENIED, "revoked"), "UNAUTHORIZED", 1008),
        ((Code.UNAUTHENTICATED, "revoked"), "UNAUTHORIZED", 1008),
        ((Code.INTERNAL, "a secret path"), "the stream broke", 1011),
        (None, "the stream broke", 1011),
    ],
)
def test_a_stream_that_ends_says_why(
    quick: FakeService, failure: tuple[grpc.StatusCode, str] | None, text: str, code: int
) -> None:
    quick.stream_failure = failure
    with opened(quick.http, f"{EVENTS}?type=other") as socket:
        quick.bring(record(2), None)
        assert message(socket)["datetime"] == "0001-01-01T00:00:00Z"
        assert message(socket) == {"type": "error", "data": {"errorMessage": text}}
        assert close_code(socket) == code


@pytest.mark.parametrize("reason", ["DAMAGED", "TOO_LARGE", "UNPRINTABLE"])
def test_one_record_that_cannot_be_had_ends_nothing(quick: FakeService, reason: str) -> None:
    with opened(quick.http) as socket:
        lost = pb.Gap(
            system=event_system_pb2.EVENT_SYSTEM_DOCKER_CLOUD,
            first_seq=2,
            last_seq=2,
            reason=pb.GapReason.Value(f"GAP_REASON_{reason}"),
            resume_seq=2,
        )
        quick.bring(pb.SubscribeResponse(gap=lost), record(3, "next"))
        assert message(socket)["state"] == "next"


def test_what_retention_took_is_told_and_ends_the_stream_with_1013(quick: FakeService) -> None:
    with opened(quick.http) as socket:
        gap = pb.Gap(
            system=event_system_pb2.EVENT_SYSTEM_DOCKER_CLOUD,
            first_seq=2,
            last_seq=9,
            reason=pb.GAP_REASON_RETENTION,
            resume_seq=1,
        )
        quick.bring(pb.SubscribeResponse(gap=gap))
        text = "events were removed before they could be sent"
        assert message(socket) == {"type": "error", "data": {"errorMessage": text}}
        assert close_code(socket) == 1013


def test_a_time_that_is_none_prints_as_null_and_ends_nothing(quick: FakeService) -> None:
    with opened(quick.http) as socket:
        bad = record(2, "first")
        bad.batch.records[0].events[0].docker_cloud.datetime.seconds = 2**62
        quick.bring(bad, record(3, "second"))
        assert message(socket)["datetime"] is None
        assert message(socket)["state"] == "second"


def test_what_comes_before_the_head_is_reached_is_sent(quick: FakeService) -> None:
    quick.messages = [record(2, "early"), pb.SubscribeResponse(heartbeat=pb.Heartbeat(seq=2))]
    with opened(quick.http) as socket:
        assert message(socket)["state"] == "early"


def failure_with_reason(reason: str) -> Failure:
    status = status_pb2.Status(code=14)
    detail = any_pb2.Any()
    detail.Pack(error_details_pb2.ErrorInfo(reason=reason))
    status.details.append(detail)
    nothing = grpc.aio.Metadata()
    trailing = grpc.aio.Metadata(("grpc-status-details-bin", status.SerializeToString()))
    return Failure(Code.UNAVAILABLE, nothing, trailing)


def test_a_service_that_goes_down_is_no_failure() -> None:
    assert end_of(failure_with_reason("GOING_DOWN"), is_draining=False) == (1001, "")
    assert end_of(failure_with_reason("OTHER"), is_draining=False)[0] == 1011
    assert end_of(None, is_draining=True) == (1001, "")
