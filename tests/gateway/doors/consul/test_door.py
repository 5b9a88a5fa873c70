"""Consul's endpoints before a service that does what a test says."""

from __future__ import annotations

import gzip
import json

import grpc
import pytest
from google.protobuf.duration_pb2 import Duration

from tests.gateway.doors.fake import Failure, FakeService, faking, wait_for
from tidings.core.errors import Unauthenticated
from tidings.dialects.consul.size_rules import EventTooLarge
from tidings.v1 import consul_pb2
from tidings.v1 import event_service_pb2 as pb
from tidings.v1.access_service_pb2 import AuthenticateResponse, Principal

LIST = "/v1/event/list"
Code = grpc.StatusCode


def events(*names: str) -> list[consul_pb2.ConsulEvent]:
    return [consul_pb2.ConsulEvent(id="an-id", name=name, version=1) for name in names]


def test_fire_says_what_was_asked(fake: FakeService) -> None:
    target = "/v1/event/fire/a%2Fb?node=n&service=s&tag=t&dc=dc1&pretty"
    body = b"\x00\xff{"
    fake.fire_response.event.CopyFrom(events("a/b")[0])
    answer = fake.http.ask("PUT", target, "Content-Type: application/json", body=body)
    assert answer.status == 200
    expected = pb.FireRequest(name="a/b", node="n", service="s", tag="t")
    expected.payload.data = body
    assert fake.requests == [expected]


@pytest.mark.parametrize("size_bytes", [1, 70_000])
def test_a_chunked_body_is_the_payload(fake: FakeService, size_bytes: int) -> None:
    chunks = b"1\r\na\r\n" * size_bytes + b"0\r\n\r\n"
    answer = fake.http.ask("PUT", "/v1/event/fire/x", "Transfer-Encoding: chunked", body=chunks)
    assert answer.status == 200
    assert fake.requests[0].payload.data == b"a" * size_bytes


def test_a_body_is_bounded_before_it_is_read(address: str) -> None:
    with faking(address, http_body_size=1000) as fake:
        fits = fake.http.ask("PUT", "/v1/event/fire/x", body=b"x" * 1000)
        announced = fake.http.ask("PUT", "/v1/event/fire/x", body=b"x" * 1001)
        chunks = b"3e9\r\n" + b"x" * 1001 + b"\r\n0\r\n\r\n"
        chunked = fake.http.ask(
            "PUT", "/v1/event/fire/x", "Transfer-Encoding: chunked", body=chunks
        )
    text = b"Request body too large, max size: 1000 bytes"
    assert fits.status == 200
    assert [(each.status, each.body) for each in (announced, chunked)] == [(413, text)] * 2
    assert len(fake.requests) == 1


def test_a_body_that_never_ends_is_a_408(address: str) -> None:
    with (
        faking(address, http_silence=0.1) as fake,
        fake.http.open("/v1/event/fire/x", "Content-Length: 10", method="PUT") as connection,
    ):
        answer = connection.send(b"half").answer()
    assert (answer.status, answer.body) == (408, b"Request body did not arrive in time")
    assert fake.requests == []


@pytest.mark.parametrize(
    ("query", "headers", "token"),
    [
        ("", (), None),
        ("?token=a", ("X-Consul-Token: b", "Authorization: Bearer c"), "a"),
        ("?token=", ("X-Consul-Token: b", "Authorization: Bearer c"), "b"),
        ("", ("X-Consul-Token: ", "Authorization: bearer   c d"), "c"),
        ("", ("Authorization: Bearer",), None),
        ("", ("Authorization: Bearertoken",), None),
        ("", ("Authorization: Basic c",), None),
        ("?token=%FF", (), "?"),
    ],
)
def test_the_token_is_found_where_consul_looks(
    fake: FakeService, query: str, headers: tuple[str, ...], token: str | None
) -> None:
    fake.http.ask("GET", LIST + query, *headers)
    fake.http.ask("PUT", "/v1/event/fire/x" + query, *headers)
    found = [each.get("authorization") for each in fake.metadata]
    assert found == [token and f"Bearer {token}"] * 2


