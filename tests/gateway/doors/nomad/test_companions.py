"""What clients of Nomad's event stream ask beside it."""

from __future__ import annotations

import json

import pytest

from tests.gateway.doors.fake import faking
from tests.kit.http import Http

PATHS = ["/v1/regions", "/v1/status/leader"]


def test_there_is_one_region_and_a_leader(shared_http: Http) -> None:
    regions = shared_http.ask("GET", "/v1/regions?pretty")
    assert (regions.status, json.loads(regions.body)) == (200, ["global"])
    assert regions.headers["content-type"] == "application/json"
    leader = shared_http.ask("GET", "/v1/status/leader")
    assert (leader.status, json.loads(leader.body)) == (200, "tidings")


def test_the_region_is_the_settings(address: str) -> None:
    with faking(address, nomad_region="eu") as fake:
        assert json.loads(fake.http.ask("GET", "/v1/regions").body) == ["eu"]
        agent = json.loads(fake.http.ask("GET", "/v1/agent/self").body)
    assert agent["config"]["Region"] == "eu"
    assert agent["member"]["Name"] == "tidings.eu"
    assert agent["stats"].get("client", {}).get("node_id") is None


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("method", ["HEAD", "POST", "PUT", "OPTIONS"])
def test_other_methods_are_405_as_in_nomad(shared_http: Http, path: str, method: str) -> None:
    answer = shared_http.ask(method, path)
    assert answer.status == 405
    assert answer.body == (b"" if method == "HEAD" else b"Invalid method")


@pytest.mark.parametrize("path", [*(f"{path}/" for path in PATHS), "/v1/status"])
def test_other_paths_are_nobodys(shared_http: Http, path: str) -> None:
    assert shared_http.ask("GET", path).status == 404
