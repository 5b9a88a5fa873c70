"""Who is refused, in which order and how; and how a stream ends that was begun."""

from __future__ import annotations

import base64
import json
import time

import grpc
import pytest

from tests.gateway.doors.docker_cloud.stream import (
    EVENTS,
    HANDSHAKE,
)
from tests.gateway.doors.fake import FakeService, faking
from tests.kit.http import Answer, Http
from tidings.v1 import docker_cloud_pb2
from tidings.v1 import event_service_pb2 as pb

Code = grpc.StatusCode
CHALLENGE = 'Basic realm="Docker Cloud"'


def without(name: str) -> tuple[str, ...]:
    return tuple(header for header in HANDSHAKE if not header.startswith(name))


def replaced(name: str, value: str) -> tuple[str, ...]:
    return (*without(name), f"{name}: {value}")


def refusal(answer: Answer) -> tuple[int, str]:
    """Return the status and the error of a refusal, which is the API's one error object."""
    assert answer.headers["content-type"] == "application/json"
    body = json.loads(answer.body)
    assert list(body) == ["error"]
    return answer.status, body["error"]


@pytest.mark.parametrize("headers", [(), HANDSHAKE], ids=["plain", "handshake"])
@pytest.mark.parametrize(
    "target",
    [
        "/api/audit/v1/",
        "/api/audit/v1/events/more",
        "/api/audit/v1//events",
        "/api/audit/v1/a/b/events",
        "/api/audit/v1/a%2Fb/event",
        "/api/audit/v2/events",
        "/base/api/audit/v1/events",
    ],
)
def test_an_unknown_path_is_404(quick: FakeService, target: str, headers: tuple[str, ...]) -> None:
    assert refusal(quick.http.ask("GET", target, *headers)) == (404, "Not found")


@pytest.mark.parametrize(
    ("target", "status"),
    [("/", 404), ("/healthz", 200), ("/v1/event/list", 200), ("/v1/publish/docker-cloud", 405)],
)
def test_a_handshake_elsewhere_is_a_plain_request(
    quick: FakeService, target: str, status: int
) -> None:
    assert quick.http.ask("GET", target, *HANDSHAKE).status == status


@pytest.mark.parametrize("headers", [(), HANDSHAKE], ids=["plain", "handshake"])
@pytest.mark.parametrize("method", ["HEAD", "POST", "PUT", "DELETE", "OPTIONS"])
def test_another_method_is_405(quick: FakeService, method: str, headers: tuple[str, ...]) -> None:
    quick.failure = (Code.UNAUTHENTICATED, "no")
    answer = quick.http.ask(method, EVENTS, *headers)
    assert (answer.status, answer.headers["allow"]) == (405, "GET")
    assert method == "HEAD" or refusal(answer) == (405, "Method not allowed")


@pytest.mark.parametrize("code", [Code.UNAUTHENTICATED, Code.PERMISSION_DENIED])
@pytest.mark.parametrize("headers", [(), HANDSHAKE], ids=["plain", "handshake"])
def test_bad_credentials_are_401(
    quick: FakeService, headers: tuple[str, ...], code: grpc.StatusCode
) -> None:
    quick.failure = (code, "no such token")
    answer = quick.http.ask("GET", EVENTS, *headers)
    assert refusal(answer) == (401, "Unauthorized")
    assert answer.headers["www-authenticate"] == CHALLENGE


@pytest.mark.parametrize(
    "headers",
    [
        (),
        without("Upgrade"),
        without("Connection"),
        replaced("Upgrade", "h2c"),
        without("Sec-WebSocket-Key"),
        replaced("Sec-WebSocket-Key", "short"),
        replaced("Sec-WebSocket-Key", "AAAA"),
        without("Sec-WebSocket-Version"),
        replaced("Sec-WebSocket-Version", "8"),
        (*HANDSHAKE, "Sec-WebSocket-Version: 13"),
    ],
)
def test_no_whole_handshake_is_426(quick: FakeService, headers: tuple[str, ...]) -> None:
    with quick.http.open(EVENTS, *headers) as connection:
        answer = connection.answer()
        assert refusal(answer)[0] == 426
        assert answer.headers["upgrade"] == "websocket"
        assert answer.headers["sec-websocket-version"] == "13"
        assert connection.rest() == b""


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (Code.INVALID_ARGUMENT, (400, "the reason")),
        (Code.RESOURCE_EXHAUSTED, (429, "Too many requests")),
        (Code.INTERNAL, (500, "Internal server error")),
        (Code.DEADLINE_EXCEEDED, (503, "Service unavailable")),
    ],
)
def test_other_failures_have_their_status(
    quick: FakeService, code: grpc.StatusCode, expected: tuple[int, str]
) -> None:
    quick.failure = (code, "the reason")
    assert refusal(quick.http.ask("GET", EVENTS, *HANDSHAKE)) == expected


def test_a_stream_that_breaks_before_it_has_caught_up_is_refused(quick: FakeService) -> None:
    quick.messages, quick.stays_open = [], False
    quick.stream_failure = (Code.INTERNAL, "the disk is gone")
    answer = quick.http.ask("GET", EVENTS, *HANDSHAKE)
    assert refusal(answer) == (500, "Internal server error")


