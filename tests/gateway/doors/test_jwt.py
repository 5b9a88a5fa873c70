"""JWTs through every door: in each API's own spelling, and Feldera's words for what is wrong."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.access.jwts import START_S, jwks, signed
from tests.gateway.doors.docker_cloud.stream import HANDSHAKE
from tests.gateway.doors.guard import POLICIES
from tests.kit.http import Http, gateway
from tests.rpc.credentials import guarded
from tests.rpc.serving import serving

ISSUER = """
[jwt.login]
issuer = "https://login.test/"
audience = "tidings"
jwks = "keys.json"
grants.groups.tools.policies = ["reader"]
"""
LIST = "/v0/cluster/events"


@pytest.fixture(scope="module")
def http(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Http]:
    deployment = guarded(POLICIES + ISSUER)
    deployment.key_sets = {"keys.json": jwks("ec")}
    socket: Path = tmp_path_factory.mktemp("jwt") / "socket"
    with (
        serving(f"unix:{socket}", deployment) as served,
        gateway(served.server, f"unix:{socket}") as one,
    ):
        yield one


def _status(http: Http, path: str, header: str) -> int:
    headers = HANDSHAKE if path.startswith("/api/audit/") else ()
    with http.open(path, *headers, header) as connection:
        return connection.head().status


def _nomad(credential: str) -> str:
    return f"X-Nomad-Token: {credential}"


def _consul(credential: str) -> str:
    return f"X-Consul-Token: {credential}"


def _docker_cloud(credential: str) -> str:
    return f"Authorization: Basic {base64.b64encode(f'u-1:{credential}'.encode()).decode()}"


def _puppet(credential: str) -> str:
    return f"X-Authentication: {credential}"


def _bearer(credential: str) -> str:
    return f"Authorization: Bearer {credential}"


@pytest.mark.parametrize(
    ("path", "spelled", "statuses"),
    [
        ("/v1/event/stream?topic=Job", _nomad, (200, 403, 403)),
        ("/v1/event/stream?topic=Job", _bearer, (200, 403, 403)),
        ("/v1/event/list?name=web-x", _consul, (200, 200, 403)),
        ("/api/audit/v1/events/", _docker_cloud, (101, 401, 401)),
        ("/orchestrator/v1/jobs/352/events", _puppet, (404, 403, 401)),
        (LIST, _bearer, (200, 403, 401)),
    ],
)
def test_a_jwt_goes_where_a_token_goes(
    http: Http, path: str, spelled: Callable[[str], str], statuses: tuple[int, int, int]
) -> None:
    good = signed(groups=["tools"])
    without_rights = signed()
    bad = signed("ec-other", {"kid": "ec"}, groups=["tools"])
    found = [_status(http, path, spelled(one)) for one in (good, without_rights, bad)]
    assert found == list(statuses)


@pytest.mark.parametrize("size", [8 * 1024 + 1, 20_000, 60_000])
@pytest.mark.parametrize(
    ("path", "spelled", "status"),
    [
        ("/v1/event/stream?topic=Job", _nomad, 403),
        ("/v1/event/list", _consul, 403),
        ("/orchestrator/v1/jobs/352/events", _puppet, 401),
        (LIST, _bearer, 401),
        ("/v1/events", _bearer, 400),
    ],
)
def test_a_credential_that_is_too_long_is_nobodys(
    http: Http, path: str, spelled: Callable[[str], str], status: int, size: int
) -> None:
    assert _status(http, path, spelled("x" * size)) == status


@pytest.mark.parametrize(
    ("credential", "why"),
    [
        (signed(exp=START_S), "ExpiredSignature"),
        (signed("ec-other", {"kid": "ec"}), "InvalidSignature"),
        (signed(aud="x"), "InvalidAudience"),
        (signed(aud=None), "InvalidAudience"),
        (signed(iss="x"), "InvalidIssuer"),
        (signed("ec-new"), "InvalidToken"),
        (signed("ec", {"alg": "RS256"}), "InvalidToken"),
        (signed(sub=None), "InvalidToken"),
        ("a.b.c", "InvalidToken"),
        ("junk", "InvalidToken"),
    ],
    ids=lambda value: value if len(value) < 20 else "",
)
def test_feldera_says_why_a_jwt_is_rejected(http: Http, credential: str, why: str) -> None:
    for path in (LIST, f"{LIST}/nope?selector=junk", "/v0/config"):
        answer = http.ask("GET", path, f"Authorization: Bearer {credential}")
        assert (answer.status, answer.body) == (401, b"")
        assert answer.headers["www-authenticate"] == f'Bearer error_description="{why}"'
