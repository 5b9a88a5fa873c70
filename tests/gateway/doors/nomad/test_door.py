"""Nomad's stream before a service that does what a test says."""

from __future__ import annotations

import json

import grpc
import pytest

from tests.gateway.doors.fake import FakeService, faking, wait_for
from tests.kit.http import Connection
from tidings.v1 import event_pb2, event_system_pb2, nomad_pb2
from tidings.v1 import event_service_pb2 as pb
from tidings.v1.access_service_pb2 import CREDENTIAL_PROBLEM_EXPIRED, Principal
from tidings.v1.access_service_pb2 import AuthenticateResponse as Whose

STREAM = "/v1/event/stream"
HEARTBEAT = b"{}\n"
HEAD = pb.SubscribeResponse(heartbeat=pb.Heartbeat(seq=1))
Code = grpc.StatusCode


def records(*seqs: int) -> pb.SubscribeResponse:
    body = nomad_pb2.NomadEvent(topic="Job", type="JobRegistered", key="web")
    events = [event_pb2.Event(nomad=body)]
    return pb.SubscribeResponse(
        batch=pb.RecordBatch(
            records=[event_pb2.EventRecord(seq=seq, events=events) for seq in seqs]
        )
    )


def line(seq: int) -> bytes:
    return (
        b'{"Index":%d,"Events":[{"Topic":"Job","Type":"JobRegistered","Key":"web","Namespace":"",'
        b'"FilterKeys":null,"Index":%d,"Payload":null}]}\n'
    ) % (seq, seq)


def started(connection: Connection) -> Connection:
    """Read the head and the first heartbeat, which come whatever the stream brings."""
    assert connection.head().status == 200
    assert connection.chunk() == HEARTBEAT
    return connection


@pytest.mark.parametrize(
    ("headers", "token"),
    [
        ((), None),
        (("X-Nomad-Token: abc",), "abc"),
        (("X-Nomad-Token:   abc  ", "Authorization: Bearer def"), "abc"),
        (("X-Nomad-Token: ", "Authorization: Bearer def"), "def"),
        (("Authorization: bEARER  def ghi",), "def"),
        (("Authorization: Bearer",), None),
        (("Authorization: Bearerdef",), None),
        (("Authorization: Basic def",), None),
        # one that no credential can be must not pass for none
        (("X-Nomad-Token: \xe9",), "?"),
    ],
)
def test_the_token_is_found_where_nomad_looks(
    fake: FakeService, headers: tuple[str, ...], token: str | None
) -> None:
    with fake.http.open(STREAM + "?token=query", *headers) as connection:
        started(connection)
    assert fake.metadata[0].get("authorization") == (token and f"Bearer {token}")


def test_the_request_says_what_was_asked(fake: FakeService) -> None:
    with fake.http.open(STREAM + "?index=7&topic=Job:web&namespace=prod") as connection:
        started(connection)
    expected = pb.SubscribeRequest(nomad_index=7, payload_format=pb.PAYLOAD_FORMAT_JSON)
    expected.selection.nomad.namespace = "prod"
    expected.selection.nomad.topics.add(topic="Job", key="web")
    assert fake.requests == [expected]


@pytest.mark.parametrize(
    ("failure", "status", "text"),
    [
        ((Code.UNAUTHENTICATED, "no such token"), 403, "Permission denied"),
        ((Code.PERMISSION_DENIED, "topic Node"), 403, "Permission denied"),
        ((Code.INVALID_ARGUMENT, "start: bad"), 400, "start: bad"),
        ((Code.RESOURCE_EXHAUSTED, "too many"), 429, "too many"),
        ((Code.INTERNAL, "internal error, request 12"), 500, "internal error, request 12"),
        ((Code.DEADLINE_EXCEEDED, "late"), 500, "No cluster leader"),
    ],
)
def test_a_refusal_comes_before_the_head_in_nomads_words(
    fake: FakeService, failure: tuple[grpc.StatusCode, str], status: int, text: str
) -> None:
    fake.failure = failure
    answer = fake.http.ask("GET", STREAM)
    assert (answer.status, answer.body.decode()) == (status, text)
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"


@pytest.mark.parametrize(
    ("whose", "status", "text"),
    [
        # Nomad asks who it is, then for the region, then what the caller may read.
        (None, 500, "No path to region"),
        (Whose(principal=Principal(id="anonymous")), 500, "No path to region"),
        (Whose(problem=CREDENTIAL_PROBLEM_EXPIRED), 403, "Permission denied"),
    ],
)
def test_an_unknown_region_is_told_to_whom_the_service_knows(
    fake: FakeService, whose: Whose | None, status: int, text: str
) -> None:
    fake.whose = whose
    answer = fake.http.ask("GET", STREAM + "?region=mars")
    assert (answer.status, answer.body.decode()) == (status, text)
    assert fake.requests == []


