"""Docker Cloud's door before a service with access control."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from tests.gateway.doors.docker_cloud.stream import EVENTS, HANDSHAKE, close_code, event, opened
from tests.gateway.doors.docker_cloud.stream import PUBLISH as PUBLISH_PATH
from tests.gateway.doors.fake import FakeService, faking
from tests.gateway.doors.guard import Guard
from tests.patience import PATIENCE_S
from tidings.v1.access_service_pb2 import AuthenticateResponse, Principal


def basic(user: str, key: str) -> str:
    return f"Basic {base64.b64encode(f'{user}:{key}'.encode()).decode()}"


def of(guard: Guard, user: str, sort: str = "") -> str:
    """Return the header of a user with a secret, his own unless another is named."""
    return basic(user, guard.secrets[sort or user])


def events_of(namespace: str) -> str:
    return f"/api/audit/v1/{namespace}/events/" if namespace else f"{EVENTS}/"


def publish(guard: Guard, *namespaces: str) -> None:
    """Publish an event of each namespace, whose state is its name."""
    body = b"".join(
        json.dumps(event(namespace=namespace, state=namespace)).encode() for namespace in namespaces
    )
    header = f"Authorization: Bearer {guard.secrets['root']}"
    answer = guard.http.ask("POST", PUBLISH_PATH, header, body=body)
    assert [json.loads(line).get("error") for line in answer.body.splitlines()] == [None] * len(
        namespaces
    )


@pytest.mark.parametrize(
    ("user", "key", "namespace", "status"),
    [
        ("reader", "reader", "", 101),  # his own
        ("reader", "reader", "reader", 101),
        ("reader", "reader", "acme", 101),  # an organisation's, which a rule names
        ("reader", "reader", "other", 401),
        ("root", "root", "", 101),
        ("root", "root", "other", 101),
        ("publisher", "publisher", "", 401),  # no rule gives him his own
        ("joe", "reader", "", 401),  # another's name
        ("", "reader", "acme", 401),
        ("READER", "reader", "acme", 401),
        ("reader", "root", "", 401),
        ("reader", "unknown", "", 401),
        ("revoked", "revoked", "", 401),
        ("expired", "expired", "", 401),
    ],
)
@pytest.mark.parametrize("how", [HANDSHAKE, ()], ids=["handshake", "plain"])
def test_who_may_open_a_stream(
    guard: Guard, user: str, key: str, namespace: str, status: int, how: tuple[str, ...]
) -> None:
    headers = [f"Authorization: {of(guard, user, key)}", *how]
    with guard.http.open(events_of(namespace), *headers) as connection:
        if status == 101 and not how:
            assert connection.answer().status == 426
            return
        answer = connection.head()
        assert answer.status == status
        if status == 401:
            assert answer.headers["www-authenticate"] == 'Basic realm="Docker Cloud"'


@pytest.mark.parametrize(
    ("header", "status"),
    [
        ("", 401),
        ("Authorization: Bearer {reader}", 101),
        ("Authorization: Bearer {unknown}", 401),
        ("Authorization: ApiKey reader:{reader}", 401),
        ("Authorization: Basic {reader}", 401),
        ("Authorization: ", 401),
    ],
)
@pytest.mark.parametrize("namespace", ["", "reader"])
def test_any_other_header_counts_as_it_came(
    guard: Guard, header: str, status: int, namespace: str
) -> None:
    headers = [header.format(**guard.secrets)] if header else []
    with guard.http.open(events_of(namespace), *HANDSHAKE, *headers) as connection:
        assert connection.head().status == status


@pytest.mark.parametrize("query", ["?auth={}", "?user=reader&token={}"])
def test_a_query_holds_no_credentials(guard: Guard, query: str) -> None:
    target = EVENTS + query.format(guard.secrets["reader"])
    assert guard.http.ask("GET", target, *HANDSHAKE).status == 401


@pytest.mark.parametrize(
    ("namespace", "expected"), [("", ["reader"]), ("reader", ["reader"]), ("acme", ["acme"])]
)
def test_a_path_without_a_namespace_is_the_users_own(
    guard: Guard, namespace: str, expected: list[str]
) -> None:
    headers = {"Authorization": of(guard, "reader")}
    with opened(guard.http, events_of(namespace), additional_headers=headers) as socket:
        publish(guard, "other", "acme", "reader", "root")
        assert [json.loads(socket.recv(PATIENCE_S))["state"]] == expected
        assert not _waits(socket)


def _waits(socket: Any) -> bool:
    try:
        socket.recv(timeout=0)
    except TimeoutError:
        return False
    return True


def test_a_revoked_token_closes_its_streams_and_no_others(guard: Guard) -> None:
    token_id, secret = guard.new_token("reader")
    mine, others = ({"Authorization": header} for header in (basic("t", secret), of(guard, "root")))
    with (
        opened(guard.http, events_of("acme"), additional_headers=mine) as ended,
        opened(guard.http, events_of("acme"), additional_headers=others) as lasting,
    ):
        guard.revoke(token_id)
        told = json.loads(ended.recv(PATIENCE_S))
        assert told == {"type": "error", "data": {"errorMessage": "UNAUTHORIZED"}}
        assert close_code(ended) == 1008
        publish(guard, "acme")
        assert json.loads(lasting.recv(PATIENCE_S))["state"] == "acme"


@pytest.mark.parametrize(
    ("origin", "status"),
    [("", 101), ("http://tidings", 101), ("https://evil.example", 401), ("null", 401)],
)
def test_credentials_do_not_let_another_origin_in(guard: Guard, origin: str, status: int) -> None:
    headers = [f"Authorization: {of(guard, 'reader')}"]
    headers += [f"Origin: {origin}"] if origin else []
    with guard.http.open(EVENTS, *HANDSHAKE, *headers) as connection:
        assert connection.head().status == status


def test_nobody_has_no_namespace_of_his_own(quick: FakeService) -> None:
    quick.whose = AuthenticateResponse(principal=Principal(id="anonymous", name="anonymous"))
    assert quick.http.ask("GET", EVENTS, *HANDSHAKE).status == 401
    with quick.http.open(events_of("acme"), *HANDSHAKE) as connection:
        assert connection.head().status == 101
    assert [request.selection.docker_cloud.namespace for request in quick.requests] == ["acme"]


def test_a_service_that_cannot_say_who_is_calling_is_waited_for(address: str) -> None:
    with faking(address, patience_s=0.1, docker_cloud_pause_s=0.0) as fake:
        fake.loses_access = True
        answer = fake.http.ask("GET", EVENTS, *HANDSHAKE)
    assert (answer.status, json.loads(answer.body)) == (503, {"error": "Service unavailable"})
    assert fake.requests == []
