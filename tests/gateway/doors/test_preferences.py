"""`Prefer: errors-as-200`: every error as an answer that no browser takes for a failed request."""

from __future__ import annotations

import pytest

from tests.gateway.doors.guard import Guard
from tests.kit.http import Answer, Http
from tests.patience import until

PREFER = "Prefer: errors-as-200"

REFUSED = [
    ("GET", "/v1/events", 401),
    ("GET", "/v1/records", 401),
    ("GET", "/v1/event/stream", 403),
    ("GET", "/v0/cluster/events", 401),
    ("GET", "/orchestrator/v1/jobs/1/events", 401),
    ("POST", "/v1/publish/nomad", 401),
    ("GET", "/v1/records?nosuch=1", 400),
    ("DELETE", "/v1/records", 405),
    ("GET", "/nowhere", 404),
    ("GET", "/console/nothing.js", 404),
]


def check_that_only_the_status_differs(plain: Answer, soft: Answer) -> None:
    told = {
        "tidings-status": str(plain.status),
        "preference-applied": "errors-as-200",
        "cache-control": "no-store",
    }
    assert (soft.status, soft.body) == (200, plain.body)
    assert soft.headers == plain.headers | told


@pytest.mark.parametrize(("method", "path", "status"), REFUSED)
def test_an_error_is_200_and_its_status_a_header(
    guard: Guard, method: str, path: str, status: int
) -> None:
    plain = guard.http.ask(method, path)
    assert plain.status == status
    check_that_only_the_status_differs(plain, guard.http.ask(method, path, PREFER))


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        (("Prefer: respond-async, Errors-As-200; x=1, wait=10",), 200),
        (("Prefer: wait=10", "Prefer: errors-as-200"), 200),
        (("Prefer: errors-as-2000",), 404),
        (("Prefer: errors",), 404),
        (("Prefer:",), 404),
        ((), 404),
    ],
)
def test_a_preference_is_one_of_a_list(
    shared_http: Http, headers: tuple[str, ...], status: int
) -> None:
    assert shared_http.ask("GET", "/nowhere", *headers).status == status


@pytest.mark.parametrize("path", ["/version", "/healthz", "/console/main.js"])
def test_what_is_no_error_stays_as_it_is(shared_http: Http, path: str) -> None:
    assert shared_http.ask("GET", path, PREFER) == shared_http.ask("GET", path)


def test_what_is_counted_is_the_status_itself(http: Http) -> None:
    http.ask("GET", "/nowhere", PREFER)
    counted = b'tidings_http_requests_total{door="none",status="404"} 1.0'
    until(lambda: counted in http.ask("GET", "/metrics").body, "the request is counted")