@pytest.mark.parametrize(
    ("failure", "fired", "listed"),
    [
        (
            (Code.PERMISSION_DENIED, "deploy"),
            (403, "Permission denied"),
            (403, "Permission denied"),
        ),
        (Unauthenticated("missing"), (403, "Permission denied"), (403, "Permission denied")),
        (Unauthenticated("unknown"), (500, "ACL not found"), (403, "ACL not found")),
        (Unauthenticated("expired"), (500, "ACL not found"), (403, "ACL not found")),
        ((Code.UNAUTHENTICATED, "who"), (500, "ACL not found"), (403, "ACL not found")),
        ((Code.INVALID_ARGUMENT, "Invalid x"), (500, "Invalid x"), (400, "Invalid x")),
        ((Code.INTERNAL, "internal, 12"), (500, "internal, 12"), (500, "internal, 12")),
        (
            (Code.DEADLINE_EXCEEDED, "late"),
            (500, "No known Consul servers"),
            (500, "No known Consul servers"),
        ),
        (
            (Code.RESOURCE_EXHAUSTED, "payload: 40000 bytes, at most 32768 are allowed"),
            (413, "payload: 40000 bytes, at most 32768 are allowed"),
            (413, "payload: 40000 bytes, at most 32768 are allowed"),
        ),
        (
            EventTooLarge(600, "user event exceeds"),
            (500, "error broadcasting event: user event exceeds"),
            (500, "error broadcasting event: user event exceeds"),
        ),
    ],
)
def test_a_refusal_is_told_in_consuls_words(
    fake: FakeService, failure: Failure, fired: tuple[int, str], listed: tuple[int, str]
) -> None:
    fake.failure = failure
    answers = fake.http.ask("PUT", "/v1/event/fire/x"), fake.http.ask("GET", LIST)
    assert [(each.status, each.body.decode()) for each in answers] == [fired, listed]
    assert all("x-consul-index" not in each.headers for each in answers)


def test_a_service_that_stays_away_is_waited_for_and_then_an_error(address: str) -> None:
    with faking(address, patience_s=1.0) as fake:
        fake.failure = (Code.UNAVAILABLE, "going down")
        answer = fake.http.ask("GET", LIST)
    assert (answer.status, answer.body) == (500, b"No known Consul servers")
    assert len(fake.requests) > 1


@pytest.mark.parametrize(
    ("query", "index", "wait"),
    [
        ("", 0, Duration()),
        ("?wait=10s", 0, Duration(seconds=10)),
        ("?index=7", 7, Duration()),
        ("?index=007&wait=1m30.5s", 7, Duration(seconds=90, nanos=500_000_000)),
        ("?index=18446744073709551615&wait=0", 2**64 - 1, Duration()),
        ("?index=7&wait=%2B5us", 7, Duration(nanos=5000)),
        ("?index=7&wait=-5s", 7, Duration(seconds=-1)),
        ("?index=7&index=x&wait=2562047h", 7, Duration(seconds=2562047 * 3600)),
    ],
)
def test_a_list_says_what_was_asked(
    fake: FakeService, query: str, index: int, wait: Duration
) -> None:
    assert fake.http.ask("GET", LIST + query).status == 200
    assert fake.requests == [pb.ListRequest(index=index, wait=wait)]


@pytest.mark.parametrize(
    "wait", ["5", "1d", "5S", "s", ".s", "1e3s", "+5s", "5s%20", "1h30", "-", "2562048h", "%FFs"]
)
def test_what_is_no_duration_is_refused(fake: FakeService, wait: str) -> None:
    answer = fake.http.ask("GET", f"{LIST}?wait={wait}")
    assert (answer.status, answer.body) == (400, b"Invalid wait time")
    assert fake.requests == []


@pytest.mark.parametrize("index", ["-1", "%2B1", "1.0", "0x1", "1_0", "+1", "%D9%A3", "9" * 5000])
def test_what_is_no_index_is_refused(fake: FakeService, index: str) -> None:
    answer = fake.http.ask("GET", f"{LIST}?index={index}")
    assert (answer.status, answer.body) == (400, b"Invalid index")
    assert fake.requests == []


def test_the_index_is_an_unsigned_64_bit_header(fake: FakeService) -> None:
    fake.list_response = pb.ListResponse(index=2**64 - 1, events=events("a"))
    answer = fake.http.ask("GET", LIST)
    assert answer.headers["x-consul-index"] == "18446744073709551615"
    assert "x-consul-results-filtered-by-acls" not in answer.headers


def test_a_list_that_access_control_shortened_says_so(fake: FakeService) -> None:
    fake.list_response = pb.ListResponse(index=1, filtered_by_acl=True)
    answer = fake.http.ask("GET", LIST, "X-Consul-Token: t")
    assert answer.headers["x-consul-results-filtered-by-acls"] == "true"
    without_token = fake.http.ask("GET", LIST, "X-Consul-Token: ", "Authorization: Basic x")
    assert "x-consul-results-filtered-by-acls" not in without_token.headers


ROUTED = [
    ("GET", LIST, 200),
    ("PUT", "/v1/event/fire/x", 200),
    ("OPTIONS", LIST, 200),
    ("GET", "/v1/agent/self", 200),
    ("GET", LIST + "?wait=5", 400),
    ("POST", LIST, 405),
    ("GET", LIST + "?a;b", 500),
]


