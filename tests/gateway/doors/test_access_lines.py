"""The access log says whose credential a request had, once the service has said so."""

from __future__ import annotations

from typing import Any

import pytest

from tests.gateway.doors.guard import Guard
from tests.patience import until

EVENT = b'{"Index":7,"Events":[{"Topic":"Job","Type":"JobRegistered","Key":"web","Payload":{}}]}'


@pytest.mark.parametrize(
    ("method", "path", "body", "policies", "status"),
    [
        ("GET", "/v1/event/list?name=web-a", b"", ["reader"], 200),
        ("GET", "/orchestrator/v1/jobs/1/events", b"", ["reader"], 404),
        ("GET", "/v0/cluster/events", b"", ["reader"], 200),
        ("GET", "/v1/records", b"", ["reader"], 200),
        ("POST", "/v1/publish/nomad", EVENT, ["publisher"], 200),
        ("POST", "/v1/publish/nomad", EVENT, ["reader"], 403),
        ("GET", "/v1/event/stream?topic=Job", b"", ["publisher"], 403),
    ],
)
def test_the_access_log_names_the_principal(
    guard: Guard,
    lines: list[Any],
    method: str,
    path: str,
    body: bytes,
    policies: list[str],
    status: int,
) -> None:
    token_id, secret = guard.new_token(*policies)
    names = ("X-Nomad-Token", "X-Consul-Token", "X-Authentication")
    headers = [*(f"{name}: {secret}" for name in names), f"Authorization: Bearer {secret}"]
    assert guard.http.ask(method, path, *headers, body=body).status == status

    def the_line() -> Any:
        return next((each for each in list(lines) if each["event"] == "request"), None)

    assert until(the_line, "the request is logged")["principal"] == token_id
    assert secret not in str(lines)


def test_without_a_credential_it_is_the_anonymous_one(guard: Guard, lines: list[Any]) -> None:
    guard.http.ask("GET", "/v1/event/list?name=web-a")
    found = until(
        lambda: next((each for each in list(lines) if each["event"] == "request"), None),
        "the request is logged",
    )
    assert found["principal"] == "anonymous"
