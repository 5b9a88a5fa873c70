"""Feldera's door at its edges: members that are left out, large texts, spellings, settings."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.kit.http import Http, gateway
from tests.rpc.serving import serving
from tidings.gateway.doors.feldera import printing
from tidings.gateway.doors.feldera.query import canonical_id
from tidings.v1 import feldera_pb2

EVENTS = "/v0/cluster/events"
ID = "019afe45-ec1f-7de0-9cd1-3a6a4350b5e9"
STATUSES = {f"{service}_status": "Healthy" for service in printing.SERVICES}
INFOS = [
    f"{service}_{what}" for service in printing.SERVICES for what in ("self_info", "resources_info")
]


def event(number: int, **changes: str) -> dict[str, Any]:
    """Return an event that sorts after those with smaller numbers, all at the clock's own time."""
    return {**STATUSES, "id": f"{ID[:-2]}{number:02x}", **changes}


def publish(http: Http, *values: dict[str, Any]) -> list[dict[str, Any]]:
    body = b"\n".join(json.dumps(value).encode() for value in values)
    answer = http.ask("POST", "/v1/publish/feldera", body=body)
    return [json.loads(line) for line in answer.body.splitlines()]


def get(http: Http, path: str, *headers: str) -> Any:
    answer = http.ask("GET", path, *headers)
    assert answer.status == 200, answer
    return json.loads(answer.body)


def test_texts_that_are_left_out_are_empty(http: Http) -> None:
    publish(http, STATUSES)
    whole = get(http, f"{EVENTS}/latest?selector=all")
    assert len(whole) == 12
    assert {name: whole[name] for name in INFOS} == dict.fromkeys(INFOS, "")
    assert not set(get(http, f"{EVENTS}/latest")) & set(INFOS)


def test_what_the_list_gives_can_be_published(address: str, http: Http) -> None:
    publish(http, event(1), event(2, api_status="Unhealthy"))
    listed = get(http, EVENTS)
    with serving(f"{address}2") as other, gateway(other.server, f"{address}2") as copy:
        body = json.dumps(listed).encode()
        answer = copy.ask("POST", "/v1/publish/feldera?source=a", body=body)
        assert ["seq" in json.loads(line) for line in answer.body.splitlines()] == [True, True]
        assert get(copy, EVENTS) == listed
        again = copy.ask("POST", "/v1/publish/feldera?source=a", body=body)
        assert again.body.count(b'"duplicate":true') == 2


def test_all_healthy_is_computed_whatever_is_said(http: Http) -> None:
    publish(http, {**STATUSES, "runner_status": "InitialUnhealthy", "all_healthy": True})
    assert get(http, f"{EVENTS}/latest")["all_healthy"] is False


def test_the_summary_does_not_read_every_text(http: Http) -> None:
    """SingleFlight the texts are larger than any message between gateway and service may be."""
    text = "x" * 1024**2
    values = [event(number, api_self_info=text) for number in range(17)]
    assert all("seq" in answer for answer in publish(http, *values))
    health = get(http, "/v0/cluster_healthz")
    listed = get(http, EVENTS)
    assert len(listed) == 17
    assert health["api"]["message"] == text
    assert health["api"]["unchanged_since"] == listed[-1]["recorded_at"]


def test_what_comes_between_two_reads_does_not_count() -> None:
    def made(number: int, status: str) -> feldera_pb2.FelderaClusterEvent:
        event = feldera_pb2.FelderaClusterEvent(
            id=str(number), api_status=status, compiler_status=status, runner_status=status
        )
        event.recorded_at.FromSeconds(number)
        return event

    latest = made(3, "Healthy")
    events = [made(4, "Unhealthy"), latest, made(2, "Healthy"), made(1, "Unhealthy")]
    for listed, since in ((events, 2), (events[1:], 2), (events[:1], 3), ([], 3)):
        value = json.loads(printing.health(latest, listed).body)
        assert value["api"]["unchanged_since"] == f"1970-01-01T00:00:0{since}Z"


@pytest.mark.parametrize(
    "spelling", [ID, ID.upper(), ID.replace("-", ""), f"{{{ID}}}", f"urn:uuid:{ID.upper()}"]
)
def test_an_unknown_id_is_named_as_answers_print_it(http: Http, spelling: str) -> None:
    assert canonical_id(spelling) == ID
    answer = http.ask("GET", f"{EVENTS}/{spelling}")
    assert answer.status == 404
    assert json.loads(answer.body)["details"] == {"event_id": ID}


@pytest.mark.parametrize(
    "spelling",
    [
        f"{{{ID.replace('-', '')}}}",
        f"urn:uuid:{ID.replace('-', '')}",
        f"URN:UUID:{ID}",
        f"%20{ID}",
        f"{ID}%20",
        ID.replace("-", "_"),
        f"{ID[:4]}-{ID[4:8]}{ID[9:]}",
        f"{ID[:7]}-{ID[7]}{ID[9:]}",
        "Latest",
        "a%2Fb",
        "%FF",
        "%F0%9F%90%8D",
    ],
)
def test_spellings_that_only_python_takes_are_refused(http: Http, spelling: str) -> None:
    answer = http.ask("GET", f"{EVENTS}/{spelling}")
    value = json.loads(answer.body)
    assert (answer.status, value["error_code"]) == (400, "InvalidUuidParam")
    assert set(value) == {"message", "error_code", "details"}
    assert set(value["details"]) == {"value", "error"}


def test_the_nil_uuid_is_one(http: Http) -> None:
    answer = http.ask("GET", f"{EVENTS}/{'0' * 32}")
    assert (answer.status, json.loads(answer.body)["error_code"]) == (
        404,
        "UnknownClusterMonitorEvent",
    )


def test_without_access_control_credentials_are_ignored(http: Http) -> None:
    for header in (
        "Authorization: Bearer apikey:x",
        "Authorization: Bearer \xff",
        "Feldera-Tenant: x",
    ):
        assert get(http, EVENTS, header) == []


def test_head_is_refused_without_a_body(http: Http) -> None:
    with http.open(EVENTS, method="HEAD") as connection:
        head = connection.head()
        assert (head.status, head.headers["content-type"]) == (403, "application/json")
        connection.send(b"GET /healthz HTTP/1.1\r\nHost: tidings\r\n\r\n")
        assert json.loads(connection.answer().body) == {"status": "healthy"}


def test_the_version_is_a_setting(address: str) -> None:
    with serving(address) as served:
        for version in ("0.337.0", "0.369.0"):
            with gateway(served.server, address, feldera_version=version) as http:
                assert get(http, "/v0/config")["version"] == version


@pytest.mark.parametrize("path", ["/v0/config", "/v0/cluster_healthz"])
def test_head_of_a_companion_is_its_get_without_a_body(http: Http, path: str) -> None:
    statuses = {f"{part}_status": "Healthy" for part in ("api", "compiler", "runner")}
    assert http.ask("POST", "/v1/publish/feldera", body=json.dumps(statuses).encode()).status == 200
    got = http.ask("GET", path)
    with http.open(path, "Connection: close", method="HEAD") as connection:
        head = connection.head()
        assert connection.rest() == b""
    assert (head.status, head.headers["content-length"]) == (200, str(len(got.body)))
    assert http.ask("POST", path).status == 403
