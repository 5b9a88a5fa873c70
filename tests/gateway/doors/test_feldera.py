"""Feldera's door: request and exact answer, against the real service."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.kit.server import Server, serving
from tidings.gateway.doors.feldera.query import why_no_uuid

STATUS_KEYS = ["id", "recorded_at", "all_healthy", "api_status", "compiler_status", "runner_status"]
ID = "019afe45-ec1f-7de0-9cd1-3a6a4350b5e9"
PLAIN = ID.replace("-", "")
EVENTS = "/v0/cluster/events"
LAST_HOUR = dt.datetime.now(dt.UTC) - dt.timedelta(hours=1)


def at(micros: int, *, minute: int = 0) -> str:
    """Return a time of the last hour, as Feldera prints it, with these microseconds."""
    time = LAST_HOUR.replace(minute=minute, second=6)
    fraction = f".{micros:06d}" if micros % 1000 else f".{micros // 1000:03d}" if micros else ""
    return f"{time:%Y-%m-%dT%H:%M:%S}{fraction}Z"


def event(number: int = 0, *, recorded_at: str = "", **changes: str) -> dict[str, Any]:
    """Return an event with all twelve members."""
    value: dict[str, Any] = {
        "id": f"{ID[:-2]}{number:02x}",
        "recorded_at": recorded_at or at(655736, minute=number % 60),
        "all_healthy": True,
    }
    for service in ("api", "compiler", "runner"):
        value[f"{service}_status"] = "Healthy"
        value[f"{service}_self_info"] = f"Healthy: {service}"
        value[f"{service}_resources_info"] = f"é resources of {service}"
    value.update(changes)
    value["all_healthy"] = {value[f"{s}_status"] for s in ("api", "compiler", "runner")} == {
        "Healthy"
    }
    return value


def publish(server: Server, value: object) -> list[dict[str, Any]]:
    body = json.dumps(value).encode()
    _, _, answer = server.request("POST", "/v1/publish/feldera", body)
    return [json.loads(line) for line in answer.splitlines()]


def get(server: Server, path: str, method: str = "GET") -> tuple[int, dict[str, str], Any]:
    status, headers, body = server.request(method, path)
    is_json = body and headers.get("content-type") == "application/json"
    return status, headers, json.loads(body) if is_json else body.decode()


def brief(value: dict[str, Any]) -> dict[str, Any]:
    return {name: value[name] for name in STATUS_KEYS}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with three events, handed in newest first as a list gives them."""
    with serving(tmp_path_factory.mktemp("feldera") / "data", "--gateways=2") as running:
        answers = publish(running, [event(3), event(2, api_status="Unhealthy"), event(1)])
        assert [answer["line"] for answer in answers] == [3, 2, 1], "oldest first"
        yield running


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Server]:
    with serving(tmp_path / "data") as running:
        yield running


def test_the_list_is_newest_first_with_six_members(server: Server) -> None:
    for query in ("", "?selector=all", "?selector=junk", "?limit=1"):
        status, headers, answer = get(server, EVENTS + query)
        assert (status, headers["content-type"]) == (200, "application/json")
        assert headers["cache-control"] == "no-cache"
        newest = [event(3), event(2, api_status="Unhealthy"), event(1)]
        assert answer == [brief(each) for each in newest]
        assert all(list(each) == STATUS_KEYS for each in answer)


@pytest.mark.parametrize(
    ("query", "is_whole"),
    [
        ("", False),
        ("?selector=status", False),
        ("?selector=all", True),
        ("?selector=%61ll", True),
        ("?Selector=all", False),
        ("?other=1&selector=all", True),
    ],
)
def test_the_same_event_through_id_latest_and_list(
    server: Server, query: str, *, is_whole: bool
) -> None:
    wanted = event(3) if is_whole else brief(event(3))
    for which in ("latest", wanted["id"]):
        status, headers, answer = get(server, f"{EVENTS}/{which}{query}")
        assert (status, headers["cache-control"]) == (200, "no-cache")
        assert answer == wanted
        assert list(answer) == list(wanted)


@pytest.mark.parametrize("spelling", ["{}", "urn:uuid:{}", "{{{}}}", "%7B{}%7D"])
def test_spellings_of_an_id(server: Server, spelling: str) -> None:
    wanted = event(1)["id"]
    path = spelling.format(wanted)
    status, _, answer = get(server, f"{EVENTS}/{path}")
    assert (status, answer["id"]) == (200, wanted)
    status, _, answer = get(server, f"{EVENTS}/{wanted.replace('-', '').upper()}")
    assert (status, answer["id"]) == (200, wanted)


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("selector=ALL", "unknown variant `ALL`, expected `all` or `status`"),
        ("selector=", "unknown variant ``, expected `all` or `status`"),
        ("selector", "unknown variant ``, expected `all` or `status`"),
        ("selector=all&selector=all", "duplicate field `selector`"),
    ],
)
def test_a_bad_selector_comes_before_a_bad_id(server: Server, query: str, text: str) -> None:
    for which in ("latest", "nonsense"):
        status, headers, answer = get(server, f"{EVENTS}/{which}?{query}")
        assert (status, headers["content-type"]) == (400, "text/plain; charset=utf-8")
        assert answer == f"Query deserialize error: {text}"
        assert "cache-control" not in headers


