"""A reader whose position is worth nothing any more is told so, never answered with silence."""

from __future__ import annotations

import json
import shutil
from typing import Any

import grpc
import pytest

from tests.kit.server import Server, events_after, nomad_line
from tidings.v1 import event_service_pb2


def first_error(server: Server, request: event_service_pb2.SubscribeRequest) -> grpc.StatusCode:
    with server.stub() as stub, pytest.raises(grpc.RpcError) as caught:
        next(stub.Subscribe(request))
    code: grpc.StatusCode = caught.value.code()
    return code


def log_id_of(server: Server) -> str:
    with server.stub() as stub:
        call = stub.Subscribe(
            event_service_pb2.SubscribeRequest(position=event_service_pb2.START_POSITION_LATEST)
        )
        found = dict(call.initial_metadata())["tidings-log-id"]
        call.cancel()
    return str(found)


@pytest.mark.embedded
def test_a_wiped_directory_behind_a_resuming_client_is_told(server: Server) -> None:
    server.publish_nomad([nomad_line(n) for n in range(1, 11)])
    log_id = log_id_of(server)
    server.stop()
    shutil.rmtree(server.data)
    server.start()
    resume = event_service_pb2.SubscribeRequest(after_seq=11, log_id=log_id)
    assert first_error(server, resume) is grpc.StatusCode.FAILED_PRECONDITION
    without_id = event_service_pb2.SubscribeRequest(after_seq=11)
    assert first_error(server, without_id) is grpc.StatusCode.OUT_OF_RANGE
    status, _, body = server.request("GET", f"/v1/events?after_seq=11&log_id={log_id}")
    assert (status, json.loads(body)["code"]) == (400, 9)
    status, _, body = server.request("GET", "/v1/events?after_seq=11")
    assert (status, json.loads(body)["code"]) == (400, 11)


@pytest.fixture
def trimmed(server: Server) -> Server:
    """A server that keeps 100 records of the 150 that it was given: 2 to 51 are gone."""
    server.publish_nomad([nomad_line(n) for n in range(1, 151)])
    server.stop()
    server.flags = ["--retention-records=100", "--retention-apply"]
    server.start()
    while first_line(server)["gap"] is None:  # retention runs at the start, beside the readers
        pass
    return server


def first_line(server: Server) -> dict[str, Any]:
    with server.lines("/v1/events?after_seq=10") as lines:
        return {"gap": None, **json.loads(next(lines))}


def test_a_trimmed_start_gives_a_gap_with_true_bounds(trimmed: Server) -> None:
    request = event_service_pb2.SubscribeRequest(after_seq=10)
    request.selection.nomad.SetInParent()
    with trimmed.stub() as stub:
        call = stub.Subscribe(request)
        gap = next(call).gap
        first = next(call).batch.records[0]
        call.cancel()
    assert (gap.first_seq, gap.last_seq) == (11, 51)
    assert first.seq == 52


def test_a_trimmed_start_gives_a_gap_on_the_native_door(trimmed: Server) -> None:
    with trimmed.lines("/v1/events?after_seq=10") as lines:
        gap = json.loads(next(lines))["gap"]
        first = json.loads(next(lines))["batch"]["records"][0]
    assert (gap["firstSeq"], gap["lastSeq"]) == ("11", "51")
    assert first["seq"] == "52"


def test_a_trimmed_start_is_silent_on_nomads_door_and_logged(trimmed: Server) -> None:
    with trimmed.lines("/v1/event/stream?index=10") as lines:
        (line,) = events_after(lines, 1)
    assert json.loads(line)["Index"] == 52
    assert "gap" in trimmed.log_path.read_text()