def test_refusals_other_than_401_come_after_a_pause(address: str) -> None:
    pause_s = 0.2
    with faking(address, docker_cloud_pause_s=pause_s) as service:
        begun_s = time.monotonic()
        assert service.http.ask("GET", "/api/audit/v1/", *HANDSHAKE).status == 404
        assert time.monotonic() - begun_s >= pause_s


def test_401_comes_at_once_and_going_down_ends_a_pause(address: str) -> None:
    with faking(address, docker_cloud_pause_s=3600.0) as service:
        service.failure = (Code.UNAUTHENTICATED, "no")
        assert service.http.ask("GET", EVENTS, *HANDSHAKE).status == 401
        with service.http.open("/api/audit/v1/", *HANDSHAKE) as connection:
            service.http.ask("GET", "/healthz")  # by now the other one waits
            service.http.stop()
            assert connection.answer().status == 404


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ((), 101),
        (("Origin: http://tidings",), 101),
        (("Origin: HTTP://Tidings:80",), 101),
        (("Origin: https://tidings:443",), 101),
        (("Origin: https://console.example",), 101),
        (("Origin: https://console.example:8443",), 401),
        (("Origin: http://tidings:8080",), 401),
        (("Origin: http://tidings.example",), 401),
        (("Origin: null",), 401),
        (("Origin: ",), 401),
        (("Origin: file://tidings",), 401),
    ],
)
def test_a_page_of_another_origin_is_401(
    quick: FakeService, headers: tuple[str, ...], status: int
) -> None:
    with quick.http.open(EVENTS, *HANDSHAKE, *headers) as connection:
        assert connection.head().status == status
    assert len(quick.requests) == (status == 101)


def basic(text: str) -> str:
    return f"Basic {base64.b64encode(text.encode()).decode()}"


@pytest.mark.parametrize(
    ("header", "forwarded"),
    [
        ("", None),
        (basic("joe:a-key"), "Bearer a-key"),
        (basic("joe:a:key").replace("Basic", "bASIC"), "Bearer a:key"),
        (basic("joe:käse"), "Bearer ?"),
        (basic("joe:"), basic("joe:")),
        (basic("joe"), basic("joe")),
        ("Basic ???", "Basic ???"),
        ("Bearer t", "Bearer t"),
        ("ApiKey joe:k", "ApiKey joe:k"),
        ("Opaque k\u00e4se", "Bearer ?"),
    ],
)
def test_credentials_go_on(quick: FakeService, header: str, forwarded: str | None) -> None:
    headers = (f"Authorization: {header}",) if header else ()
    with quick.http.open(EVENTS, *HANDSHAKE, *headers) as connection:
        assert connection.head().status == 101
    assert quick.metadata[0].get("authorization") == forwarded


def test_what_is_asked_of_the_service(quick: FakeService) -> None:
    target = "/api/audit/v1/a%2Fb%2525/events/?type=B,a&parent=/p/&parents=/o&object=/x/"
    with quick.http.open(target, *HANDSHAKE) as connection:
        assert connection.head().status == 101
    selector = docker_cloud_pb2.DockerCloudSelector(
        namespace="a/b%25", types=["a", "b"], parents=["/o", "/p"], objects=["/x"]
    )
    expected = pb.SubscribeRequest(position=pb.START_POSITION_LATEST)
    expected.selection.docker_cloud.CopyFrom(selector)
    assert quick.requests == [expected]


def open_requests(http: Http) -> float:
    """Return how many requests are going on beside this one."""
    page = http.ask("GET", "/metrics").body.decode()
    (line,) = [one for one in page.splitlines() if one.startswith("tidings_http_open_requests ")]
    return float(line.split()[1]) - 1


def test_a_client_that_leaves_before_the_answer_is_forgotten(quick: FakeService) -> None:
    quick.messages = []
    with quick.http.open(EVENTS, *HANDSHAKE):
        while not quick.requests:
            assert open_requests(quick.http) <= 1
        assert open_requests(quick.http) == 1
    while open_requests(quick.http):
        assert quick.metadata == [{}]


def test_a_handshake_whose_target_is_not_ascii_is_taken(quick: FakeService) -> None:
    with quick.http.open(f"{EVENTS}?type=k\u00e4se", *HANDSHAKE) as connection:
        assert connection.head().status == 101


TOO_LONG = (f"GET {EVENTS}?type={'x' * 9000} HTTP/1.1", "Host: tidings", *HANDSHAKE)
NO_LINE = (f"GET {EVENTS} HTTP/9.9", *HANDSHAKE)
BAD_HEADER = (f"GET {EVENTS} HTTP/1.1", "Host: tidings", "No colon")
ODD_CODING = (f"GET {EVENTS} HTTP/1.1", "Host: tidings", "Transfer-Encoding: gzip")


@pytest.mark.parametrize(
    ("head", "status"),
    [(TOO_LONG, 431), (NO_LINE, 400), (BAD_HEADER, 400), (ODD_CODING, 501)],
    ids=["too long", "version", "header", "coding"],
)
def test_what_the_listener_refuses_itself_comes_after_the_pause_too(
    address: str, head: tuple[str, ...], status: int
) -> None:
    pause_s = 0.2
    with faking(address, docker_cloud_pause_s=pause_s) as service:
        begun_s = time.monotonic()
        with service.http.connection() as connection:
            connection.send("\r\n".join([*head, "", ""]).encode())
            assert connection.answer().status == status
        assert time.monotonic() - begun_s >= pause_s