@pytest.mark.parametrize(("method", "target", "status"), ROUTED)
@pytest.mark.parametrize("policy", ["allow", "deny"])
def test_answers_say_what_becomes_of_a_name_without_a_rule(
    fake: FakeService, method: str, target: str, status: int, policy: str
) -> None:
    if policy == "deny":
        fake.whose = AuthenticateResponse(principal=Principal(id="anonymous"))
    answer = fake.http.ask(method, target)
    assert (answer.status, answer.headers["x-consul-default-acl-policy"]) == (status, policy)


def test_who_waits_for_a_service_that_is_away_hears_nothing_of_policies(address: str) -> None:
    with faking(address, patience_s=0.1) as fake:
        fake.failure = (Code.UNAVAILABLE, "going down")
        fake.loses_access = True
        answer = fake.http.ask("GET", LIST)
    assert (answer.status, answer.body) == (500, b"No known Consul servers")
    assert "x-consul-default-acl-policy" not in answer.headers


def test_a_client_that_leaves_ends_the_call_that_it_waited_for(fake: FakeService) -> None:
    fake.held = True
    with fake.http.open(LIST + "?index=1&wait=10m"):
        wait_for(fake.is_held)
        assert not fake.has_ended.is_set()
    wait_for(fake.has_ended)
    assert fake.has_ended.is_set()


def test_a_list_that_waits_answers_when_the_gateway_goes_down(fake: FakeService) -> None:
    fake.held = True
    fake.list_response = pb.ListResponse(index=1)
    with fake.http.open(LIST + "?index=1&wait=10m") as connection:
        wait_for(fake.is_held)
        fake.http.stop()
        answer = connection.answer()
    assert (answer.status, answer.body, answer.headers["x-consul-index"]) == (200, b"[]", "1")


def test_a_list_is_answered_even_if_the_service_forgets_the_end_of_the_wait(
    fake: FakeService,
) -> None:
    fake.held = True
    answer = fake.http.ask("GET", LIST + "?index=1&wait=10ms")
    assert (answer.status, answer.body) == (200, b"[]")
    assert [request.index for request in fake.requests] == [1, 0]


@pytest.mark.parametrize(
    ("offer", "coding"),
    [
        ("gzip", "gzip"),
        ("deflate, GZIP;q=0.5", "gzip"),
        ("gzip;q=0", None),
        ("gzip; q=0.000", None),
        ("br, *", None),
        ("identity", None),
    ],
)
def test_long_answers_are_packed_for_those_who_take_it(
    fake: FakeService, offer: str, coding: str | None
) -> None:
    fake.list_response = pb.ListResponse(index=3, events=events(*"x" * 20))
    plain = fake.http.ask("GET", LIST)
    packed = fake.http.ask("GET", LIST, f"Accept-Encoding: {offer}")
    assert "content-encoding" not in plain.headers
    assert packed.headers.get("content-encoding") == coding
    assert plain.headers["vary"] == packed.headers["vary"] == "Accept-Encoding"
    assert (gzip.decompress(packed.body) if coding else packed.body) == plain.body


def test_packing_begins_at_1400_bytes(fake: FakeService) -> None:
    for name_bytes in range(1250, 1330):
        fake.list_response = pb.ListResponse(index=3, events=events("n" * name_bytes))
        answer = fake.http.ask("GET", LIST)
        packed = fake.http.ask("GET", LIST, "Accept-Encoding: gzip")
        assert ("content-encoding" in packed.headers) == (len(answer.body) >= 1400)


def test_very_long_answers_are_packed_too(fake: FakeService) -> None:
    fake.list_response = pb.ListResponse(index=3, events=events("n" * 100_000))
    answer = fake.http.ask("GET", LIST, "Accept-Encoding: gzip")
    assert json.loads(gzip.decompress(answer.body))[0]["Name"] == "n" * 100_000


def test_one_connection_takes_many_requests(fake: FakeService) -> None:
    with fake.http.connection() as connection:
        for _ in range(3):
            connection.send(b"GET /v1/event/list HTTP/1.1\r\nHost: tidings\r\n\r\n")
            assert connection.answer().status == 200


def test_the_agent_says_the_names_of_the_settings(address: str) -> None:
    with faking(address, consul_node_name="n1", consul_datacenter="eu") as fake:
        config = json.loads(fake.http.ask("GET", "/v1/agent/self").body)["Config"]
        own = fake.http.ask("PUT", "/v1/event/fire/x?dc=eu").status
        other = fake.http.ask("PUT", "/v1/event/fire/x?dc=dc1").status
    assert (config["NodeName"], config["Datacenter"]) == ("n1", "eu")
    assert (own, other) == (200, 500)
