"""Publishing and the native door before a service with access control."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from tests.gateway.doors.guard import Guard
from tests.kit.http import Answer

EVENTS = "/v1/events"
SSE = "Accept: text/event-stream"
BODIES = {
    "/v1/publish/nomad": (
        b'{"Index":1,"Events":[{"Topic":"Job","Type":"T","Key":"k","Payload":{}}]}'
    ),
    "/v1/publish/consul": b'{"Name":"deploy"}',
    "/v1/publish/docker-cloud": (
        b'{"type":"stack","action":"create","parents":[],"state":"Running",'
        b'"resource_uri":"/api/app/v1/me/stack/7/"}'
    ),
    "/v1/publish/puppet": (
        b'{"job":"352","type":"node_running","timestamp":"2016-05-05T19:50:08Z"}'
    ),
    "/v1/publish/feldera": (
        b'{"id":"019afe45-ec1f-7de0-9cd1-3a6a4350b5e9","recorded_at":"2023-11-14T22:13:20Z",'
        b'"api_status":"Healthy","compiler_status":"Healthy","runner_status":"Healthy"}'
    ),
    EVENTS: b'{"events":[{"consul":{"Name":"deploy"}}]}',
    "/v1/publish/cloudevents": b'{"specversion":"1.0","id":"1","source":"/s","type":"t"}',
}


def basic(user: str, key: str) -> str:
    return base64.b64encode(f"{user}:{key}".encode()).decode()


def problem(answer: Answer) -> tuple[int, int, str, str]:
    """Return status, code, text and what is wrong with the credential."""
    assert answer.headers["content-type"] == "application/json"
    status: dict[str, Any] = json.loads(answer.body)
    (info,) = (each for each in status["details"] if each["@type"].endswith("ErrorInfo"))
    found = info.get("metadata", {}).get("problem", "")
    return answer.status, status["code"], status["message"], found


@pytest.mark.parametrize("path", BODIES)
def test_a_bearer_publishes_everywhere(guard: Guard, path: str) -> None:
    header = f"Authorization: Bearer {guard.secrets['root']}"
    assert guard.http.ask("POST", path, header, body=BODIES[path]).status == 200


@pytest.mark.parametrize(
    ("path", "header"),
    [
        ("/v1/publish/nomad", "X-Nomad-Token: {root}"),
        ("/v1/publish/consul", "X-Consul-Token: {root}"),
        ("/v1/publish/docker-cloud", "Authorization: Basic {basic}"),
        ("/v1/publish/puppet", "X-Authentication: {root}"),
        ("/v1/publish/feldera", "Authorization: Bearer apikey:{root}"),
    ],
)
def test_and_so_does_what_a_systems_clients_send(guard: Guard, path: str, header: str) -> None:
    filled = header.format(**guard.secrets, basic=basic("any", guard.secrets["root"]))
    assert guard.http.ask("PUT", path, filled, body=BODIES[path]).status == 200


@pytest.mark.parametrize("path", BODIES)
@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("X-Nothing: 1", (401, 16, "the credential is missing", "missing")),
        ("Authorization: Bearer {unknown}", (401, 16, "the credential is unknown", "unknown")),
        ("Authorization: Bearer {expired}", (401, 16, "the credential is expired", "expired")),
        ("Authorization: Bearer {revoked}", (401, 16, "the credential is revoked", "revoked")),
        ("Authorization: Digest x", (401, 16, "the credential is invalid", "invalid")),
        ("Authorization: Bearer {reader}", (403, 7, "not allowed to publish events", "")),
    ],
)
def test_who_may_not_publish_is_told_why_as_a_status(
    guard: Guard, path: str, header: str, expected: tuple[int, int, str, str]
) -> None:
    answer = guard.http.ask("POST", path, header.format(**guard.secrets), body=BODIES[path])
    assert problem(answer) == expected


def test_an_event_of_another_system_is_refused_alone(guard: Guard) -> None:
    header = f"Authorization: Bearer {guard.secrets['publisher']}"
    both = BODIES[EVENTS] + b'\n{"events":[{"nomad":{"Topic":"Job","Type":"T","Key":"k"}}]}\n'
    answer = guard.http.ask("POST", EVENTS, header, body=both)
    lines = [json.loads(line) for line in answer.body.splitlines()]
    assert lines[0] == {"line": 1, "error": "not allowed to publish events of consul"}
    assert set(lines[1]) == {"line", "seq"}


@pytest.mark.parametrize("path", BODIES)
def test_a_query_is_no_place_for_a_token(guard: Guard, path: str) -> None:
    secret = guard.secrets["root"]
    answer = guard.http.ask("POST", f"{path}?token={secret}", body=BODIES[path])
    assert answer.status == 400
    assert secret.encode() not in answer.body


@pytest.mark.parametrize("accept", ["Accept: */*", SSE])
@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        ("", (401, 16, "the credential is missing", "missing")),
        ("unknown", (401, 16, "the credential is unknown", "unknown")),
        ("expired", (401, 16, "the credential is expired", "expired")),
        ("revoked", (401, 16, "the credential is revoked", "revoked")),
        ("publisher", (403, 7, "not allowed to read events", "")),
    ],
)
def test_a_stream_is_refused_before_its_first_byte(
    guard: Guard, accept: str, sort: str, expected: tuple[int, int, str, str]
) -> None:
    headers = [f"Authorization: Bearer {guard.secrets[sort]}"] if sort else []
    assert problem(guard.http.ask("GET", EVENTS, accept, *headers)) == expected


def test_a_named_system_that_may_not_be_read_is_refused(guard: Guard) -> None:
    header = f"Authorization: Bearer {guard.secrets['reader']}"
    answer = guard.http.ask("GET", f"{EVENTS}?topic=NodePool", header)
    assert problem(answer) == (403, 7, "not allowed to read topic NodePool", "")


@pytest.mark.parametrize(
    ("accept", "last"),
    [
        ("Accept: */*", b'{"error":{"code":16,"message":"the credential is revoked",'),
        (SSE, b'event: failure\ndata: {"code":16,"message":"the credential is revoked",'),
    ],
)
def test_a_revoked_token_ends_its_stream_with_the_reason(
    guard: Guard, accept: str, last: bytes
) -> None:
    token_id, secret = guard.new_token("reader")
    with guard.http.open(EVENTS, accept, f"Authorization: Bearer {secret}") as connection:
        assert connection.head().status == 200
        assert b"heartbeat" in connection.chunk()
        guard.revoke(token_id)
        text = connection.chunk()
        assert text.startswith(last)
        assert connection.chunk() == b""