def test_a_service_that_stays_away_is_waited_for_and_then_an_error(address: str) -> None:
    with faking(address, patience_s=0.2) as fake:
        fake.failure = (Code.UNAVAILABLE, "going down")
        answer = fake.http.ask("GET", STREAM)
    assert (answer.status, answer.body) == (500, b"No cluster leader")
    assert len(fake.requests) > 1


def test_each_line_is_a_chunk_of_its_own_when_nothing_else_waits(fake: FakeService) -> None:
    fake.messages = [HEAD]
    with fake.http.open(STREAM) as connection:
        started(connection)
        for seq in (5, 6, 9):
            fake.bring(records(seq))
            assert connection.chunk() == line(seq)


def test_what_is_ready_together_goes_out_together(fake: FakeService) -> None:
    fake.messages = [records(2, 3, 4), HEAD]
    with fake.http.open(STREAM) as connection:
        assert started(connection).chunk() == line(2) + line(3) + line(4)


def test_heartbeats_come_by_the_doors_own_clock(address: str) -> None:
    with faking(address, nomad_heartbeat=0.05) as fake:
        fake.messages = [HEAD]
        with fake.http.open(STREAM) as connection:
            started(connection)
            assert [connection.chunk() for _ in range(3)] == [HEARTBEAT] * 3


def test_events_do_not_shift_heartbeats(address: str) -> None:
    with faking(address, nomad_heartbeat=0.2) as fake:
        fake.messages = [HEAD]
        with fake.http.open(STREAM) as connection:
            started(connection)
            # a stream that always has something to say must still beat
            seen, seq = b"", 2
            while seen.count(HEARTBEAT) < 2:
                fake.bring(records(seq))
                seq += 1
                while not seen.endswith(line(seq - 1)):
                    seen += connection.chunk()
    assert seen.replace(HEARTBEAT, b"") == b"".join(line(each) for each in range(2, seq))


@pytest.mark.parametrize("failure", [None, (Code.UNAVAILABLE, "going down"), (Code.ABORTED, "x")])
def test_the_end_of_the_stream_is_a_clean_end_and_nothing_more(
    fake: FakeService, failure: tuple[grpc.StatusCode, str] | None
) -> None:
    fake.messages = [records(2), HEAD]
    fake.stream_failure = failure
    with fake.http.open(STREAM) as connection:
        assert started(connection).chunk() == line(2)
        fake.bring(None)
        assert connection.chunk() == b""
        assert connection.rest() == b""


def test_a_gap_is_counted_and_not_on_the_wire(fake: FakeService) -> None:
    gap = pb.Gap(system=event_system_pb2.EVENT_SYSTEM_NOMAD, first_seq=2, last_seq=4)
    fake.messages = [pb.SubscribeResponse(gap=gap), records(5), HEAD]
    with fake.http.open(STREAM) as connection:
        assert started(connection).chunk() == line(5)
    assert b'tidings_http_gaps_total{door="nomad"} 1.0' in fake.http.ask("GET", "/metrics").body


def test_a_time_that_is_none_prints_as_null(fake: FakeService) -> None:
    body = nomad_pb2.NomadEvent(topic="ACLToken", type="ACLTokenUpserted")
    body.payload.acl_token.create_time.nanos = -1
    bad = event_pb2.EventRecord(seq=2, events=[event_pb2.Event(nomad=body)])
    fake.messages = [pb.SubscribeResponse(batch=pb.RecordBatch(records=[bad])), HEAD]
    with fake.http.open(STREAM) as connection:
        printed = json.loads(started(connection).line())
    assert printed["Events"][0]["Payload"]["ACLToken"]["CreateTime"] is None


def test_a_client_that_leaves_ends_the_call(fake: FakeService) -> None:
    fake.messages = [HEAD]
    with fake.http.open(STREAM) as connection:
        started(connection)
        assert not fake.has_ended.is_set()
    wait_for(fake.has_ended)
    assert fake.has_ended.is_set()


def test_the_end_of_the_gateway_is_a_clean_end(fake: FakeService) -> None:
    fake.messages = [HEAD]
    with fake.http.open(STREAM) as connection:
        started(connection)
        fake.http.stop()
        assert connection.chunk() == b""
