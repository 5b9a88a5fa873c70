"""Puppet's and Feldera's doors before a service with access control: refusals in their spelling."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.gateway.doors.guard import Guard
from tests.kit.http import Answer, Http

JOB = "/orchestrator/v1/jobs/352/events"
EVENTS = "/v0/cluster/events"
NEEDED = ("user-unauthenticated", "Route requires authentication")
INVALID = ("invalid-token", "The provided token is invalid.")


@pytest.fixture
def http(guard: Guard) -> Http:
    return guard.http


@pytest.fixture
def secrets(guard: Guard) -> dict[str, str]:
    return guard.secrets


def puppet_401(answer: Answer) -> tuple[str, str]:
    body: dict[str, str] = json.loads(answer.body)
    assert (answer.status, set(body)) == (401, {"kind", "msg"}), "a 401 has no details"
    kind = body["kind"].removeprefix("puppetlabs.rbac/")
    assert kind != body["kind"]
    return kind, body["msg"]


@pytest.mark.parametrize(
    ("token", "wanted"),
    [
        ("unknown", INVALID),
        ("revoked", ("token-revoked", "The provided token has been revoked.")),
        ("expired", ("token-expired", "The provided token has expired.")),
    ],
)
def test_puppet_names_what_is_wrong_with_a_token(
    http: Http, secrets: dict[str, str], token: str, wanted: tuple[str, str]
) -> None:
    secret = secrets[token]
    in_header = http.ask("GET", JOB, f"X-Authentication: {secret}")
    assert puppet_401(in_header) == wanted
    assert puppet_401(http.ask("GET", f"{JOB}?token={secret}")) == wanted


@pytest.mark.parametrize(
    "target", [JOB, f"{JOB}?token=", f"{JOB}?start=abc", JOB.replace("352", "abc"), f"{JOB}?start="]
)
def test_puppet_looks_at_the_token_before_anything_else(http: Http, target: str) -> None:
    assert puppet_401(http.ask("GET", target)) == NEEDED
    assert puppet_401(http.ask("GET", target, "X-Authentication: ")) == NEEDED


@pytest.mark.parametrize(
    ("target", "status"),
    [(JOB, 404), (f"{JOB}?start=abc", 400), (JOB.replace("352", "0"), 404)],
)
def test_puppet_lets_readers_in(
    http: Http, secrets: dict[str, str], target: str, status: int
) -> None:
    header = f"X-Authentication: {secrets['reader']}"
    assert http.ask("GET", target, header).status == status
    mark = "&" if "?" in target else "?"
    assert http.ask("GET", f"{target}{mark}token={secrets['reader']}").status == status
    # the header wins
    both = http.ask("GET", f"{target}{mark}token={secrets['reader']}", "X-Authentication: x")
    assert puppet_401(both) == INVALID


def test_puppet_forbids_who_may_not_read_jobs(http: Http, secrets: dict[str, str]) -> None:
    for target in (JOB, f"{JOB}?start=abc"):
        answer = http.ask("GET", target, f"X-Authentication: {secrets['publisher']}")
        assert (answer.status, json.loads(answer.body)) == (
            403,
            {"kind": "puppetlabs.orchestrator/not-permitted", "msg": "Not permitted"},
        )


def test_a_kept_job_is_not_shown_to_others(http: Http, secrets: dict[str, str]) -> None:
    writer = secrets["root"]
    item = {"job": "9", "type": "node_running", "timestamp": "2016-05-05T19:50:08Z"}
    body = json.dumps(item).encode()
    target = JOB.replace("352", "9")
    published = http.ask("POST", "/v1/publish/puppet", f"X-Authentication: {writer}", body=body)
    assert published.status == 200
    assert http.ask("GET", target, f"X-Authentication: {writer}").status == 200
    assert puppet_401(http.ask("GET", target)) == NEEDED
    assert http.ask("GET", target, f"X-Authentication: {secrets['publisher']}").status == 403


@pytest.mark.parametrize(
    "path",
    [
        EVENTS,
        f"{EVENTS}/latest",
        f"{EVENTS}/nope?selector=junk",
        "/v0/cluster_healthz",
        "/v0/config",
    ],
)
@pytest.mark.parametrize(
    ("header", "challenge"),
    [
        ("X-Nothing: 1", "Bearer"),
        ("Authorization: Basic YTpi", "Bearer"),
        ("Authorization: Bearer", "Bearer"),
        ("Authorization: Bearer {unknown}", 'Bearer error_description="InvalidToken"'),
        ("Authorization: Bearer {revoked}", 'Bearer error_description="InvalidToken"'),
        ("Authorization: Bearer {expired}", 'Bearer error_description="ExpiredSignature"'),
        ("Authorization: Bearer apikey:{unknown}", ""),
        ("Authorization: Bearer apikey:{expired}", ""),
    ],
)
def test_feldera_looks_at_credentials_before_anything_else(
    http: Http, secrets: dict[str, str], path: str, header: str, challenge: str
) -> None:
    answer = http.ask("GET", path, header.format(**secrets))
    assert answer.status == 401
    if challenge:
        assert (answer.headers["www-authenticate"], answer.body) == (challenge, b"")
        assert "content-type" not in answer.headers
        return
    assert "www-authenticate" not in answer.headers
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert json.loads(answer.body) == {
        "error_code": "AuthenticationFailed",
        "message": "Unauthorized API key",
    }


@pytest.mark.parametrize("prefix", ["", "apikey:"])
def test_feldera_lets_readers_in(http: Http, secrets: dict[str, str], prefix: str) -> None:
    header = f"Authorization: Bearer {prefix}{secrets['reader']}"
    answer = http.ask("GET", EVENTS, header, "Feldera-Tenant: any")
    assert (answer.status, answer.body) == (200, b"[]")
    assert http.ask("GET", f"{EVENTS}/latest", header).status == 404
    refused = http.ask("GET", f"{EVENTS}/nope?selector=junk", header)
    assert (refused.status, refused.headers["content-type"]) == (400, "text/plain; charset=utf-8")


@pytest.mark.parametrize("path", [EVENTS, f"{EVENTS}/nope", f"{EVENTS}/latest?selector=x"])
def test_feldera_forbids_who_has_no_role(http: Http, secrets: dict[str, str], path: str) -> None:
    answer = http.ask("GET", path, f"Authorization: Bearer {secrets['publisher']}")
    body: Any = json.loads(answer.body)
    assert (answer.status, body["error_code"]) == (403, "InsufficientPermissions")
    assert body["details"] == {"required": "read", "actual": "none"}


@pytest.mark.parametrize(
    ("method", "target"), [("POST", JOB), ("GET", f"{JOB}/"), ("GET", "/orchestrator/v1/jobs")]
)
def test_puppet_looks_at_tokens_also_where_nothing_is(
    http: Http, secrets: dict[str, str], method: str, target: str
) -> None:
    assert puppet_401(http.ask(method, target)) == NEEDED
    assert puppet_401(http.ask(method, target, "X-Authentication: no")) == INVALID
    good = http.ask(method, target, f"X-Authentication: {secrets['publisher']}")
    assert good.status in (404, 405)


@pytest.mark.parametrize("target", ["/v0/nothing", f"{EVENTS}/", f"{EVENTS}/a/b"])
def test_feldera_looks_at_credentials_also_where_nothing_is(
    http: Http, secrets: dict[str, str], target: str
) -> None:
    assert http.ask("GET", target).headers["www-authenticate"] == "Bearer"
    expired = http.ask("GET", target, f"Authorization: Bearer {secrets['expired']}")
    assert expired.headers["www-authenticate"] == 'Bearer error_description="ExpiredSignature"'
    good = http.ask("GET", target, f"Authorization: Bearer {secrets['publisher']}")
    assert (good.status, good.body) == (404, b"")


def test_the_gateways_own_paths_need_no_credential(http: Http) -> None:
    assert http.ask("GET", "/healthz").status == 200
    assert http.ask("GET", "/readyz").status == 200
    assert http.ask("GET", "/metrics").status == 200