@pytest.mark.parametrize(
    ("path", "value"),
    [("LATEST", "LATEST"), ("%20latest", " latest"), ("nope", "nope"), (PLAIN[:-1], PLAIN[:-1])],
)
def test_what_is_no_uuid(server: Server, path: str, value: str) -> None:
    status, _, answer = get(server, f"{EVENTS}/{path}")
    assert (status, answer["error_code"]) == (400, "InvalidUuidParam")
    assert answer["details"] == {"value": value, "error": why_no_uuid(value)}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("019z", "found `z` at 4"),
        (PLAIN[:-1], "expected length 32 for simple format, found 31"),
        (ID[:-13], "invalid group count: expected 5, found 4"),
        (ID[:-1], "invalid group length in group 4: expected 12, found 11"),
    ],
)
def test_the_first_problem_of_an_id_is_named(text: str, reason: str) -> None:
    assert reason in why_no_uuid(text)


def test_an_unknown_id_is_named_and_so_are_the_limits(server: Server) -> None:
    unknown = PLAIN[:-2] + "FF"
    status, _, answer = get(server, f"{EVENTS}/{unknown}")
    canonical = ID[:-2] + "ff"
    assert (status, answer["error_code"]) == (404, "UnknownClusterMonitorEvent")
    assert answer["details"] == {"event_id": canonical}
    assert all(word in answer["message"] for word in (canonical, "72h", "1000"))


def test_nothing_stored(empty: Server) -> None:
    assert get(empty, EVENTS)[::2] == (200, [])
    for path in (f"{EVENTS}/latest", "/v0/cluster_healthz"):
        status, _, answer = get(empty, path)
        assert (status, answer["error_code"]) == (404, "NoClusterMonitorEventsAvailable")
        assert answer["details"] == {}


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "HEAD"])
@pytest.mark.parametrize("path", [EVENTS, f"{EVENTS}/latest"])
def test_other_methods_are_403(server: Server, method: str, path: str) -> None:
    status, headers, answer = get(server, path, method)
    assert (status, headers["content-type"]) == (403, "application/json")
    if method != "HEAD":
        assert answer["error_code"] == "InsufficientPermissions"
        assert set(answer) == {"message", "error_code"}


@pytest.mark.parametrize("path", [f"{EVENTS}/", f"{EVENTS}/a/b", "/v0/x", "/v0//cluster/events"])
def test_other_paths_are_an_empty_404(server: Server, path: str) -> None:
    assert get(server, path)[::2] == (404, "")


@pytest.mark.parametrize("micros", [655736, 655000, 100000, 10, 0])
def test_times_have_the_fewest_digits_that_lose_nothing(empty: Server, micros: int) -> None:
    wanted = event(recorded_at=at(micros))
    publish(empty, wanted)
    assert get(empty, f"{EVENTS}/latest?selector=all")[2] == wanted


def test_the_summary_says_since_when(empty: Server) -> None:
    down, initial = {"runner_status": "Unhealthy"}, {"runner_status": "InitialUnhealthy"}
    publish(empty, [event(4), event(3), event(2, **down), event(1, **initial)])
    status, headers, answer = get(empty, "/v0/cluster_healthz")
    assert (status, answer["all_healthy"]) == (200, True)
    assert "cache-control" not in headers
    assert answer["runner"] == {
        "healthy": True,
        "message": "Healthy: runner",
        "unchanged_since": event(3)["recorded_at"],
        "checked_at": event(4)["recorded_at"],
    }
    assert answer["api"]["unchanged_since"] == event(1)["recorded_at"]
    publish(empty, event(5, **down))
    status, headers, answer = get(empty, "/v0/cluster_healthz")
    assert (status, answer["all_healthy"], answer["runner"]["healthy"]) == (503, False, False)
    assert "retry-after" not in headers


def test_config_has_what_clients_look_at(server: Server) -> None:
    status, _, answer = get(server, "/v0/config")
    assert (status, answer["edition"], answer["version"]) == (200, "Open source", "0.337.0")


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ({"api_status": "Healthy"}, "status"),
        (event(9, api_status="Fine"), "api_status"),
        ({**event(9), "nonsense": 1}, "nonsense: unknown member"),
        ({**event(9), "id": "nope"}, "id"),
        (event(9, recorded_at="2001-01-01T00:00:00Z"), "does not sort after the newest"),
    ],
)
def test_bad_events_are_refused(server: Server, value: dict[str, Any], problem: str) -> None:
    before = get(server, EVENTS)[2]
    (answer,) = publish(server, value)
    assert problem in answer["error"]
    assert get(server, EVENTS)[2] == before


def test_each_status_goes_in_and_comes_out(empty: Server) -> None:
    for number, status in enumerate(("Healthy", "Unhealthy", "InitialUnhealthy")):
        publish(empty, event(number, compiler_status=status))
        latest = get(empty, f"{EVENTS}/latest")[2]
        assert (latest["compiler_status"], latest["all_healthy"]) == (status, status == "Healthy")


def test_an_event_without_id_and_time_gets_both(empty: Server) -> None:
    value = event()
    del value["id"], value["recorded_at"]
    publish(empty, value)
    latest = get(empty, f"{EVENTS}/latest?selector=all")[2]
    assert latest["id"][14] == "7", "a UUID of version 7"
    assert latest == {**latest, **value}
