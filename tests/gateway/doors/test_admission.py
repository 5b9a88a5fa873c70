"""Who is answered at all: the same two rules at every path and in every protocol."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator

import pytest

from tests.gateway.doors.docker_cloud.stream import EVENTS, HANDSHAKE
from tests.gateway.doors.fake import FakeService, faking
from tests.kit.http import Answer, Http
from tidings.v1 import access_service_pb2

ALLOWED = "https://console.example"
NOMAD = "/v1/publish/nomad"
# Each with the statuses for a foreign origin and a foreign host, and where its text stands.
PATHS = [
    ("GET", "/", 403, "message"),
    ("GET", "/healthz", 403, "message"),
    ("GET", "/readyz", 403, "message"),
    ("GET", "/metrics", 403, "message"),
    ("GET", "/nowhere", 403, "message"),
    ("POST", "/v1/publish/puppet", 403, "message"),
    ("POST", NOMAD, 403, "message"),
    ("POST", "/v1/events", 403, "message"),
    ("GET", "/v1/events", 403, "message"),
    ("GET", "/v1/event/stream", 403, ""),
    ("PUT", "/v1/event/fire/x", 403, ""),
    ("OPTIONS", "/v1/event/fire/x", 403, ""),
    ("GET", "/v1/event/list", 403, ""),
    ("GET", "/v1/unknown", 403, ""),
    ("GET", "/v0/cluster/events", 403, "message"),
    ("GET", "/v0/unknown", 403, "message"),
    ("GET", "/orchestrator/v1/jobs/1/events", 403, "msg"),
    ("GET", EVENTS, 401, "error"),
    ("GET", "/api/audit/", 401, "error"),
]


@pytest.fixture
def quick(address: str) -> Iterator[FakeService]:
    origins = (ALLOWED, "http://LOCALHOST:3000/")
    hosts = ("tidings", "Named.Example.")
    with faking(
        address, docker_cloud_pause_s=0.0, http_allow_origin=origins, http_allow_host=hosts
    ) as service:
        yield service


def ask(http: Http, method: str, path: str, *headers: str, version: str = "1.1") -> Answer:
    with http.connection() as connection:
        head = "\r\n".join([f"{method} {path} HTTP/{version}", *headers, "", ""])
        connection.send(head.encode("latin-1"))
        return connection.answer(method)


def text_of(answer: Answer, member: str) -> str:
    return str(json.loads(answer.body)[member]) if member else answer.body.decode()


@pytest.mark.parametrize(("method", "path", "status", "member"), PATHS)
def test_a_foreign_page_is_refused_in_the_words_of_the_path(
    quick: FakeService, method: str, path: str, status: int, member: str
) -> None:
    handshake = HANDSHAKE if path == EVENTS else ()
    for headers in ((), handshake):
        answer = quick.http.ask(method, path, "Origin: https://evil.example", *headers)
        assert answer.status == status
        assert text_of(answer, member)
        assert "evil" not in answer.body.decode()
        assert not [name for name in answer.headers if name.startswith("access-control")]
    assert quick.requests == []


@pytest.mark.parametrize(("method", "path", "_", "member"), PATHS)
def test_a_foreign_name_is_421_in_the_words_of_the_path(
    quick: FakeService, method: str, path: str, _: int, member: str
) -> None:
    handshake = HANDSHAKE if path == EVENTS else ()
    for headers in ((), handshake):
        for own in ((), ("Origin: http://evil.example:4650",)):
            answer = ask(quick.http, method, path, "Host: evil.example:4650", *own, *headers)
            assert answer.status == 421
            assert "--http-allow-host" in text_of(answer, member)
    assert quick.requests == []


@pytest.mark.parametrize(("method", "path", "_", "member"), PATHS)
@pytest.mark.parametrize("hosts", [(), ("Host: a", "Host: a"), ("Host: a b",), ("Host: a/b",)])
def test_no_host_two_or_a_bad_one_are_400(
    quick: FakeService, method: str, path: str, _: int, member: str, hosts: tuple[str, ...]
) -> None:
    answer = ask(quick.http, method, path, *hosts)
    assert answer.status == 400
    assert text_of(answer, member).startswith("host: ")


@pytest.mark.parametrize(("method", "path", "_", "member"), PATHS)
@pytest.mark.parametrize(
    "origins",
    [
        (ALLOWED, "https://evil.example"),
        ("https://evil.example", ALLOWED),
        (ALLOWED, ALLOWED),
        (ALLOWED, ""),
    ],
)
def test_two_origins_are_400(
    quick: FakeService, method: str, path: str, _: int, member: str, origins: tuple[str, ...]
) -> None:
    handshake = HANDSHAKE if path == EVENTS else ()
    for headers in ((), handshake):
        answer = quick.http.ask(method, path, *(f"Origin: {one}" for one in origins), *headers)
        assert answer.status == 400
        assert text_of(answer, member) == "origin: the header must not be given twice"
        assert not [name for name in answer.headers if name.startswith("access-control")]
    assert quick.requests == []


@pytest.mark.parametrize("blanks", [" ", "\t", " \t  "])
def test_blanks_behind_a_value_are_none_of_it(quick: FakeService, blanks: str) -> None:
    for header in (f"Origin: {ALLOWED}", "Grpc-Timeout: 5S", "Origin:http://tidings"):
        assert quick.http.ask("GET", "/readyz", header + blanks).status == 200
    answer = ask(quick.http, "GET", "/readyz", f"Host: tidings{blanks}")
    assert answer.status == 200


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        ("http://tidings", 404),
        ("HTTPS://Tidings:443", 404),
        (ALLOWED, 404),
        ("https://Console.example:443", 404),
        ("http://localhost:3000", 404),
        ("https://console.example:444", 403),
        ("http://console.example", 403),
        ("http://tidings:81", 403),
        ("http://tidings.evil.example", 403),
        ("null", 403),
        ("", 403),
        ("file://tidings", 403),
        ("tidings", 403),
    ],
)
def test_which_origins_pass(quick: FakeService, origin: str, status: int) -> None:
    assert quick.http.ask("GET", "/nowhere", f"Origin: {origin}").status == status


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost", 404),
        ("LocalHost.:80", 404),
        ("app.localhost:4650", 404),
        ("127.0.0.1:4650", 404),
        ("127.9.9.9", 404),
        ("[::1]:4650", 404),
        ("[::ffff:127.0.0.1]", 404),
        ("0.0.0.0:4650", 404),
        (socket.gethostname().upper(), 404),
        ("named.example:1", 404),
        ("", 421),
        ("192.0.2.7", 421),
        ("[2001:db8::1]", 421),
        ("localhost.evil.example", 421),
        ("notlocalhost", 421),
        ("evil.named.example", 421),
        ("2130706433", 421),
    ],
)
def test_which_names_are_served_without_access_control(
    quick: FakeService, host: str, status: int
) -> None:
    assert ask(quick.http, "GET", "/nowhere", f"Host: {host}").status == status


def test_the_name_in_a_target_counts_instead_of_the_header(quick: FakeService) -> None:
    evil = ask(quick.http, "GET", "http://evil.example/healthz", "Host: localhost")
    assert evil.status == 421
    own = ask(quick.http, "GET", "http://localhost/healthz", "Host: evil.example")
    assert own.status == 200


def test_old_http_need_not_name_a_host(quick: FakeService) -> None:
    assert ask(quick.http, "GET", "/healthz", version="1.0").status == 200
    assert ask(quick.http, "GET", "/healthz", "Host: evil", version="1.0").status == 421


def test_with_access_control_every_name_is_served_but_no_foreign_page(quick: FakeService) -> None:
    quick.whose = access_service_pb2.AuthenticateResponse()
    assert ask(quick.http, "GET", "/nowhere", "Host: tidings.example").status == 404
    own = ask(quick.http, "GET", "/nowhere", "Host: a.example", "Origin: https://a.example")
    assert own.status == 404
    foreign = ask(quick.http, "GET", "/nowhere", "Host: a.example", "Origin: https://b.example")
    assert foreign.status == 403


def test_a_name_is_503_while_nobody_knows_whether_there_is_access_control(address: str) -> None:
    with faking(address, patience_s=0.1) as service:
        service.loses_access = True
        assert ask(service.http, "GET", "/nowhere", "Host: tidings.example").status == 503
        service.loses_access = False
        service.whose = access_service_pb2.AuthenticateResponse()
        while (answer := ask(service.http, "GET", "/nowhere", "Host: a.example")).status == 503:
            assert answer.body
        assert answer.status == 404


def test_a_machine_without_a_name_serves_no_empty_one(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket, "gethostname", lambda: "")
    with faking(address) as service:
        assert ask(service.http, "GET", "/healthz", "Host: ").status == 421


def test_the_name_that_is_served_is_ours(address: str) -> None:
    with faking(address, host="served.example") as service:
        assert ask(service.http, "GET", "/healthz", "Host: served.example:4650").status == 200
        assert ask(service.http, "GET", "/healthz", "Host: other.example").status == 421


def test_any_name_can_be_allowed(address: str) -> None:
    with faking(address, http_allow_host=("*",)) as service:
        assert ask(service.http, "GET", "/healthz", "Host: whatever.example").status == 200


def cors(answer: Answer) -> dict[str, str]:
    return {
        name.removeprefix("access-control-"): value
        for name, value in answer.headers.items()
        if name.startswith("access-control-")
    }


@pytest.mark.parametrize(("method", "path", "_", "__"), PATHS)
def test_an_allowed_page_may_read_every_answer(
    quick: FakeService, method: str, path: str, _: int, __: str
) -> None:
    with quick.http.open(path, f"Origin: {ALLOWED}", method=method) as connection:
        text = b""
        while not text.endswith(b"\r\n\r\n"):
            text += connection.read(1)
    lines = text.decode().lower().split("\r\n")
    assert f"access-control-allow-origin: {ALLOWED}" in lines
    assert "access-control-allow-credentials: true" in lines
    assert "vary: origin" in lines


@pytest.mark.parametrize("path", [NOMAD, "/v1/events", "/v1/event/fire/x", "/v0/config", "/x"])
def test_a_preflight_of_an_allowed_page_is_answered_at_every_path(
    quick: FakeService, path: str
) -> None:
    asks = ("Access-Control-Request-Method: PUT", "Access-Control-Request-Headers: x-nomad-token")
    answer = quick.http.ask("OPTIONS", path, f"Origin: {ALLOWED}", *asks)
    assert answer.status == 204
    assert cors(answer) == {
        "allow-origin": ALLOWED,
        "allow-credentials": "true",
        "expose-headers": cors(answer)["expose-headers"],
        "allow-methods": "GET, HEAD, POST, PUT, OPTIONS",
        "allow-headers": "x-nomad-token",
        "max-age": "600",
    }
    private = "Access-Control-Request-Private-Network: true"
    answer = quick.http.ask("OPTIONS", path, f"Origin: {ALLOWED}", asks[0], private)
    assert cors(answer)["allow-private-network"] == "true"
    assert quick.http.ask("OPTIONS", path, "Origin: https://evil.example", *asks).status == 403
    assert quick.requests == []
